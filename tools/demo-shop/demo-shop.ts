import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { DemoOrder } from './demo-orders.js';
import { ShopLedger, type DeliveryTry, type SentOrder } from './shop-ledger.js';
import { SHOP_PAGE, SHOP_PAGE_SCRIPT } from './shop-page.js';

export { anOrder, buildOrders, SPECIAL_ENDINGS, type DemoOrder } from './demo-orders.js';
export type { DeliveryTry, SentOrder } from './shop-ledger.js';

/** What the shop was given by the dialer's administrator. */
export interface ShopAccess {
  /** Base address of the dialer, no slash at the end. */
  readonly apiUrl: string;
  readonly shop: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  /** Secret by the destination's name. Without one, signatures are not checked and count as wrong. */
  readonly destinationSecrets: Readonly<Record<string, string>>;
}

/** How a request is answered instead of 200. `status` 0 cuts the connection. */
export interface Misbehaviour {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
  /** The answer's body comes byte by byte and never ends. */
  readonly isDripping?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfter: string | null;
}

export interface DemoShop {
  /** Base address of the shop itself; its page stands there. */
  readonly url: string;
  /** Where the dialer is to post for this destination. */
  destinationUrl(name: string): string;
  /** Tells the shop its access, once the dialer has made it. */
  connect(access: ShopAccess): void;
  sendOrder(order: DemoOrder, more?: { type?: string; webhookId?: string; timestamp?: Date }): Promise<Answer>;
  /** Posts any body as the shop, signed; for what `sendOrder` has no word for. */
  send(body: object, more?: { webhookId?: string; timestamp?: Date }): Promise<Answer>;
  cancelOrder(orderId: string, version: number, reason?: string): Promise<Answer>;
  /** The dialer's own view of an order (`GET /v1/shops/{shop}/orders/{orderId}`). */
  getOrder(orderId: string): Promise<Answer>;
  orders(): SentOrder[];
  deliveries(): DeliveryTry[];
  /** Breaches of the dialer's promises seen from outside. */
  problems(): string[];
  /** Resolves with the outcome that the shop acknowledged; rejects when none came in time. */
  waitForOutcome(orderId: string, timeoutMs?: number): Promise<string>;
  /** The next `n` requests (of one destination, if named) are answered with `status`. */
  failNext(n: number, status: number, more?: Omit<Misbehaviour, 'status'> & { destination?: string }): void;
  /** Decides about every request that `failNext` leaves; null = answer 200. Undefined ends it. */
  behave(
    choose:
      | ((
          entry: Pick<DeliveryTry, 'destination' | 'event' | 'orderId' | 'sequence' | 'webhookId'>,
        ) => Misbehaviour | null)
      | undefined,
  ): void;
  stop(): Promise<void>;
}

const LONGEST_BODY = 1_000_000;
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

