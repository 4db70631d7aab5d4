import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { createShop, orderCreated, postOrder, type TestShop } from '../../../test/support/shop-client.js';
import { compareOrders, type QueuedOrder } from '../../core/attempt/dial-order.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { dueOrders, type ServedShop } from './dial-queue.store.js';
import { DoNotCallList, OrdersService, type DueOrder } from './orders.service.js';

let app: TestApp;
let orders: OrdersService;
const shops: Record<string, TestShop> = {};

const inTx = <T>(work: (tx: Tx) => Promise<T>) => app.get(Transactions).run(work);
const sql = <R>(text: string, parameters: unknown[] = []) =>
  app.get(Transactions).run((tx) => tx.query(text, parameters) as Promise<R[]>);
const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000);

let nextPhone = 2_000_000;
async function scheduled(shop: string, data: Record<string, unknown> = {}): Promise<string> {
  const customer = { phone: `+38067${nextPhone++}`, ...(data['customer'] as object | undefined) };
  const response = await postOrder(app, shops[shop]!, orderCreated({ ...data, customer }));
  const { id } = (await response.json()) as { id: string };
  await orders.schedule(id);
  return id;
}

const due = (more: Partial<Parameters<OrdersService['lockNextDue']>[1]> = {}): Promise<DueOrder[]> =>
  inTx((tx) =>
    orders.lockNextDue(tx, {
      groupIds: ['default'],
      exceptShops: [],
      now: inSeconds(1),
      skip: [],
      limit: 100,
      ...more,
    }),
  );
const dueRefs = async (more: Parameters<typeof due>[0] = {}) => (await due(more)).map(({ orderRef }) => orderRef);
const rowOf = async (orderRef: string) =>
  (
    await sql<{ due_at: Date; turn_at: Date; is_due: boolean; band: number; call_by: Date }>(
      'SELECT due_at, turn_at, is_due, band, call_by FROM orders WHERE id = $1',
      [orderRef],
    )
  )[0]!;

beforeAll(async () => {
  app = await startTestApp({ roles: ['api'] });
  orders = app.get(OrdersService);
  shops['plain'] = await createShop(app, 'plain');
  shops['second'] = await createShop(app, 'second');
  shops['big'] = await createShop(app, 'big', { share: 2, agentGroups: ['sale'] });
  shops['small'] = await createShop(app, 'small', { agentGroups: ['sale'] });
  shops['newest'] = await createShop(app, 'newest', {
    agentGroups: ['new'],
    firstCall: { deadlineSeconds: 600, whenLate: 'newest_first' },
  });
  shops['later'] = await createShop(app, 'later', {
    agentGroups: ['late'],
    firstCall: { delaySeconds: 60 },
    retry: { patienceMinutes: 10 },
  });
  shops['shared'] = await createShop(app, 'shared', { agentGroups: ['front', 'back'], overflowAfterSeconds: 60 });
}, 60_000);
afterAll(() => app.close(), 60_000);
beforeEach(async () => {
  await sql(`UPDATE orders SET status = 'final', outcome = 'failed', live_call_id = NULL WHERE status <> 'final'`);
});

