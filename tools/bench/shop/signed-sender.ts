import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';

/** A shop that sends messages. */
export interface Sender {
  readonly shop: string;
  readonly webhookSecret: string;
}

export interface Answer {
  /** 0: none. */
  readonly status: number;
  readonly text: string;
  readonly tookMs: number;
}

/** Posts signed messages as shops do, each shop over connections of its own: none waits behind another's. */
export class SignedSender {
  private readonly agents = new Map<string, Agent>();

  constructor(
    private readonly apiUrl: string,
    private readonly connections = 64,
  ) {}

  post({ shop, webhookSecret }: Sender, id: string, message: object): Promise<Answer> {
    const body = JSON.stringify(message);
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const key = Buffer.from(webhookSecret.slice('whsec_'.length), 'base64');
    const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    const agent = this.agents.get(shop) ?? new Agent({ keepAlive: true, maxSockets: this.connections });
    this.agents.set(shop, agent);
    const beganMs = performance.now();
    return new Promise((resolve) => {
      const end = (status: number, text: string): void =>
        resolve({ status, text, tookMs: performance.now() - beganMs });
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'webhook-id': id,
        'webhook-timestamp': timestamp,
        'webhook-signature': `v1,${signature}`,
      };
      const url = `${this.apiUrl}/v1/shops/${shop}/orders`;
      const asked = request(url, { method: 'POST', agent, headers }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => end(answer.statusCode ?? 0, text));
      });
      asked.on('error', () => end(0, ''));
      asked.end(body);
    });
  }

  close(): void {
    for (const agent of this.agents.values()) agent.destroy();
  }
}

/** A new order with a number of its own. */
export function newOrder(orderId: string, n: number): object {
  return {
    type: 'order.created',
    data: {
      orderId,
      customer: { name: 'Олена Ткач', phone: `+38067${String(1_000_000 + n)}` },
      items: [{ name: 'TV 55"', quantity: 1, unitPrice: '15999.00' }],
      total: { amount: '15999.00', currency: 'UAH' },
    },
  };
}
