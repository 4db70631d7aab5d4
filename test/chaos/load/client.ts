import type { Answer, DemoOrder, DemoShop } from '../../../tools/demo-shop/demo-shop.js';

/** One post of a shop's client and what it was told. `status` 0: no answer. */
export interface Post {
  readonly shop: string;
  readonly orderId: string;
  readonly phone: string;
  readonly kind: 'created' | 'cancelled' | 'repeated' | 'conflicting';
  readonly webhookId: string;
  readonly sentAt: Date;
  readonly answeredAt: Date;
  readonly status: number;
  readonly body: string;
}

/** A shop of the run as its clients see it. */
export interface LoadShop {
  readonly name: string;
  readonly shop: DemoShop;
}

/** A sender of webhooks tries again for this long, with growing pauses, as Standard Webhooks asks of senders. */
const TRY_AGAIN_MS = 90_000;

/** The shops' clients: they post orders, cancels and repeats, try again until they are told 202 or refused, and write down every answer. */
export class ShopClients {
  readonly posts: Post[] = [];
  private readonly running = new Set<Promise<unknown>>();
  private messages = 0;

  /** Posts an order; resolves with the last answer's status. */
  order(to: LoadShop, order: DemoOrder): Promise<number> {
    const at = new Date();
    const body = { type: 'order.created', timestamp: at.toISOString(), data: order };
    return this.keep(
      this.insist(to, 'created', order.orderId, order.customer.phone, (webhookId) =>
        to.shop.send(body, { webhookId, timestamp: new Date() }),
      ),
    );
  }

  cancel(to: LoadShop, order: DemoOrder): Promise<number> {
    const body = {
      type: 'order.cancelled',
      timestamp: new Date().toISOString(),
      data: { orderId: order.orderId, version: 2, reason: 'the buyer changed their mind' },
    };
    return this.keep(
      this.insist(to, 'cancelled', order.orderId, order.customer.phone, (webhookId) =>
        to.shop.send(body, { webhookId, timestamp: new Date() }),
      ),
    );
  }

  /** Sends a message twice more under its id: as it was, and with another body. */
  async repeat(to: LoadShop, order: DemoOrder): Promise<void> {
    const webhookId = this.newId();
    const phone = order.customer.phone;
    const body = { type: 'order.created', timestamp: new Date().toISOString(), data: order };
    const send =
      (what: object) =>
      (id: string): Promise<Answer> =>
        to.shop.send(what, { webhookId: id, timestamp: new Date() });
    const status = await this.keep(this.insist(to, 'created', order.orderId, phone, send(body), webhookId));
    if (status !== 202) return;
    await this.keep(this.insist(to, 'repeated', order.orderId, phone, send(body), webhookId));
    const other = { ...body, data: { ...order, comment: 'another body' } };
    await this.keep(this.insist(to, 'conflicting', order.orderId, phone, send(other), webhookId));
  }

  /** Until every post has its last answer. */
  async settled(): Promise<void> {
    while (this.running.size > 0) await Promise.allSettled([...this.running]);
  }

  private keep<T>(work: Promise<T>): Promise<T> {
    this.running.add(work);
    const forget = (): void => void this.running.delete(work);
    work.then(forget, forget);
    return work;
  }

  private async insist(
    { name }: LoadShop,
    kind: Post['kind'],
    orderId: string,
    phone: string,
    send: (webhookId: string) => Promise<Answer>,
    webhookId = this.newId(),
  ): Promise<number> {
    const until = performance.now() + TRY_AGAIN_MS;
    for (let pauseMs = 200; ; pauseMs = Math.min(3_000, pauseMs * 2)) {
      const sentAt = new Date();
      const answer = await send(webhookId).catch(() => null);
      const status = answer?.status ?? 0;
      const body = answer === null ? '' : typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
      this.posts.push({
        shop: name,
        orderId,
        phone,
        kind,
        webhookId,
        sentAt,
        answeredAt: new Date(),
        status,
        body,
      });
      const isOver = status === 202 || (status >= 400 && status < 500 && status !== 429);
      if (isOver || performance.now() > until) return status;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  private newId(): string {
    this.messages += 1;
    return `msg_chaos_${this.messages}_${Math.random().toString(36).slice(2, 10)}`;
  }
}
