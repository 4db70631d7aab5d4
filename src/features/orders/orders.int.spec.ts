import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { createShop, orderCreated, postOrder, type TestShop } from '../../../test/support/shop-client.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { OrderDesk } from './order-desk.js';
import { orderFinished } from './orders.events.js';
import { OrderCards, OrdersService, type DueOrder } from './orders.service.js';

let app: TestApp;
let shop: TestShop;
let orders: OrdersService;
const finished: { orderRef: string; outcome: string; sequence: number }[] = [];

const inTx = <T>(work: (tx: Tx) => Promise<T>) => app.get(Transactions).run(work);
const sql = <R>(text: string, parameters: unknown[] = []) =>
  app.get(Transactions).read((tx) => tx.query(text, parameters) as Promise<R[]>);
const statusOf = async (ref: string) =>
  (
    await sql<{
      status: string;
      outcome: string | null;
      attempts_made: number;
      results: object;
      not_before: Date | null;
      live_call_id: string | null;
      sequence: number;
    }>('SELECT status, outcome, attempts_made, results, not_before, live_call_id, sequence FROM orders WHERE id = $1', [
      ref,
    ])
  )[0];

let nextPhone = 1_000_000;
const freshPhone = () => `+38067${nextPhone++}`;

/** An order in the dial queue; returns our id. */
async function scheduled(data: Record<string, unknown> = {}, of: TestShop = shop): Promise<string> {
  const response = await postOrder(app, of, orderCreated({ customer: { phone: freshPhone() }, ...data }));
  const { id } = (await response.json()) as { id: string };
  await orders.schedule(id);
  return id;
}

const due = (more: Partial<Parameters<OrdersService['lockNextDue']>[1]> = {}) =>
  inTx((tx) =>
    orders.lockNextDue(tx, {
      groupIds: ['default'],
      exceptShops: [],
      now: new Date(Date.now() + 1_000),
      skip: [],
      limit: 100,
      ...more,
    }),
  );
const refs = (rows: readonly DueOrder[]) => rows.map(({ orderRef }) => orderRef);

beforeAll(async () => {
  app = await startTestApp({ roles: ['api'] });
  shop = await createShop(app, 'orders-shop');
  orders = app.get(OrdersService);
  app.get(Events).on(orderFinished, async (_tx, fact) => void finished.push(fact));
}, 60_000);
afterAll(() => app.close(), 60_000);
beforeEach(async () => {
  await sql(`UPDATE orders SET status = 'final', outcome = 'failed', live_call_id = NULL WHERE status <> 'final'`);
});

