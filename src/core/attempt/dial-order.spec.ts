import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bandOf,
  chargeShare,
  compareOrders,
  dueAtOf,
  EQUAL_SHARES,
  isOwed,
  mergeShops,
  turnAtOf,
  type QueuedOrder,
  type Shares,
  type WhenLate,
} from './dial-order.js';

const now = new Date('2026-11-22T10:00:00Z');
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);

function order(orderRef: string, more: Partial<QueuedOrder> = {}): QueuedOrder {
  return {
    orderRef,
    shopId: 's',
    isAbandonedBefore: false,
    callbackAt: null,
    priority: 0,
    turnAt: at(600),
    receivedAt: now,
    ...more,
  };
}

const sorted = (orders: QueuedOrder[], whenLate: WhenLate = 'oldest_first') =>
  orders.toSorted((a, b) => compareOrders(a, b, { now, whenLate })).map(({ orderRef }) => orderRef);

describe('within a shop', () => {
  it('abandoned buyers, due callbacks, priority, then the earliest turn', () => {
    expect(
      sorted([
        order('late turn', { turnAt: at(500) }),
        order('near turn', { turnAt: at(100) }),
        order('urgent', { priority: 9 }),
        order('less urgent', { priority: 5, turnAt: at(-100) }),
        order('promised', { callbackAt: at(10), turnAt: at(10) }),
        order('promised earlier', { callbackAt: at(5), turnAt: at(5), priority: 3 }),
        order('hung up on', { isAbandonedBefore: true, turnAt: at(1000) }),
      ]),
    ).toEqual(['hung up on', 'promised earlier', 'promised', 'urgent', 'less urgent', 'near turn', 'late turn']);
  });

  it('of equal turns, first come first called', () => {
    expect(sorted([order('b', { receivedAt: at(-1) }), order('a'), order('c', { receivedAt: at(-2) })])).toEqual([
      'c',
      'b',
      'a',
    ]);
  });

  it('newest first, if the shop wants, once the deadline is lost, and then after those whose is not', () => {
    const orders = [
      order('lost long ago', { turnAt: at(-3_000) }),
      order('just lost', { turnAt: at(-1) }),
      order('in time', { turnAt: at(1) }),
      order('in good time', { turnAt: at(300) }),
      order('lost but urgent', { turnAt: at(-2_000), priority: 1 }),
      order('hung up on', { turnAt: at(-50), isAbandonedBefore: true }),
      order('hung up on before', { turnAt: at(-90), isAbandonedBefore: true }),
    ];
    expect(sorted(orders, 'newest_first')).toEqual([
      'hung up on before',
      'hung up on',
      'lost but urgent',
      'in time',
      'in good time',
      'just lost',
      'lost long ago',
    ]);
    expect(sorted(orders).slice(-4)).toEqual(['lost long ago', 'just lost', 'in time', 'in good time']);
  });
});

describe('an order’s turn', () => {
  const facts = { attemptsCharged: 0, callBy: at(600), receivedAt: now, dueAt: now, callbackAt: null };
  const patienceMs = 1_800_000;

  it('is its deadline as long as the buyer has not been tried', () => {
    expect(turnAtOf(facts, patienceMs)).toEqual(at(600));
    expect(turnAtOf({ ...facts, dueAt: at(60) }, patienceMs)).toEqual(at(600));
    expect(turnAtOf({ ...facts, callBy: null }, patienceMs)).toEqual(now);
  });

  it('is, for a retry, its due time and some patience: behind first calls that are near their deadline, ahead of later ones', () => {
    const retry = turnAtOf({ ...facts, attemptsCharged: 1, dueAt: at(0) }, patienceMs);
    expect(retry).toEqual(at(1_800));
    const registeredAt = (seconds: number) => turnAtOf({ ...facts, callBy: at(seconds + 600) }, patienceMs);
    expect(registeredAt(0) < retry).toBe(true);
    expect(registeredAt(1_201) > retry).toBe(true);
  });

  it('is, for a callback, the promise; it comes into the queue 20 s before', () => {
    const promised = { ...facts, attemptsCharged: 2, callbackAt: at(3_600) };
    expect(turnAtOf(promised, patienceMs)).toEqual(at(3_600));
    expect(dueAtOf({ receivedAt: now, notBefore: at(3_600), callbackAt: at(3_600) })).toEqual(at(3_580));
    expect(dueAtOf({ receivedAt: now, notBefore: at(120), callbackAt: null })).toEqual(at(120));
    expect(dueAtOf({ receivedAt: now, notBefore: null, callbackAt: null })).toEqual(now);
  });
});

/** Lets the group place one call after another for endless queues, and counts whose they are. */
function place(calls: number, shops: Record<string, number>, from: Shares = EQUAL_SHARES) {
  let shares = from;
  const counts: Record<string, number> = {};
  for (let n = 0; n < calls; n++) {
    const queues = Object.entries(shops).map(([shopId, share]) => ({
      shopId,
      share,
      orders: [order(`${shopId}-${n}`, { shopId })],
    }));
    const [next] = mergeShops(queues, shares, 1);
    counts[next!.shopId] = (counts[next!.shopId] ?? 0) + 1;
    shares = chargeShare(shares, next!.shopId, shops[next!.shopId]!);
  }
  return { counts, shares };
}

