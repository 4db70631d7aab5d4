import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WritebackModule } from '../../src/features/writeback/writeback.module.js';
import { DestinationLanes } from '../../src/features/writeback/destination-lanes.js';
import { Deliverer } from '../../src/features/writeback/deliverer.js';
import { WritebackService } from '../../src/features/writeback/writeback.service.js';
import { DatabaseClock } from '../../src/platform/clock/database-clock.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { Sweeps } from '../../src/platform/queue/sweeps.js';
import { startDemoShop, type DeliveryTry, type DemoShop } from '../../tools/demo-shop/demo-shop.js';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js';
import { waitFor } from '../support/wait.js';

const waitUntil = (look: () => boolean | Promise<boolean>): Promise<unknown> => waitFor('the state', look, 8_000);
const EVENTS = ['order.outcome', 'order.attempt', 'order.callback_scheduled'];
let test: TestApp;
let transactions: Transactions;
let writeback: WritebackService;
const shops: DemoShop[] = [];
let shopNumber = 0;

beforeAll(async () => {
  test = await startTestApp({ modules: [WritebackModule], roles: ['api', 'worker'] });
  transactions = test.get(Transactions);
  writeback = test.get(WritebackService);
}, 60_000);
afterAll(() => test.close());
afterEach(async () => {
  await test.get(DestinationLanes).settled();
  for (const shop of shops.splice(0)) await shop.stop();
});