describe('the dial queue', () => {
  it('gives orders in dial order', async () => {
    const in5 = new Date(Date.now() + 300_000).toISOString();
    const late = await scheduled({ confirmBy: new Date(Date.now() + 900_000).toISOString() });
    const soon = await scheduled({ confirmBy: in5 });
    const urgent = await scheduled({ priority: 9 });
    const callback = await scheduled();
    const abandoned = await scheduled();
    await inTx((tx) =>
      orders.reschedule(tx, callback, {
        notBefore: null,
        reason: 'callback',
        callback: { at: new Date(), agentId: null },
      }),
    );
    await inTx((tx) => orders.reschedule(tx, abandoned, { notBefore: null, reason: 'retry', isAbandoned: true }));
    expect(refs(await due())).toEqual([abandoned, callback, urgent, soon, late]);
    expect(refs(await due({ skip: [abandoned, urgent], limit: 2 }))).toEqual([callback, soon]);
  });

  it('leaves out what may not be called now', async () => {
    const ready = await scheduled();
    const waits = await scheduled();
    await inTx((tx) => orders.reschedule(tx, waits, { notBefore: new Date(Date.now() + 60_000), reason: 'retry' }));
    const held = await scheduled();
    await inTx((tx) => orders.hold(tx, held, 'three failures'));
    const samePhone = freshPhone();
    const talking = await scheduled({ customer: { phone: samePhone } });
    await scheduled({ customer: { phone: samePhone } });
    await inTx((tx) => orders.setProgress(tx, talking, 'dialing', randomUUID()));
    await postOrder(app, shop, orderCreated());
    expect(refs(await due())).toEqual([ready]);
    await app.get(OrderDesk).release(shop.shop, (await inTx((tx) => orders.lock(tx, held))).orderId);
    expect(refs(await due()).sort()).toEqual([ready, held].sort());
    expect(await due({ groupIds: ['other'] })).toEqual([]);
    expect(await due({ exceptShops: [shop.shop] })).toEqual([]);
  });

  it('passes over rows that somebody else has locked', async () => {
    const [first, second] = [await scheduled(), await scheduled()];
    await inTx(async (tx) => {
      const mine = await orders.lockNextDue(tx, {
        groupIds: ['default'],
        exceptShops: [],
        now: new Date(Date.now() + 1_000),
        skip: [],
        limit: 1,
      });
      expect(refs(mine)).toEqual([first]);
      expect(refs(await due())).toEqual([second]);
    });
  });

  it('lets further groups help with orders that have waited', async () => {
    const shared = await createShop(app, 'overflowing', { agentGroups: ['first', 'second'], overflowAfterSeconds: 60 });
    const id = await scheduled({}, shared);
    expect(refs(await due({ groupIds: ['first'] }))).toEqual([id]);
    expect(await due({ groupIds: ['second'] })).toEqual([]);
    const later = await due({ groupIds: ['second'], now: new Date(Date.now() + 61_000) });
    expect(later.map(({ orderRef, groupId }) => ({ orderRef, groupId }))).toEqual([
      { orderRef: id, groupId: 'second' },
    ]);
  });

  it('is filled by a job that a worker left lying, one order at a time, without the order that it was left for', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 3; n += 1) {
      const response = await postOrder(app, shop, orderCreated({ customer: { phone: freshPhone() } }));
      ids.push(((await response.json()) as { id: string }).id);
    }
    const [first, culprit, last] = ids as [string, string, string];
    await sql(`INSERT INTO order_tries (shop_id, order_ref, work, failures) VALUES ($1, $2, 'job', 3)`, [
      shop.shop,
      culprit,
    ]);
    const payload = { orders: ids.map((orderRef) => ({ orderRef, traceId: 'a'.repeat(32) })) };
    await app.get(Jobs).run('order.schedule', payload, true);
    expect((await statusOf(first))?.status).toBe('scheduled');
    expect((await statusOf(last))?.status).toBe('scheduled');
    expect(await sql('SELECT status, hold_reason FROM orders WHERE id = $1', [culprit])).toEqual([
      { status: 'accepted', hold_reason: 'its job ended a worker 3 times before it was done' },
    ]);
    expect(await sql('SELECT * FROM order_tries WHERE order_ref = ANY($1::uuid[])', [ids])).toEqual([]);
  });

  it('passes over an order that somebody else is working on, and puts the others in', async () => {
    const [busy, free] = await Promise.all(
      [1, 2].map(async () => {
        const response = await postOrder(app, shop, orderCreated({ customer: { phone: freshPhone() } }));
        return ((await response.json()) as { id: string }).id;
      }),
    );
    await inTx(async (tx) => {
      await orders.lock(tx, busy ?? '');
      await orders.schedule(busy ?? '', free ?? '');
    });
    expect([(await statusOf(busy ?? ''))?.status, (await statusOf(free ?? ''))?.status]).toEqual([
      'accepted',
      'scheduled',
    ]);
  });

  it('is filled by the job, and by the sweep when the job got lost', async () => {
    const response = await postOrder(app, shop, orderCreated());
    const { id } = (await response.json()) as { id: string };
    const [job] = await sql<{ payload: object }>(
      `SELECT payload FROM outbox WHERE payload @> jsonb_build_object('orders', jsonb_build_array(jsonb_build_object('orderRef', $1::text)))`,
      [id],
    );
    await app.get(Jobs).run('order.schedule', job?.payload ?? {});
    await app.get(Jobs).run('order.schedule', job?.payload ?? {});
    expect((await statusOf(id))?.status).toBe('scheduled');
    const { id: lost } = (await (await postOrder(app, shop, orderCreated())).json()) as { id: string };
    expect(await orders.scheduleForgotten()).toBe(0);
    await sql(`UPDATE orders SET received_at = now() - interval '3 seconds' WHERE id = $1`, [lost]);
    expect(await orders.scheduleForgotten()).toBe(1);
    expect((await statusOf(lost))?.status).toBe('scheduled');
    const lines = await sql<{ kind: string }>('SELECT kind FROM order_timeline WHERE order_ref = ANY($1) ORDER BY id', [
      [id, lost],
    ]);
    expect(lines.map(({ kind }) => kind).sort()).toEqual(['accepted', 'accepted', 'scheduled', 'scheduled']);
  });
});

