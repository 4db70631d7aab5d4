import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { startFaultProxy, throughProxy } from '../../../test/support/fault-proxy.js';
import {
  asAdmin,
  createShop,
  getOrder,
  orderCreated,
  postOrder,
  signed,
  type TestShop,
} from '../../../test/support/shop-client.js';
import { Transactions } from '../../platform/database/transaction.js';
import { OrdersService } from '../orders/orders.service.js';

let app: TestApp;
let shop: TestShop;

const rows = <R>(sql: string, parameters: unknown[] = []): Promise<R[]> =>
  app.get(Transactions).read((tx) => tx.query(sql, parameters) as Promise<R[]>);
const inTransaction = <T>(work: Parameters<Transactions['run']>[0]) => app.get(Transactions).run(work) as Promise<T>;

beforeAll(async () => {
  app = await startTestApp({ roles: ['api'], env: { SHOP_WEBHOOKS_PER_SECOND: '10000' } });
  shop = await createShop(app, 'intake-shop');
}, 60_000);
afterAll(() => app.close(), 60_000);

const cancelled = (orderId: string, version: number) => ({
  type: 'order.cancelled',
  timestamp: new Date().toISOString(),
  data: { orderId, version, reason: 'changed her mind' },
});

describe('order in', () => {
  it('stores an order before it answers, and shows it to the shop', async () => {
    const message = orderCreated({ registeredAt: '2026-01-01T10:00:00Z' });
    const { orderId } = message.data as { orderId: string };
    const response = await postOrder(app, shop, message);
    expect(response.status).toBe(202);
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    const answer = (await response.json()) as { id: string };
    expect(answer).toEqual({
      id: expect.any(String) as string,
      orderId,
      status: 'accepted',
      callBy: '2026-01-01T10:10:00.000Z',
    });
    const view = await getOrder(app, shop, orderId);
    expect(view).toMatchObject({
      httpStatus: 200,
      id: answer.id,
      orderId,
      version: 1,
      outcome: null,
      registeredAt: '2026-01-01T10:00:00.000Z',
      customer: { name: 'Олена Ткач', phone: '+380671234567' },
      total: { amount: '15999.00', currency: 'UAH' },
      metadata: { any: 'string map' },
      attempts: [],
      deliveries: [],
      waitingFor: { code: 'accepted' },
    });
    expect((view['timeline'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(['accepted']);
  });

  it('accepts what the official library signs, with either of two live secrets', async () => {
    const sign = (secret: string) => {
      const body = JSON.stringify(orderCreated());
      const at = new Date();
      const id = `msg_${Math.random()}`;
      return {
        body,
        headers: {
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
          'webhook-signature': new Webhook(secret).sign(id, at, body),
        },
      };
    };
    const post = ({ body, headers }: ReturnType<typeof sign>, name: string) =>
      fetch(`${app.url}/v1/shops/${name}/orders`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      });
    const other = await createShop(app, 'two-secrets');
    expect((await post(sign(other.webhookSecret), other.shop)).status).toBe(202);
    const rotated = (await (
      await asAdmin(app, 'POST', `/v1/admin/shops/${other.shop}/rotate`, { what: 'webhookSecret' })
    ).json()) as {
      webhookSecret: string;
    };
    expect((await post(sign(rotated.webhookSecret), other.shop)).status).toBe(202);
    expect((await post(sign(other.webhookSecret), other.shop)).status).toBe(202);
    await rows(
      `UPDATE shop_secrets SET expires_at = now() - interval '1 second' WHERE shop_id = $1 AND expires_at IS NOT NULL`,
      [other.shop],
    );
    await expect
      .poll(async () => (await post(sign(other.webhookSecret), other.shop)).status, { timeout: 3_000 })
      .toBe(401);
    expect((await post(sign(rotated.webhookSecret), other.shop)).status).toBe(202);
    expect((await post(sign(shop.webhookSecret), other.shop)).status).toBe(401);
  });

  it('makes one order of 50 identical posts at once, and answers all with the same bytes', async () => {
    const message = orderCreated();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const response = await postOrder(app, shop, message, { id: 'msg_race' });
        return `${response.status} ${await response.text()}`;
      }),
    );
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^202 /);
    const { orderId } = message.data as { orderId: string };
    const [counts] = await rows<{ orders: number; messages: number; lines: number; jobs: number }>(
      `SELECT (SELECT count(*)::int FROM orders WHERE order_id = $1) AS orders,
         (SELECT count(*)::int FROM webhook_messages WHERE webhook_id = 'msg_race') AS messages,
         (SELECT count(*)::int FROM order_timeline t JOIN orders o ON o.id = t.order_ref WHERE o.order_id = $1) AS lines,
         (SELECT count(*)::int FROM outbox x, jsonb_array_elements(x.payload -> 'orders') part JOIN orders o ON part ->> 'orderRef' = o.id::text
            WHERE o.order_id = $1) AS jobs`,
      [orderId],
    );
    expect(counts).toEqual({ orders: 1, messages: 1, lines: 1, jobs: 1 });
  });

  it('makes one order of identical posts to two processes at once', async () => {
    const second = await startTestApp({ roles: ['api'], databaseUrl: app.databaseUrl });
    try {
      for (let round = 0; round < 5; round++) {
        const message = JSON.stringify(orderCreated());
        const posts = [app, second, app, second].map(async (process) => {
          const response = await postOrder(process, shop, message, { id: `msg_both_${round}` });
          return `${response.status} ${await response.text()}`;
        });
        const answers = new Set(await Promise.all(posts));
        expect([...answers]).toEqual([expect.stringMatching(/^202 /)]);
      }
    } finally {
      await second.close();
    }
  });

  it('makes one order of 50 posts of one order under different ids', async () => {
    const message = orderCreated();
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => (await postOrder(app, shop, message)).status),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
    const { orderId } = message.data as { orderId: string };
    expect(await rows('SELECT id FROM orders WHERE order_id = $1', [orderId])).toHaveLength(1);
  });

  it('says 409 to another body under a used id, also when that body is wrong', async () => {
    const first = orderCreated();
    expect((await postOrder(app, shop, first, { id: 'msg_used' })).status).toBe(202);
    expect((await postOrder(app, shop, orderCreated(), { id: 'msg_used' })).status).toBe(409);
    const wrong = orderCreated({ total: null });
    expect((await postOrder(app, shop, wrong, { id: 'msg_used' })).status).toBe(409);
    expect((await postOrder(app, shop, wrong)).status).toBe(422);
    expect((await postOrder(app, shop, '{', { id: 'msg_used' })).status).toBe(400);
    expect((await getOrder(app, shop, (wrong.data as { orderId: string }).orderId))['httpStatus']).toBe(404);
    const other = await createShop(app, 'same-id-other-shop');
    expect((await postOrder(app, other, orderCreated(), { id: 'msg_used' })).status).toBe(202);
  });

  it('names every wrong field', async () => {
    const response = await postOrder(app, shop, {
      type: 'order.updated',
      extra: 1,
      data: {
        orderId: 'a b',
        version: null,
        customer: { phone: '112', age: 3 },
        items: [{ quantity: -1, unitPrice: '1.5' }, 'x', []],
        total: { amount: '-5', currency: 'UAH' },
        priority: 10,
        confirmBy: 'soon',
        delivery: { slot: 'tomorrow' },
        metadata: { a: 1 },
      },
    });
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    const problem = (await response.json()) as { errors: { pointer: string }[] };
    expect(problem.errors.map(({ pointer }) => pointer).sort()).toEqual(
      [
        '/extra',
        '/data/orderId',
        '/data/version',
        '/data/customer/phone',
        '/data/customer/age',
        '/data/items/0/quantity',
        '/data/items/0/unitPrice',
        '/data/items/1',
        '/data/items/2',
        '/data/total/amount',
        '/data/priority',
        '/data/confirmBy',
        '/data/delivery/slot',
        '/data/metadata',
      ].sort(),
    );
  });
});