/** Starts a shop of its own on loopback. It knows the dialer by its public contract only. */
export async function startDemoShop(
  options: { port?: number; ledgerFile?: string; access?: ShopAccess } = {},
): Promise<DemoShop> {
  const ledger = new ShopLedger(options.ledgerFile ?? null);
  const planned: (Misbehaviour & { destination?: string })[] = [];
  const waiting = new Set<() => void>();
  let access = options.access ?? null;
  let choose: Parameters<DemoShop['behave']>[0];

  async function receive(destination: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await bodyOf(request);
    const webhookId = String(request.headers['webhook-id'] ?? '');
    const body = parse(text);
    const seen = {
      destination,
      webhookId,
      event: body.type,
      orderId: typeof body.data['orderId'] === 'string' ? body.data['orderId'] : '',
      sequence: Number(body.data['sequence'] ?? 0),
    };
    const index = planned.findIndex((one) => one.destination === undefined || one.destination === destination);
    const plan: Misbehaviour = index >= 0 ? planned.splice(index, 1)[0]! : (choose?.(seen) ?? {});
    const highestBefore = ledger.highestOf(seen);
    if (plan.delayMs) await new Promise((resolve) => setTimeout(resolve, plan.delayMs));
    const isSignatureValid = verify(access?.destinationSecrets[destination], text, request);
    const status = plan.status ?? (isSignatureValid ? 200 : 401);
    const entry = {
      ...seen,
      at: new Date().toISOString(),
      isSignatureValid,
      status: response.destroyed ? 0 : status,
      isRepeat: ledger.isKnown(webhookId),
      body,
    };
    ledger.received(entry, highestBefore);
    if (status === 0) request.socket.destroy();
    else if (plan.isDripping === true) drip(response.writeHead(status, { 'content-type': 'application/json' }));
    else response.writeHead(status, { 'content-type': 'application/json', ...plan.headers }).end('{"ok":true}');
    for (const wake of waiting) wake();
  }

  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0]!;
    const destination = /^\/hooks\/([A-Za-z0-9_.-]{1,64})$/.exec(path)?.[1];
    if (request.method === 'POST' && destination) {
      receive(destination, request, response).catch(() => request.socket.destroy());
    } else if (path === '/')
      response.writeHead(200, { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' }).end(SHOP_PAGE);
    else if (path === '/page.js')
      response
        .writeHead(200, { ...PAGE_HEADERS, 'content-type': 'text/javascript; charset=utf-8' })
        .end(SHOP_PAGE_SCRIPT);
    else if (path === '/state.json') {
      const state = {
        orders: [...ledger.orders.values()].slice(-200).reverse(),
        tries: ledger.tries.slice(-200).reverse(),
        triesInAll: ledger.tries.length,
        problems: ledger.problems.slice(0, 20),
      };
      response.writeHead(200, { ...PAGE_HEADERS, 'content-type': 'application/json' }).end(JSON.stringify(state));
    } else response.writeHead(404, PAGE_HEADERS).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const known = (): ShopAccess => {
    if (access === null) throw new Error('the shop has no access to a dialer yet: call connect()');
    return access;
  };

  async function send(body: object, more: { webhookId?: string; timestamp?: Date } = {}): Promise<Answer> {
    const { apiUrl, shop, webhookSecret } = known();
    const text = JSON.stringify(body);
    const webhookId = more.webhookId ?? `msg_${randomUUID()}`;
    const at = more.timestamp ?? new Date();
    return exchange(`${apiUrl}/v1/shops/${encodeURIComponent(shop)}/orders`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': webhookId,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(webhookSecret).sign(webhookId, at, text),
      },
      body: text,
    });
  }

  return {
    url,
    destinationUrl: (name) => `${url}/hooks/${name}`,
    connect: (given) => void (access = given),
    send,
    async sendOrder(order, more = {}) {
      const sentAt = new Date();
      const entry = {
        orderId: order.orderId,
        name: order.customer.name,
        phone: order.customer.phone,
        sentAt: sentAt.toISOString(),
      };
      const total = `${order.total.amount} ${order.total.currency}`;
      ledger.sent({ ...entry, total, status: 0 });
      const answer = await send(
        { type: more.type ?? 'order.created', timestamp: sentAt.toISOString(), data: order },
        more,
      );
      ledger.sent({ ...entry, total, status: answer.status });
      return answer;
    },
    cancelOrder: (orderId, version, reason = 'the buyer cancelled in the shop') =>
      send({ type: 'order.cancelled', timestamp: new Date().toISOString(), data: { orderId, version, reason } }),
    getOrder: (orderId) => {
      const { apiUrl, shop, apiKey } = known();
      const address = `${apiUrl}/v1/shops/${encodeURIComponent(shop)}/orders/${encodeURIComponent(orderId)}`;
      return exchange(address, { headers: { authorization: `Bearer ${apiKey}` } });
    },
    orders: () => [...ledger.orders.values()],
    deliveries: () => [...ledger.tries],
    problems: () => [...ledger.problems],
    waitForOutcome: (orderId, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`no outcome of ${orderId} within ${timeoutMs} ms`));
        }, timeoutMs);
        const look = (): void => {
          const outcome = ledger.orders.get(orderId)?.outcome;
          if (!outcome) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(outcome);
        };
        waiting.add(look);
        look();
      }),
    failNext: (n, status, more = {}) => {
      for (let i = 0; i < n; i += 1) planned.push({ ...more, status });
    },
    behave: (next) => void (choose = next),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const DRIP_EVERY_MS = 400;

/** A byte now and then, until the other side has had enough. */
function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), DRIP_EVERY_MS);
  timer.unref();
  response.on('close', () => clearInterval(timer));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LONGEST_BODY) throw new Error('the body is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): DeliveryTry['body'] {
  try {
    const body = JSON.parse(text) as Partial<DeliveryTry['body']> | null;
    return { type: String(body?.type), timestamp: String(body?.timestamp), data: body?.data ?? {} };
  } catch {
    return { type: 'not JSON', timestamp: '', data: {} };
  }
}

function verify(secret: string | undefined, text: string, request: IncomingMessage): boolean {
  if (secret === undefined) return false;
  try {
    new Webhook(secret).verify(text, request.headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

async function exchange(url: string, init: RequestInit): Promise<Answer> {
  const answer = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(30_000) });
  const text = await answer.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // not JSON: the text itself is the body
  }
  return { status: answer.status, body, retryAfter: answer.headers.get('retry-after') };
}