describe('whose turn it is', () => {
  it('a first call that is near its deadline goes before a retry, a far one after it', async () => {
    const retry = await scheduled('plain');
    await inTx((tx) => orders.reschedule(tx, retry, { notBefore: inSeconds(-5), reason: 'retry', countsAs: 'busy' }));
    const fresh = await scheduled('plain');
    const far = await scheduled('plain', { confirmBy: inSeconds(9_000).toISOString() });
    expect(await dueRefs()).toEqual([fresh, retry, far]);
  });

  it('an attempt that the buyer had no part in leaves the first call its deadline', async () => {
    const failed = await scheduled('plain');
    const { turn_at } = await rowOf(failed);
    for (const countsAs of ['carrier_failure', 'system_failure'] as const) {
      await inTx((tx) => orders.reschedule(tx, failed, { notBefore: inSeconds(60), reason: 'retry', countsAs }));
      expect((await rowOf(failed)).turn_at).toEqual(turn_at);
    }
    await inTx((tx) => orders.reschedule(tx, failed, { notBefore: inSeconds(60), reason: 'retry', countsAs: 'busy' }));
    expect((await rowOf(failed)).turn_at.getTime()).toBeGreaterThan(inSeconds(7_200).getTime());
  });

  it('a change by the shop moves the turn of a first call, and none of a retry', async () => {
    const confirmBy = inSeconds(9_000).toISOString();
    const update = (orderId: string) =>
      postOrder(app, shops['plain']!, {
        type: 'order.updated',
        timestamp: new Date().toISOString(),
        data: { ...orderCreated().data, orderId, version: 2, confirmBy },
      });
    const [first, retry] = [
      await scheduled('plain', { orderId: 'changes-first' }),
      await scheduled('plain', { orderId: 'changes-retry' }),
    ];
    await inTx((tx) => orders.reschedule(tx, retry, { notBefore: inSeconds(60), reason: 'retry', countsAs: 'busy' }));
    const before = await rowOf(retry);
    expect((await update('changes-first')).status).toBe(202);
    expect((await update('changes-retry')).status).toBe(202);
    expect((await rowOf(first)).turn_at.toISOString()).toBe(confirmBy);
    expect((await rowOf(retry)).turn_at).toEqual(before.turn_at);
  });

  it('the newest of those that are too late, if the shop wants, behind those that are not', async () => {
    const registered = (seconds: number) =>
      scheduled('newest', { registeredAt: new Date(Date.now() - seconds * 1000).toISOString() });
    const [oldest, old, justLate, nearly, fresh] = [
      await registered(7_200),
      await registered(3_600),
      await registered(610),
      await registered(500),
      await registered(0),
    ];
    const urgent = await scheduled('newest', { priority: 3, registeredAt: inSeconds(-7_200).toISOString() });
    expect(await dueRefs({ groupIds: ['new'] })).toEqual([urgent, nearly, fresh, justLate, old, oldest]);
    expect(await dueRefs({ groupIds: ['new'], limit: 4 })).toEqual([urgent, nearly, fresh, justLate]);
  });
});

describe('when an order enters the queue', () => {
  it('after the shop’s delay before the first call', async () => {
    const id = await scheduled('later');
    expect(await dueRefs({ groupIds: ['late'] })).toEqual([]);
    expect(await orders.countDue(['late'], new Date())).toBe(0);
    expect(await orders.countDue(['late'], inSeconds(61))).toBe(1);
    expect(await dueRefs({ groupIds: ['late'], now: inSeconds(61) })).toEqual([id]);
    expect(await orders.countDue(['late'], inSeconds(61))).toBe(1);
  });

  it('20 s before a promised callback, first of those who are not owed more', async () => {
    const promised = await scheduled('plain');
    const other = await scheduled('plain', { priority: 9 });
    const at = inSeconds(3_600);
    const agentId = randomUUID();
    await inTx((tx) =>
      orders.reschedule(tx, promised, { notBefore: null, reason: 'callback', callback: { at, agentId } }),
    );
    expect(await dueRefs({ now: new Date(at.getTime() - 21_000) })).toEqual([other]);
    const [first, second] = await due({ now: new Date(at.getTime() - 19_000) });
    expect(first).toMatchObject({ orderRef: promised, callbackAt: at, callbackAgentId: agentId, turnAt: at });
    expect(second?.orderRef).toBe(other);
  });

  it('again when the dialer has put it off, with the turn that it had', async () => {
    const id = await scheduled('plain');
    const { turn_at } = await rowOf(id);
    await inTx((tx) => orders.putOff(tx, id, inSeconds(30), 'number_busy'));
    expect(await dueRefs()).toEqual([]);
    const [again] = await due({ now: inSeconds(31) });
    expect(again).toMatchObject({ orderRef: id, turnAt: turn_at });
    expect(again!.waitingSince.getTime()).toBeGreaterThan(inSeconds(20).getTime());
  });

  it('also when thousands do at the same time: 200 with each look, the most urgent of them first', async () => {
    const [{ hash }] = (await sql<{ hash: Buffer }>(`SELECT phone_hash AS hash FROM orders LIMIT 1`)) as [
      { hash: Buffer },
    ];
    await sql(
      `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, priority, registered_at, call_by, turn_at, due_at, is_due, trace_id)
       SELECT gen_random_uuid(), 'plain', 'rush-' || n, 1, 'scheduled', $1, (SELECT phone_encrypted FROM orders WHERE phone_encrypted IS NOT NULL LIMIT 1),
         n % 10, now(), now(), now(), date_trunc('second', now()) + interval '1 hour', false, 'trace' FROM generate_series(1, 1000) n`,
      [hash],
    );
    const now = inSeconds(3_601);
    expect(await orders.countDue(['default'], now)).toBe(1_000);
    const first = await due({ now, limit: 50 });
    expect(first.every(({ priority }) => priority === 9)).toBe(true);
    const entered = async () =>
      (await sql<{ n: number }>(`SELECT count(*)::int AS n FROM orders WHERE is_due AND order_id LIKE 'rush-%'`))[0]?.n;
    expect(await entered()).toBe(200);
    for (let look = 0; look < 4; look++) await due({ now, limit: 1 });
    expect(await entered()).toBe(1_000);
  });

  it('in a rush of others too, if a call is owed: a promised callback and a buyer abandoned before wait behind nobody', async () => {
    const [promised, abandoned] = [await scheduled('plain'), await scheduled('plain')];
    const at = inSeconds(3_620);
    await inTx((tx) =>
      orders.reschedule(tx, promised, { notBefore: null, reason: 'callback', callback: { at, agentId: null } }),
    );
    await inTx((tx) =>
      orders.reschedule(tx, abandoned, {
        notBefore: inSeconds(3_600),
        reason: 'retry',
        countsAs: 'abandoned',
        isAbandoned: true,
      }),
    );
    await sql(
      `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, priority, registered_at, call_by, turn_at, due_at, is_due, trace_id)
       SELECT gen_random_uuid(), 'plain', 'morning-' || n, 1, 'scheduled', decode(lpad(to_hex(n), 64, '0'), 'hex'), phone_encrypted, 9,
         now(), now(), now(), now() + interval '50 minutes', false, 'trace'
       FROM orders, generate_series(1, 1000) n WHERE id = $1`,
      [promised],
    );
    expect(await dueRefs({ now: inSeconds(3_602), limit: 2 })).toEqual([abandoned, promised]);
  });
});