describe('versions', () => {
  it('updates by a higher version only', async () => {
    const message = orderCreated();
    const { orderId } = message.data as { orderId: string };
    const created = (await (await postOrder(app, shop, message)).json()) as { id: string; callBy: string };
    const update = (version: number, phone: string) =>
      postOrder(app, shop, {
        ...orderCreated({ orderId, version, customer: { phone }, registeredAt: null }),
        type: 'order.updated',
      });
    expect(await (await update(3, '067 765 43 21')).json()).toEqual({
      id: created.id,
      orderId,
      status: 'accepted',
      callBy: created.callBy,
    });
    expect((await update(2, '+380671111111')).status).toBe(202);
    expect((await update(3, '+380672222222')).status).toBe(202);
    const view = await getOrder(app, shop, orderId);
    expect(view).toMatchObject({ version: 3, customer: { phone: '+380677654321', name: null } });
    expect((view['timeline'] as { kind: string }[]).map(({ kind }) => kind)).toEqual(['accepted', 'updated']);
  });

  it('takes an update that comes before its create', async () => {
    const message = orderCreated({ version: 2 });
    const { orderId } = message.data as { orderId: string };
    expect((await postOrder(app, shop, { ...message, type: 'order.updated' })).status).toBe(202);
    expect((await postOrder(app, shop, orderCreated({ orderId, version: 1, comment: 'old' }))).status).toBe(202);
    expect(await getOrder(app, shop, orderId)).toMatchObject({ version: 2, comment: 'call after 18' });
  });

  it('withdraws an order that is not being called at once', async () => {
    const message = orderCreated();
    const { orderId } = message.data as { orderId: string };
    const { id } = (await (await postOrder(app, shop, message)).json()) as { id: string };
    expect(await (await postOrder(app, shop, cancelled(orderId, 1))).json()).toMatchObject({
      status: 'accepted',
      callBy: null,
    });
    expect(await (await postOrder(app, shop, cancelled(orderId, 2))).json()).toEqual({
      id,
      orderId,
      status: 'final',
      callBy: null,
    });
    expect(await (await postOrder(app, shop, orderCreated({ orderId, version: 9 }))).json()).toMatchObject({
      status: 'final',
      callBy: null,
    });
    expect(await getOrder(app, shop, orderId)).toMatchObject({
      status: 'final',
      outcome: 'withdrawn',
      waitingFor: { code: 'final' },
    });
  });

  it('remembers a cancel that comes before its create', async () => {
    const orderId = 'tombstone-1';
    const first = (await (await postOrder(app, shop, cancelled(orderId, 2))).json()) as { id: string };
    expect(first).toMatchObject({ orderId, status: 'final', callBy: null });
    expect(await getOrder(app, shop, orderId)).toMatchObject({ status: 'final', outcome: 'withdrawn', orderId });
    const late = await postOrder(app, shop, orderCreated({ orderId, version: 1 }));
    expect(late.status).toBe(202);
    expect(await late.json()).toEqual({ id: first.id, orderId, status: 'final', callBy: null });
    expect(await getOrder(app, shop, orderId)).toMatchObject({
      outcome: 'withdrawn',
      customer: { name: 'Олена Ткач' },
    });
  });

  it('ends in one state when create and cancel race', async () => {
    for (let round = 0; round < 20; round++) {
      const orderId = `race-${round}`;
      const answers = await Promise.all([
        postOrder(app, shop, orderCreated({ orderId })),
        postOrder(app, shop, cancelled(orderId, 2)),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([202, 202]);
      expect(await getOrder(app, shop, orderId)).toMatchObject({ status: 'final', outcome: 'withdrawn' });
    }
  });

  it('leaves a live call to the dialer: the order is final when the call has ended', async () => {
    const orders = app.get(OrdersService);
    const message = orderCreated();
    const { orderId } = message.data as { orderId: string };
    const { id } = (await (await postOrder(app, shop, message)).json()) as { id: string };
    await orders.schedule(id);
    const callId = '018f0000-0000-7000-8000-000000000001';
    await inTransaction((tx) => orders.setProgress(tx, id, 'ringing', callId));
    expect(await (await postOrder(app, shop, cancelled(orderId, 2))).json()).toMatchObject({
      status: 'ringing',
      callBy: null,
    });
    expect(await getOrder(app, shop, orderId)).toMatchObject({ status: 'ringing', isWithdrawRequested: true });
    await inTransaction((tx) => orders.reschedule(tx, id, { notBefore: null, reason: 'retry', countsAs: 'withdrawn' }));
    expect(await getOrder(app, shop, orderId)).toMatchObject({ status: 'final', outcome: 'withdrawn' });
  });
});

describe('the order status', () => {
  it('is for the shop only: a wrong key, the key of another shop and an unknown shop get one answer', async () => {
    const other = await createShop(app, 'curious');
    const ask = async (name: string, authorization?: string) => {
      const response = await fetch(
        `${app.url}/v1/shops/${name}/orders/x`,
        authorization === undefined ? {} : { headers: { authorization } },
      );
      return `${response.status} ${await response.text()}`;
    };
    const refused = await ask(shop.shop);
    expect(refused).toMatch(/^401 /);
    expect(await ask(shop.shop, `Bearer ${other.apiKey}`)).toBe(refused);
    expect(await ask('nobody', `Bearer ${shop.apiKey}`)).toBe(refused);
    expect(await ask(shop.shop, `Basic ${shop.apiKey}`)).toBe(refused);
    expect(await ask(shop.shop, `Bearer ${shop.apiKey}`)).toMatch(/^404 /);
  });

  it('says that a paused shop is paused', async () => {
    const quiet = await createShop(app, 'quiet');
    const message = orderCreated();
    const { id } = (await (await postOrder(app, quiet, message)).json()) as { id: string };
    const { orderId } = message.data as { orderId: string };
    await app.get(OrdersService).schedule(id);
    const waiting = async () =>
      (await getOrder(app, quiet, orderId))['waitingFor'] as { code: string; sentence: string };
    expect(await waiting()).toMatchObject({
      code: 'trunk_full',
      sentence: expect.stringContaining('No telephone line') as string,
    });
    const trunk = { endpoint: 'PJSIP/{number}@trunk', maxChannels: 5, callsPerSecond: 5 };
    await asAdmin(app, 'PUT', '/v1/admin/trunks/elsewhere', { ...trunk, prefixes: ['+48'] });
    expect(await waiting()).toMatchObject({ code: 'trunk_full' });
    await asAdmin(app, 'PUT', '/v1/admin/trunks/main', trunk);
    expect(await getOrder(app, quiet, orderId)).toMatchObject({
      status: 'scheduled',
      waitingFor: { code: 'no_agent' },
    });
    const closed = { jurisdiction: 'fr', callingHours: { sun: ['09:00-20:00'] } };
    const warned = await asAdmin(app, 'PUT', '/v1/admin/shops/quiet', {
      name: 'Q',
      timeZone: 'Europe/Kyiv',
      ...closed,
    });
    expect(await warned.json()).toMatchObject({
      warnings: expect.arrayContaining([expect.stringContaining('No order can ever be called')]) as string[],
    });
    expect(await waiting()).toMatchObject({
      code: 'outside_calling_hours',
      sentence: expect.stringContaining('never be called') as string,
    });
    const open = await asAdmin(app, 'PUT', '/v1/admin/shops/quiet', {
      name: 'Q',
      timeZone: 'Europe/Kyiv',
      callingHours: 'always',
    });
    expect(JSON.stringify(await open.json())).not.toContain('No order can ever');
    await asAdmin(app, 'POST', '/v1/admin/shops/quiet/pause');
    expect(await getOrder(app, quiet, orderId)).toMatchObject({ waitingFor: { code: 'paused' } });
    await asAdmin(app, 'POST', '/v1/admin/shops/quiet/resume');
    expect(await getOrder(app, quiet, orderId)).toMatchObject({ waitingFor: { code: 'no_agent' } });
  });
});

describe('secrets and personal data', () => {
  it('stand sealed in the tables and nowhere in the log', async () => {
    await postOrder(
      app,
      shop,
      orderCreated({
        customer: { name: 'Canary Canaryenko', phone: '+380679998877', email: 'canary@example.com' },
        delivery: { city: 'Canaryville', address: 'Canary Street 1' },
        items: [{ sku: 'C', quantity: 1, unitPrice: '1.00', group: 'canaries' }],
      }),
    );
    await postOrder(app, shop, orderCreated({ customer: { name: 'Canary Canaryenko', phone: '+38067999887' } }));
    const tables = ['orders', 'order_timeline', 'webhook_messages', 'outbox', 'shops', 'shop_secrets', 'destinations'];
    for (const table of tables) {
      const [found] = await rows<{ n: number }>(
        `SELECT count(*)::int AS n FROM ${table} t WHERE t::text ~* 'canary' OR t::text ~ '679998877' OR t::text LIKE '%' || $1 || '%'`,
        [shop.webhookSecret],
      );
      expect({ table, n: found?.n }).toEqual({ table, n: 0 });
    }
    const log = app.logLines.join('\n');
    expect(log).not.toMatch(/canary|679998877/i);
    expect(log).not.toContain(shop.webhookSecret);
    expect(log).not.toContain(shop.apiKey);
  });
});

describe('metrics', () => {
  it('has series of every shop from the start, and counts what was stored', async () => {
    const counted = await createShop(app, 'counted');
    const page = async () => (await fetch(`${app.url}/metrics`)).text();
    await expect
      .poll(page, { timeout: 3_000 })
      .toContain('dialer_orders_received_total{shop="counted",type="order.created"} 0');
    const message = orderCreated({ registeredAt: '2026-01-01T00:00:00Z' });
    await postOrder(app, counted, message, { id: 'msg_counted' });
    await postOrder(app, counted, message, { id: 'msg_counted' });
    const text = await page();
    expect(text).toContain('dialer_orders_received_total{shop="counted",type="order.created"} 1');
    expect(text).toContain('dialer_orders_waiting{shop="counted"} 1');
    expect(text).toContain('dialer_orders_overdue{shop="counted"} 1');
  });
});

describe('floods and outages', () => {
  it('answers 429 with Retry-After to a flood of one shop, and others go on', async () => {
    const small = await startTestApp({
      roles: ['api'],
      env: { SHOP_WEBHOOKS_PER_SECOND: '1' },
      databaseUrl: app.databaseUrl,
    });
    try {
      const noisy = await createShop(small, 'noisy');
      const answers = [];
      for (let n = 0; n < 4; n++) answers.push(await postOrder(small, noisy, orderCreated()));
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 429, 429]);
      expect(Number(answers[3]?.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect((await postOrder(small, shop, orderCreated())).status).toBe(202);
      const unsigned = await fetch(`${small.url}/v1/shops/noisy/orders`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect(unsigned.status).toBe(401);
    } finally {
      await small.close();
    }
  });

  it('answers 503 with Retry-After while Postgres is away, stores nothing, and goes on by itself', async () => {
    const proxy = await startFaultProxy(app.databaseUrl);
    const cutOff = await startTestApp({ roles: ['api'], databaseUrl: throughProxy(app.databaseUrl, proxy) });
    try {
      const message = orderCreated();
      const { orderId } = message.data as { orderId: string };
      expect((await postOrder(cutOff, shop, orderCreated())).status).toBe(202);
      proxy.blackhole();
      const refused = await postOrder(cutOff, shop, message, { id: 'msg_cut_off' });
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect((await getOrder(app, shop, orderId))['httpStatus']).toBe(404);
      proxy.mend();
      const again = () => postOrder(cutOff, shop, message, { id: 'msg_cut_off' });
      await expect.poll(async () => (await again()).status, { timeout: 10_000 }).toBe(202);
      expect((await getOrder(app, shop, orderId))['httpStatus']).toBe(200);
    } finally {
      await cutOff.close();
      await proxy.close();
    }
  }, 40_000);

  it('keeps an old secret and a body that was signed by a shop out of the way of another shop', async () => {
    const body = JSON.stringify(orderCreated());
    const response = await fetch(`${app.url}/v1/shops/counted/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...signed(shop.webhookSecret, body) },
      body,
    });
    expect(response.status).toBe(401);
  });
});