async function admin(method: string, path: string, body?: unknown) {
  const answer = await fetch(`${test.url}/v1/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

/** A shop outside, and its tenant inside. */
async function aShop(destinations: { name: string; events?: string[] }[] = [{ name: 'main' }]) {
  const outside = await startDemoShop();
  shops.push(outside);
  const shop = `shop-${++shopNumber}`;
  const wanted = destinations.map(({ name, events = EVENTS }) => ({ name, events, url: outside.destinationUrl(name) }));
  const put = await admin('PUT', `shops/${shop}`, { name: shop, timeZone: 'Europe/Kyiv', destinations: wanted });
  expect(put.status).toBe(201);
  const given = put.body as unknown as {
    apiKey: string;
    webhookSecret: string;
    destinations: { name: string; secret: string }[];
  };
  const destinationSecrets = Object.fromEntries(given.destinations.map(({ name, secret }) => [name, secret]));
  outside.connect({
    apiUrl: test.url,
    shop,
    apiKey: given.apiKey,
    webhookSecret: given.webhookSecret,
    destinationSecrets,
  });
  return { shop, outside, wanted };
}

async function sql<R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> {
  return transactions.read((tx) => tx.query(text, parameters));
}

async function anOrder(shop: string): Promise<{ ref: string; orderId: string }> {
  const ref = randomUUID();
  const orderId = `A-${ref.slice(0, 8)}`;
  await sql(
    `INSERT INTO orders (id, shop_id, order_id, version, status, outcome, registered_at, trace_id)
     VALUES ($1, $2, $3, 1, 'final', 'confirmed', now(), 'trace')`,
    [ref, shop, orderId],
  );
  return { ref, orderId };
}

async function tell(
  shop: string,
  order: { ref: string; orderId: string },
  sequence: number,
  event = 'order.outcome',
): Promise<void> {
  await transactions.run((tx) =>
    writeback.enqueue(tx, {
      shopId: shop,
      orderRef: order.ref,
      event: event as 'order.outcome',
      sequence,
      data: { orderId: order.orderId, sequence, outcome: 'confirmed', note: 'Олена Ткач' },
      traceId: 'trace-of-the-order',
    }),
  );
}

interface Row {
  id: string;
  sequence: number;
  state: string;
  tries: number;
  last_status: number | null;
  next_try_at: Date;
}
const rowsOf = (ref: string) =>
  sql<Row>('SELECT * FROM deliveries WHERE order_ref = $1 ORDER BY sequence, destination', [ref]);
const statesOf = async (ref: string) => (await rowsOf(ref)).map((row) => row.state);
const untilStates = (ref: string, states: string[]) =>
  waitUntil(async () => JSON.stringify(await statesOf(ref)) === JSON.stringify(states));
/** The next try is due now instead of later. */
const makeDue = (ref: string) =>
  sql(`UPDATE deliveries SET next_try_at = now() WHERE order_ref = $1 AND state = 'pending'`, [ref]);
const seen = (outside: DemoShop) => outside.deliveries().map(({ sequence, status }: DeliveryTry) => [sequence, status]);

describe('a delivery', () => {
  it('is signed, told to each destination that asked for it, and sealed where it is kept', async () => {
    const { shop, outside } = await aShop([{ name: 'main' }, { name: 'logistics', events: ['order.outcome'] }]);
    const order = await anOrder(shop);
    await tell(shop, order, 1, 'order.attempt');
    await tell(shop, order, 2);
    await waitUntil(() => outside.deliveries().length === 3);
    expect(outside.problems()).toEqual([]);
    expect(outside.deliveries().every((one) => one.isSignatureValid)).toBe(true);
    expect(
      outside
        .deliveries()
        .map((one) => one.destination)
        .sort(),
    ).toEqual(['logistics', 'main', 'main']);
    const [one] = outside.deliveries();
    expect(one!.body.data).toMatchObject({ orderId: order.orderId });
    expect(Number.isNaN(Date.parse(one!.body.timestamp))).toBe(false);
    await waitUntil(async () => (await statesOf(order.ref)).every((state) => state === 'delivered'));
    expect(JSON.stringify(await rowsOf(order.ref))).not.toContain('Ткач');
    expect(test.logLines.join('\n')).not.toContain('Ткач');
    const line = test.logLines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find((entry) => entry['deliveryId'] === one!.webhookId);
    expect(line).toMatchObject({ traceId: 'trace-of-the-order' });
  });

  it('is not sent when the transaction that asked for it is rolled back', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    await transactions
      .run(async (tx) => {
        await writeback.enqueue(tx, {
          shopId: shop,
          orderRef: order.ref,
          event: 'order.outcome',
          sequence: 1,
          data: {},
          traceId: 't',
        });
        throw new Error('changed our mind');
      })
      .catch(() => undefined);
    await tell(shop, order, 2);
    await untilStates(order.ref, ['delivered']);
    expect(seen(outside)).toEqual([[2, 200]]);
  });

  it('keeps its id and gets a fresh time on every try', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    outside.failNext(1, 500);
    outside.failNext(1, 0);
    outside.failNext(1, 307, { headers: { location: outside.destinationUrl('main') } });
    await tell(shop, order, 1);
    for (const tries of [1, 2, 3]) {
      await waitUntil(
        async () => (await rowsOf(order.ref))[0]?.tries === tries && (await rowsOf(order.ref))[0]?.state === 'pending',
      );
      await waitUntil(() => outside.deliveries().length === tries);
      await waitUntil(
        async () =>
          (await sql('SELECT 1 FROM deliveries WHERE order_ref = $1 AND leased_until IS NULL', [order.ref])).length ===
          1,
      );
      await makeDue(order.ref);
      await test.get(Sweeps).runNow('writeback.overdue');
    }
    await untilStates(order.ref, ['delivered']);
    expect(seen(outside)).toEqual([
      [1, 500],
      [1, 0],
      [1, 307],
      [1, 200],
    ]);
    expect(new Set(outside.deliveries().map((one) => one.webhookId)).size).toBe(1);
    expect(outside.problems()).toEqual([]);
  });

  it('waits until the time is known', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    const isKnown = vi.spyOn(test.get(DatabaseClock), 'isKnown', 'get').mockReturnValue(false);
    await tell(shop, order, 1);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(seen(outside)).toEqual([]);
    expect(await statesOf(order.ref)).toEqual(['pending']);
    isKnown.mockRestore();
    await untilStates(order.ref, ['delivered']);
  });

  it('is signed with both secrets during a rotation', async () => {
    const { shop, outside } = await aShop();
    expect((await admin('POST', `shops/${shop}/rotate`, { what: 'destination:main' })).status).toBeLessThan(300);
    const order = await anOrder(shop);
    await tell(shop, order, 1);
    await untilStates(order.ref, ['delivered']);
    expect(outside.problems()).toEqual([]);
  });
});

describe('order among deliveries', () => {
  it('holds a higher sequence back while a lower one is being tried', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    outside.failNext(1, 503, { headers: { 'retry-after': '1' } });
    await tell(shop, order, 1, 'order.attempt');
    await tell(shop, order, 2);
    await untilStates(order.ref, ['delivered', 'delivered']);
    expect(seen(outside)).toEqual([
      [1, 503],
      [1, 200],
      [2, 200],
    ]);
  });

  it('holds in a race of fifty wake-ups and many events, each sent exactly once', async () => {
    const { shop, outside } = await aShop();
    const orders = await Promise.all(Array.from({ length: 10 }, () => anOrder(shop)));
    outside.behave(() => ({ delayMs: 5 }));
    for (const order of orders) for (const sequence of [1, 2, 3]) await tell(shop, order, sequence, 'order.attempt');
    const lanes = test.get(DestinationLanes);
    const deliverer = test.get(Deliverer);
    for (let i = 0; i < 50; i += 1) lanes.wake(shop, 'main');
    await Promise.all(Array.from({ length: 50 }, () => deliverer.sendNext(shop, 'main')));
    for (const order of orders) await untilStates(order.ref, ['delivered', 'delivered', 'delivered']);
    expect(outside.problems()).toEqual([]);
    expect(outside.deliveries()).toHaveLength(30);
    for (const order of orders) {
      const mine = outside.deliveries().filter((one) => one.orderId === order.orderId);
      expect(mine.map((one) => one.sequence)).toEqual([1, 2, 3]);
    }
  });

  it('lets a parked one be overtaken; its replay afterwards is superseded and never sent', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    outside.failNext(1, 422);
    await tell(shop, order, 1, 'order.attempt');
    await tell(shop, order, 2);
    await untilStates(order.ref, ['parked', 'delivered']);
    const [parked] = await rowsOf(order.ref);
    const replay = await admin('POST', `deliveries/${parked!.id}/replay`);
    expect(replay).toMatchObject({ status: 200, body: { state: 'superseded', id: parked!.id } });
    expect(seen(outside)).toEqual([
      [1, 422],
      [2, 200],
    ]);
  });

  it('does not send a lower one while a higher one is on its way, even when both became due at once', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    outside.failNext(1, 422);
    await tell(shop, order, 1, 'order.attempt');
    await untilStates(order.ref, ['parked']);
    outside.failNext(1, 200, { delayMs: 400 });
    await tell(shop, order, 2);
    const [lower] = await rowsOf(order.ref);
    await waitUntil(
      async () =>
        (await sql('SELECT 1 FROM deliveries WHERE order_ref = $1 AND leased_until > now()', [order.ref])).length === 1,
    );
    expect((await admin('POST', `deliveries/${lower!.id}/replay`)).status).toBe(200);
    await untilStates(order.ref, ['superseded', 'delivered']);
    expect(seen(outside)).toEqual([
      [1, 422],
      [2, 200],
    ]);
  });
});

describe('what the shop answers', () => {
  it.each([400, 401, 403, 404, 422])(
    '%d parks at once; listed, replayed under the same id, delivered',
    async (status) => {
      const { shop, outside } = await aShop();
      const order = await anOrder(shop);
      outside.failNext(1, status);
      await tell(shop, order, 1);
      await untilStates(order.ref, ['parked']);
      const list = await admin('GET', `deliveries?state=parked&shop=${shop}`);
      const [listed] = list.body['deliveries'] as { id: string }[];
      expect(listed).toMatchObject({ shop, orderId: order.orderId, state: 'parked', lastStatus: status, tries: 1 });
      expect((await admin('POST', `deliveries/${listed!.id}/replay`)).body).toMatchObject({
        state: 'pending',
        tries: 0,
      });
      await untilStates(order.ref, ['delivered']);
      expect(new Set(outside.deliveries().map((one) => one.webhookId))).toEqual(new Set([listed!.id]));
      expect((await admin('POST', `deliveries/${listed!.id}/replay`)).body).toMatchObject({ status: 409 });
    },
  );

  it('410 switches the destination off with all that waits for it, and nobody else', async () => {
    const { shop, outside, wanted } = await aShop([{ name: 'main' }, { name: 'logistics' }]);
    const orders = [await anOrder(shop), await anOrder(shop)];
    outside.failNext(1, 500, { destination: 'main' });
    await tell(shop, orders[0]!, 1);
    await waitUntil(() => outside.deliveries().length === 2);
    outside.failNext(1, 410, { destination: 'main' });
    await tell(shop, orders[1]!, 1);
    await waitUntil(
      async () => (await sql(`SELECT 1 FROM destinations WHERE shop_id = $1 AND NOT is_enabled`, [shop])).length === 1,
    );
    const states = await sql<{ destination: string; state: string }>(
      'SELECT destination, state FROM deliveries WHERE shop_id = $1',
      [shop],
    );
    expect(states.filter((row) => row.destination === 'main').map((row) => row.state)).toEqual([
      'disabled',
      'disabled',
    ]);
    await waitUntil(
      async () =>
        (await sql(`SELECT 1 FROM deliveries WHERE shop_id = $1 AND state = 'delivered'`, [shop])).length === 2,
    );
    const third = await anOrder(shop);
    await tell(shop, third, 1);
    // What it misses meanwhile is kept.
    await untilStates(third.ref, ['delivered', 'disabled']);

    const missed = `SELECT id FROM deliveries WHERE shop_id = $1 AND state = 'disabled' ORDER BY id DESC`;
    const [off] = await sql<{ id: string }>(missed, [shop]);
    expect((await admin('POST', `deliveries/${off!.id}/replay`)).body).toMatchObject({ status: 409 });
    await admin('PUT', `shops/${shop}`, { name: shop, timeZone: 'Europe/Kyiv', destinations: wanted });
    expect((await admin('POST', `deliveries/${off!.id}/replay`)).status).toBe(200);
    await waitUntil(
      async () => (await sql(`SELECT 1 FROM deliveries WHERE id = $1 AND state = 'delivered'`, [off!.id])).length === 1,
    );
  });

  it('nothing is switched off any more once a destination has been switched on', async () => {
    const { shop, outside, wanted } = await aShop();
    const [first, second] = [await anOrder(shop), await anOrder(shop)];
    outside.failNext(2, 500);
    for (const order of [first, second]) await tell(shop, order, 1);
    const states = () => sql<{ state: string }>('SELECT state FROM deliveries WHERE shop_id = $1 ORDER BY id', [shop]);
    await waitUntil(
      async () => (await sql(`SELECT 1 FROM deliveries WHERE shop_id = $1 AND last_status = 500`, [shop])).length === 2,
    );
    await sql('UPDATE destinations SET is_enabled = false WHERE shop_id = $1', [shop]);
    await sql('UPDATE deliveries SET next_try_at = now() WHERE order_ref = $1', [first.ref]);
    // Somebody else is at the other delivery, so that switching off what waits takes a while.
    let letGo: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    const other = transactions.run(async (tx) => {
      await tx.query('SELECT 1 FROM deliveries WHERE order_ref = $1 FOR UPDATE', [second.ref]);
      await held;
    });
    const sent = test.get(Deliverer).sendNext(shop, 'main');
    await new Promise((resolve) => setTimeout(resolve, 150));
    const put = admin('PUT', `shops/${shop}`, { name: shop, timeZone: 'Europe/Kyiv', destinations: wanted });
    await new Promise((resolve) => setTimeout(resolve, 100));
    letGo();
    expect((await put).status).toBe(200);
    const atOnce = await states();
    await Promise.all([sent, other]);
    expect(await states()).toEqual(atOnce);
    expect(atOnce.map(({ state }) => state)).toEqual(['disabled', 'disabled']);
  });

  it('Retry-After is honoured: as a number, as a date, and an absurd one within a day', async () => {
    const { shop, outside } = await aShop();
    const waits: [number, string, number, number][] = [
      [429, '90', 90, 108],
      [503, new Date(Date.now() + 600_000).toUTCString(), 590, 725],
      [503, '999999999', 86_400, 103_700],
    ];
    for (const [status, retryAfter, least, most] of waits) {
      const order = await anOrder(shop);
      outside.failNext(1, status, { headers: { 'retry-after': retryAfter } });
      await tell(shop, order, 1);
      await waitUntil(async () => (await rowsOf(order.ref))[0]?.last_status === status);
      const seconds = ((await rowsOf(order.ref))[0]!.next_try_at.getTime() - Date.now()) / 1000;
      expect(seconds).toBeGreaterThan(least - 5);
      expect(seconds).toBeLessThan(most);
    }
  });

  it('is tried for 76 hours and parked with its last failure', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    outside.failNext(20, 500);
    await tell(shop, order, 1);
    await waitUntil(async () => (await rowsOf(order.ref))[0]?.last_status === 500);
    await sql(
      `UPDATE deliveries SET tries = 11, first_try_at = now() - interval '77 hours', next_try_at = now() WHERE order_ref = $1`,
      [order.ref],
    );
    await test.get(Sweeps).runNow('writeback.overdue');
    await untilStates(order.ref, ['parked']);
    expect(outside.deliveries()).toHaveLength(2);
  });
});

describe('workers', () => {
  it('send again under the same id what a dead one had sent and not noted', async () => {
    const { shop, outside } = await aShop();
    const order = await anOrder(shop);
    await tell(shop, order, 1);
    await untilStates(order.ref, ['delivered']);
    await sql(
      `UPDATE deliveries SET state = 'pending', delivered_at = NULL, leased_until = now() + interval '1 second' WHERE order_ref = $1`,
      [order.ref],
    );
    await test.get(Deliverer).sendNext(shop, 'main');
    expect(outside.deliveries()).toHaveLength(1);
    await untilStates(order.ref, ['delivered']);
    expect(outside.deliveries().map((one) => one.isRepeat)).toEqual([false, true]);
    expect(outside.problems()).toEqual([]);
  });

  it('keep a slow shop from slowing the others, with at most four exchanges at once', async () => {
    const slow = await aShop();
    const quick = await aShop();
    let now = 0;
    let most = 0;
    slow.outside.behave(() => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => (now -= 1), 300);
      return { delayMs: 300 };
    });
    for (let i = 0; i < 12; i += 1) await tell(slow.shop, await anOrder(slow.shop), 1);
    const order = await anOrder(quick.shop);
    const begun = performance.now();
    await tell(quick.shop, order, 1);
    await untilStates(order.ref, ['delivered']);
    expect(performance.now() - begun).toBeLessThan(1_000);
    await waitUntil(() => slow.outside.deliveries().length === 12);
    expect(most).toBe(4);
  });

  it('note what cannot be sent any more when a destination was removed', async () => {
    const { shop, outside } = await aShop([{ name: 'main' }, { name: 'old' }]);
    const order = await anOrder(shop);
    outside.failNext(1, 500, { destination: 'old' });
    await tell(shop, order, 1);
    await waitUntil(() => outside.deliveries().length === 2);
    await waitUntil(
      async () => (await sql(`SELECT 1 FROM deliveries WHERE shop_id = $1 AND last_status = 500`, [shop])).length === 1,
    );
    await admin('PUT', `shops/${shop}`, {
      name: shop,
      timeZone: 'Europe/Kyiv',
      destinations: [{ name: 'main', url: outside.destinationUrl('main'), events: EVENTS }],
    });
    await makeDue(order.ref);
    await waitUntil(
      async () =>
        (await sql(`SELECT 1 FROM deliveries WHERE shop_id = $1 AND state = 'disabled'`, [shop])).length === 1,
    );
  });
});

describe('administration', () => {
  it('pages through deliveries, newest first', async () => {
    const { shop } = await aShop();
    const orders = [];
    for (let i = 0; i < 5; i += 1) {
      const order = await anOrder(shop);
      orders.push(order.orderId);
      await tell(shop, order, 1);
    }
    const found: string[] = [];
    let next: string | null = null;
    do {
      const page = await admin('GET', `deliveries?shop=${shop}&limit=2${next ? `&before=${next}` : ''}`);
      found.push(...(page.body['deliveries'] as { orderId: string }[]).map((one) => one.orderId));
      next = page.body['next'] as string | null;
    } while (next);
    expect(found).toEqual(orders.reverse());
  });

  it('refuses strangers, unknown states and unknown deliveries', async () => {
    expect((await fetch(`${test.url}/v1/admin/deliveries`)).status).toBe(401);
    expect((await admin('GET', 'deliveries?state=lost')).status).toBe(422);
    expect((await admin('POST', `deliveries/${randomUUID()}/replay`)).status).toBe(404);
    expect((await admin('POST', 'deliveries/x/replay')).status).toBe(404);
  });

  it('shows counters that exist from the start', async () => {
    const { shop } = await aShop();
    await fetch(`${test.url}/metrics`);
    const text = await (await fetch(`${test.url}/metrics`)).text();
    for (const result of ['delivered', 'retry', 'parked', 'disabled']) {
      expect(text).toContain(`dialer_writeback_deliveries_total{shop="${shop}",result="${result}"} 0`);
    }
    expect(text).toContain(`dialer_writeback_parked{shop="${shop}"} 0`);
    expect(text).toContain(`dialer_writeback_lag_seconds_count{shop="${shop}"} 0`);
  });
});