describe('between the shops of a group', () => {
  const queue = (shopId: string, count: number, more: Partial<QueuedOrder> = {}) => ({
    shopId,
    share: 1,
    orders: Array.from({ length: count }, (_, i) =>
      order(`${shopId}${String(i).padStart(4, '0')}`, { shopId, ...more }),
    ),
  });

  it('gives each the same, or its share', () => {
    expect(place(90, { a: 1, b: 1, c: 1 }).counts).toEqual({ a: 30, b: 30, c: 30 });
    expect(place(90, { a: 1, b: 2, c: 6 }).counts).toEqual({ a: 10, b: 20, c: 60 });
  });

  it('lets no shop save up calls while it has no orders, nor pay for calls that nobody else wanted', () => {
    const alone = place(1_000, { a: 1 }).shares;
    expect(place(100, { a: 1, b: 1 }, alone).counts).toEqual({ a: 50, b: 50 });
  });

  it('takes turns within one look as well, in the order of each shop', () => {
    const merged = mergeShops([queue('a', 5), queue('b', 2)], EQUAL_SHARES, 6);
    expect(merged.map(({ orderRef }) => orderRef)).toEqual(['a0000', 'b0000', 'a0001', 'b0001', 'a0002', 'a0003']);
  });

  it('puts what is owed first, whichever the shop, and outside of the shares', () => {
    const owed = [order('callback', { shopId: 'a', callbackAt: at(1), turnAt: at(1) }), ...queue('a', 2).orders];
    const hungUp = [order('hung up on', { shopId: 'b', isAbandonedBefore: true }), ...queue('b', 2).orders];
    const merged = mergeShops(
      [
        { shopId: 'a', share: 1, orders: owed },
        { shopId: 'b', share: 1, orders: hungUp },
      ],
      EQUAL_SHARES,
      10,
    );
    expect(merged.map(({ orderRef }) => orderRef)).toEqual([
      'hung up on',
      'callback',
      'a0000',
      'b0000',
      'a0001',
      'b0001',
    ]);
    expect(mergeShops([{ shopId: 'a', share: 1, orders: owed }], EQUAL_SHARES, 1)).toHaveLength(1);
  });

  it('keeps no memory of shops that are not ahead', () => {
    let shares = EQUAL_SHARES;
    for (let n = 0; n < 300; n++) shares = chargeShare(shares, `shop-${n}`, 1);
    // All of them began at the same instant; the next call of any moves the clock on and forgets the others.
    shares = chargeShare(shares, 'shop-1', 1);
    expect(shares.next.size).toBe(1);
  });

  it('a flash sale of 5,000 orders does not delay a small shop more than twofold', () => {
    const agents = 10;
    const talkSeconds = 100;
    /** When each order of the small shop is called, by agents who take one call after another. */
    const run = (withSale: boolean) => {
      const small = queue('small', 60, { turnAt: at(900), receivedAt: at(1) });
      const sale = queue('sale', withSale ? 5_000 : 0, { turnAt: at(600) });
      const free = Array.from({ length: agents }, (_, i) => (i * talkSeconds) / agents);
      const calledAt: number[] = [];
      let shares = EQUAL_SHARES;
      while (small.orders.length > 0) {
        const [next] = mergeShops([small, sale], shares, 1);
        const from = next!.shopId === 'small' ? small : sale;
        from.orders.shift();
        shares = chargeShare(shares, next!.shopId, 1);
        const seconds = free.shift()!;
        free.push(seconds + talkSeconds);
        if (next!.shopId === 'small') calledAt.push(seconds);
      }
      return calledAt;
    };
    const alone = run(false);
    const during = run(true);
    const delays = during.map((seconds, i) => (seconds + 1) / (alone[i]! + talkSeconds / agents));
    expect(Math.max(...delays)).toBeLessThanOrEqual(2);
  });
});

const anyOrder = fc.record({
  orderRef: fc.uuid(),
  shopId: fc.constantFrom('a', 'b', 'c'),
  isAbandonedBefore: fc.boolean(),
  callbackAt: fc.option(fc.integer({ min: -60, max: 20 }).map(at), { nil: null }),
  priority: fc.integer({ min: 0, max: 9 }),
  turnAt: fc.integer({ min: -50, max: 50 }).map(at),
  receivedAt: fc.integer({ min: -50, max: 0 }).map(at),
});

it('is one order for all: total, the same from whichever side, and kept within each shop by the merge', () => {
  const orders = fc.uniqueArray(anyOrder, { selector: ({ orderRef }) => orderRef, maxLength: 40 });
  fc.assert(
    fc.property(orders, fc.constantFrom('oldest_first', 'newest_first'), (some, whenLate) => {
      const rule = { now, whenLate } as const;
      for (const a of some)
        for (const b of some) {
          expect(Math.sign(compareOrders(a, b, rule))).toBe(0 - Math.sign(compareOrders(b, a, rule)));
        }
      const queues = ['a', 'b', 'c'].map((shopId) => ({
        shopId,
        share: 1,
        orders: some.filter((one) => one.shopId === shopId).sort((a, b) => compareOrders(a, b, rule)),
      }));
      const merged = mergeShops(queues, EQUAL_SHARES, 100);
      expect(merged).toHaveLength(some.length);
      for (const { shopId, orders: own } of queues) {
        expect(merged.filter((one) => one.shopId === shopId)).toEqual(own);
      }
      const owed = merged.filter(isOwed);
      expect(merged.slice(0, owed.length)).toEqual(owed);
      expect(owed.map(bandOf)).toEqual(owed.map(bandOf).sort());
    }),
  );
});