it('leaves out buyers who wish no more calls of the shop', async () => {
  const phone = `+38067${nextPhone++}`;
  const listed = await scheduled('plain', { customer: { phone } });
  const other = await scheduled('second', { customer: { phone } });
  const row = await inTx((tx) => orders.lock(tx, listed));
  await inTx((tx) => app.get(DoNotCallList).add(tx, row));
  expect(await dueRefs()).toEqual([other]);
});

describe('between the shops of a group', () => {
  it('takes turns by their shares, also over one look and the next', async () => {
    for (let n = 0; n < 6; n++) for (const shop of ['big', 'small']) await scheduled(shop);
    const look = (limit: number) => due({ groupIds: ['sale'], limit });
    expect((await look(6)).filter(({ shopId }) => shopId === 'big')).toHaveLength(4);
    const called: string[] = [];
    for (let n = 0; n < 6; n++) {
      const [next] = await look(1);
      await inTx(async (tx) => {
        await orders.setProgress(tx, next!.orderRef, 'dialing', randomUUID());
        orders.noteCalled(tx, 'sale', next!);
      });
      called.push(next!.shopId);
    }
    expect(called.filter((shopId) => shopId === 'big')).toHaveLength(4);
    expect(called.slice(0, 3).sort()).toEqual(['big', 'big', 'small']);
  });

  it('gives what is owed first, whichever the shop', async () => {
    await scheduled('small');
    const owed = await scheduled('big');
    await inTx((tx) =>
      orders.reschedule(tx, owed, { notBefore: null, reason: 'retry', countsAs: 'abandoned', isAbandoned: true }),
    );
    expect((await dueRefs({ groupIds: ['sale'] }))[0]).toBe(owed);
  });

  it('a group behind others helps at once when they have nobody', async () => {
    const id = await scheduled('shared');
    const back = { groupIds: ['back'] };
    expect(await dueRefs(back)).toEqual([]);
    expect(await dueRefs({ ...back, staffedGroups: new Set(['back']) })).toEqual([id]);
    expect(await dueRefs({ ...back, staffedGroups: new Set(['back', 'front']) })).toEqual([]);
    expect(await orders.countDue(['back'], new Date(), new Set(['back']))).toBe(1);
  });
});

it('hands out what the choice of agent and trunk needs, without opening the card', async () => {
  const id = await scheduled('plain', {
    customer: { language: 'pl' },
    items: [{ group: 'tv' }, { group: 'tv' }, { group: 'phones' }, { name: 'no group' }],
    delivery: { city: 'Київ' },
  });
  const [order] = await due();
  expect(order).toMatchObject({
    orderRef: id,
    language: 'pl',
    routing: { itemGroups: ['tv', 'phones'], language: 'pl', region: 'Київ' },
    earlierAgentId: null,
  });
});