describe('an order on its way', () => {
  it('follows its call, counts attempts once, and ignores what is late', async () => {
    const id = await scheduled();
    const call = randomUUID();
    for (const status of ['dialing', 'ringing', 'connected', 'ringing', 'wrap_up'] as const) {
      await inTx((tx) => orders.setProgress(tx, id, status, call));
    }
    await inTx((tx) => orders.setProgress(tx, id, 'dialing', randomUUID()));
    expect(await statusOf(id)).toMatchObject({ status: 'wrap_up', attempts_made: 1, live_call_id: call });
    const at = new Date(Date.now() + 7_200_000);
    await inTx((tx) => orders.reschedule(tx, id, { notBefore: at, reason: 'retry', countsAs: 'busy' }));
    expect(await statusOf(id)).toMatchObject({
      status: 'scheduled',
      live_call_id: null,
      results: { busy: 1 },
      not_before: at,
    });
    await inTx((tx) => orders.setProgress(tx, id, 'dialing', randomUUID()));
    await inTx((tx) => orders.reschedule(tx, id, { notBefore: at, reason: 'retry', countsAs: 'busy' }));
    expect(await statusOf(id)).toMatchObject({ attempts_made: 2, results: { busy: 2 } });
  });

  it('ends once, publishes it in the transaction, and stays as it ended', async () => {
    const id = await scheduled();
    finished.length = 0;
    const ends = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        inTx((tx) => orders.finish(tx, id, { outcome: n % 2 === 0 ? 'confirmed' : 'declined' })),
      ),
    );
    expect(ends.filter(({ isChanged }) => isChanged)).toHaveLength(1);
    expect(finished).toMatchObject([{ orderRef: id, sequence: 1 }]);
    const before = await statusOf(id);
    await inTx(async (tx) => {
      await orders.setProgress(tx, id, 'dialing', randomUUID());
      await orders.reschedule(tx, id, { notBefore: null, reason: 'retry' });
      await orders.hold(tx, id, 'no');
    });
    expect(await statusOf(id)).toEqual(before);
    expect(await inTx((tx) => orders.takeSequence(tx, id))).toBe(2);
    expect(await inTx((tx) => orders.correct(tx, id, 'changed'))).toEqual({ sequence: 3 });
    expect(await statusOf(id)).toMatchObject({ status: 'final', outcome: 'changed', sequence: 3 });
  });

  it('rolls back with a listener that fails', async () => {
    const id = await scheduled();
    const broken = new Error('listener');
    let isBroken = true;
    app.get(Events).on(orderFinished, async (_tx, fact) => {
      if (isBroken && fact.orderRef === id) throw broken;
    });
    await expect(inTx((tx) => orders.finish(tx, id, { outcome: 'expired' }))).rejects.toBe(broken);
    isBroken = false;
    expect(await statusOf(id)).toMatchObject({ status: 'scheduled', outcome: null, sequence: 0 });
  });

  it("is readable for the agent, with the buyer's other open orders", async () => {
    const [cards, phone] = [app.get(OrderCards), freshPhone()];
    const one = await scheduled({ customer: { phone, name: 'Іван' } });
    const two = await scheduled({ customer: { phone } });
    await inTx((tx) => orders.finish(tx, two, { outcome: 'confirmed' }));
    const three = await scheduled({ customer: { phone } });
    expect(await cards.card(one)).toMatchObject({
      id: one,
      shopId: shop.shop,
      status: 'scheduled',
      customer: { phone, name: 'Іван' },
      attempts: 0,
    });
    expect(await cards.phone(one)).toBe(phone);
    const hash = (await inTx((tx) => orders.lock(tx, one))).phoneHash ?? Buffer.alloc(0);
    expect((await cards.otherOpenOrders(shop.shop, hash, one)).map(({ id }) => id)).toEqual([three]);
    expect(await cards.otherOpenOrders('overflowing', hash, one)).toEqual([]);
    await expect(cards.card(randomUUID())).rejects.toMatchObject({ code: 'order.not_found' });
  });
});
