import { createHmac, randomUUID } from 'node:crypto';
import { ADMIN_TOKEN } from './app.js';

/** A shop that was created over the API, with what a shop's developer holds. */
export interface TestShop {
  readonly shop: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  readonly destinations: { readonly name: string; readonly secret: string }[];
}

/** Creates a shop over the API; calls at any hour. */
export async function createShop(app: { url: string }, shop: string, body: object = {}): Promise<TestShop> {
  const response = await asAdmin(app, 'PUT', `/v1/admin/shops/${shop}`, {
    name: `Shop ${shop}`,
    timeZone: 'Europe/Kyiv',
    callingHours: 'always',
    ...body,
  });
  if (response.status !== 201) throw new Error(`the shop was not created: ${response.status} ${await response.text()}`);
  return (await response.json()) as TestShop;
}

/** A request with the administrator's token. */
export function asAdmin(app: { url: string }, method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(app.url + path, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_TOKEN}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

/** Signature headers of a body, as Standard Webhooks says. */
export function signed(
  secret: string,
  body: string | Buffer,
  options: { id?: string; at?: Date } = {},
): { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string } {
  const id = options.id ?? `msg_${randomUUID()}`;
  const timestamp = String(Math.floor((options.at ?? new Date()).getTime() / 1000));
  const mac = createHmac('sha256', Buffer.from(secret.slice('whsec_'.length), 'base64'))
    .update(`${id}.${timestamp}.`)
    .update(body)
    .digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}

/** Posts a signed webhook. */
export function postOrder(
  app: { url: string },
  shop: Pick<TestShop, 'shop' | 'webhookSecret'>,
  message: unknown,
  options: { id?: string; at?: Date } = {},
): Promise<Response> {
  const body = typeof message === 'string' ? message : JSON.stringify(message);
  return fetch(`${app.url}/v1/shops/${shop.shop}/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signed(shop.webhookSecret, body, options) },
    body,
  });
}

/** An order as its shop sees it. */
export async function getOrder(
  app: { url: string },
  shop: TestShop,
  orderId: string,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${app.url}/v1/shops/${shop.shop}/orders/${encodeURIComponent(orderId)}`, {
    headers: { authorization: `Bearer ${shop.apiKey}` },
  });
  return { httpStatus: response.status, ...((await response.json()) as object) };
}

/** A whole `order.created`; `data` wins. */
export function orderCreated(data: Record<string, unknown> = {}): {
  type: string;
  timestamp: string;
  data: Record<string, unknown>;
} {
  const now = new Date().toISOString();
  return {
    type: 'order.created',
    timestamp: now,
    data: {
      orderId: `A-${randomUUID()}`,
      version: 1,
      registeredAt: now,
      customer: { name: 'Олена Ткач', phone: '+380671234567', language: 'uk', timeZone: 'Europe/Kyiv', email: null },
      items: [{ sku: 'TV-55', name: 'TV 55"', quantity: 1, unitPrice: '15999.00', group: 'electronics' }],
      total: { amount: '15999.00', currency: 'UAH' },
      payment: { method: 'cash_on_delivery', paid: false },
      delivery: {
        method: 'courier',
        city: 'Київ',
        address: 'вул. Хрещатик, 1',
        pickupPoint: null,
        slot: '2026-11-23T10:00+02:00/2026-11-23T12:00+02:00',
      },
      source: { channel: 'web', campaign: 'black-friday' },
      priority: 0,
      confirmBy: null,
      comment: 'call after 18',
      metadata: { any: 'string map' },
      ...data,
    },
  };
}