describe('the queue in Postgres', () => {
  const random = (() => {
    let seed = 20_261_122;
    return (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
  })();

  it.each(['oldest_first', 'newest_first'] as const)('counts as the rule of the core does: %s', async (whenLate) => {
    const now = new Date();
    const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
    const rows = Array.from({ length: 400 }, () => ({
      id: randomUUID(),
      // Few different values, so that ties are common.
      priority: random(4),
      isAbandonedBefore: random(12) === 0,
      callbackAt: random(8) === 0 ? at(random(20) - 10) : null,
      turnAt: at(random(40) - 20),
      receivedAt: at(-random(3)),
    }));
    await sql(
      `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, priority, is_abandoned_before, callback_at, turn_at, received_at,
         registered_at, due_at, is_due, trace_id)
       SELECT id, 'plain', 'random-' || id, 1, 'scheduled', decode(md5(id::text), 'hex'), priority, abandoned, callback, turn, received, received,
         received, received < $7, 'trace'
       FROM unnest($1::uuid[], $2::int[], $3::boolean[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[])
         AS r (id, priority, abandoned, callback, turn, received)`,
      [
        rows.map(({ id }) => id),
        rows.map(({ priority }) => priority),
        rows.map(({ isAbandonedBefore }) => isAbandonedBefore),
        rows.map(({ callbackAt }) => callbackAt),
        rows.map(({ turnAt }) => turnAt),
        rows.map(({ receivedAt }) => receivedAt),
        at(-1),
      ],
    );
    const all: QueuedOrder[] = rows.map(({ id, ...row }) => ({ ...row, orderRef: id, shopId: 'plain' }));
    const expected = all.sort((a, b) => compareOrders(a, b, { now, whenLate })).map(({ orderRef }) => orderRef);
    const served: ServedShop[] = [{ shopId: 'plain', groupId: 'default', afterSeconds: 0, whenLate, share: 1 }];
    for (const limit of [1, 7, 60, 1_000]) {
      const found = await inTx(async (tx) => {
        // 200 orders enter with each look.
        for (let look = 0; look < 2; look++) await dueOrders(tx, { served, now, skip: [], limit: 1 });
        return dueOrders(tx, { served, now, skip: [], limit });
      });
      const order = found.sort((a, b) => compareOrders(a, b, { now, whenLate })).map(({ orderRef }) => orderRef);
      expect(order.slice(0, limit)).toEqual(expected.slice(0, limit));
      if (whenLate === 'oldest_first') expect(found).toHaveLength(Math.min(limit, 400));
    }
  });

  it('reads no more rows than it gives, however many wait for their time or their turn', async () => {
    for (let from = 1; from < 10_000; from += 1_000)
      await sql(
        `INSERT INTO orders (id, shop_id, order_id, version, status, phone_hash, phone_encrypted, priority, registered_at, turn_at, due_at, is_due, trace_id)
       SELECT gen_random_uuid(), CASE n % 2 WHEN 0 THEN 'plain' ELSE 'newest' END, 'many-' || n, 1, 'scheduled', decode(md5(n::text), 'hex'),
         (SELECT phone_encrypted FROM orders WHERE phone_encrypted IS NOT NULL LIMIT 1), n % 3, now(),
         now() + (n % 1000 - 500) * interval '1 second', now() + (n % 4 - 1) * interval '1 hour', n % 4 < 2, 'trace' FROM generate_series($1::int, $2::int) n`,
        [from, from + 999],
      );
    await sql('ANALYZE orders');
    const read = await inTx(async (tx) => {
      const count = async () => {
        const rows: { n: number }[] = await tx.query(
          `SELECT (seq_tup_read + idx_tup_fetch)::int AS n FROM pg_stat_xact_user_tables WHERE relname = 'orders'`,
        );
        return rows[0]?.n ?? 0;
      };
      // What earlier transactions of this connection have read may still be among it.
      const before = await count();
      await orders.lockNextDue(tx, {
        groupIds: ['default', 'new'],
        exceptShops: [],
        now: new Date(),
        skip: [],
        limit: 30,
      });
      return (await count()) - before;
    });
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(1_000);
  });
});
