/** Whom of the orders whose deadline is lost a shop wants called first. */
export const WHEN_LATE = ['oldest_first', 'newest_first'] as const;
export type WhenLate = (typeof WHEN_LATE)[number];

/** What decides whose turn it is among orders that may be called now. */
export interface QueuedOrder {
  readonly orderRef: string;
  readonly shopId: string;
  /** The buyer picked up before and found no agent. */
  readonly isAbandonedBefore: boolean;
  /** Promised to the buyer; not null here means that it is due. */
  readonly callbackAt: Date | null;
  /** 0–9, 9 is called first. */
  readonly priority: number;
  /** By when it is to be called: {@link turnAtOf}. */
  readonly turnAt: Date;
  readonly receivedAt: Date;
}

/** A promised callback is due this long before its time: it may wait for an agent and still fall within 30 s of the promise, early or late. */
export const CALLBACK_LEAD_MS = 20_000;

/** Bands of the queue, called in this order: buyers we hung up on, due callbacks, then priority 9 down to 0. */
const ABANDONED_BAND = 0;
const CALLBACK_BAND = 1;
const HIGHEST_BAND = 11;

/** When an order comes into the queue: once its callback is near, its gap over, its delay past; else with its arrival. */
export function dueAtOf(order: {
  readonly receivedAt: Date;
  readonly notBefore: Date | null;
  readonly callbackAt: Date | null;
}): Date {
  if (order.callbackAt !== null) return new Date(order.callbackAt.getTime() - CALLBACK_LEAD_MS);
  return order.notBefore ?? order.receivedAt;
}

/**
 * The instant that ranks orders of one band, earliest first. A first call is due by the order's deadline, and stays so after attempts that the
 * buyer had no part in. A retry is given `patienceMs` from the instant it became due: orders that nobody has been called for yet go before it
 * while their deadline is nearer, and yet it moves up as time passes, so that it never starves. A callback is due when promised.
 *
 * @param order.attemptsCharged  ended attempts that count against the buyer (`isCharged`)
 * @param order.callBy           null: none was set; the order's arrival stands in
 */
export function turnAtOf(
  order: {
    readonly attemptsCharged: number;
    readonly callBy: Date | null;
    readonly receivedAt: Date;
    readonly dueAt: Date;
    readonly callbackAt: Date | null;
  },
  patienceMs: number,
): Date {
  if (order.callbackAt !== null) return order.callbackAt;
  if (order.attemptsCharged === 0) return order.callBy ?? order.receivedAt;
  return new Date(order.dueAt.getTime() + patienceMs);
}

/** 0 is called first. The dial queue's index in Postgres counts the same way. */
export function bandOf(order: Pick<QueuedOrder, 'isAbandonedBefore' | 'callbackAt' | 'priority'>): number {
  if (order.isAbandonedBefore) return ABANDONED_BAND;
  if (order.callbackAt !== null) return CALLBACK_BAND;
  return HIGHEST_BAND - order.priority;
}

/** Whether we owe the buyer this call: hung up on before, or promised. Such orders are outside of the shops' shares. */
export function isOwed(order: Pick<QueuedOrder, 'isAbandonedBefore' | 'callbackAt' | 'priority'>): boolean {
  return bandOf(order) <= CALLBACK_BAND;
}

/**
 * The dial order within one shop, for `sort`: by band, then the earliest turn, then first come. With `newest_first` the orders of a band whose turn
 * has passed come after those whose has not, the newest of them first: where not all can be called in time, as many as possible are.
 */
export function compareOrders(a: QueuedOrder, b: QueuedOrder, rule: { now: Date; whenLate: WhenLate }): number {
  const band = bandOf(a);
  if (band !== bandOf(b)) return band - bandOf(b);
  if (rule.whenLate === 'oldest_first' || band <= CALLBACK_BAND) return byTurn(a, b);
  const isLateA = a.turnAt <= rule.now;
  const isLateB = b.turnAt <= rule.now;
  if (isLateA !== isLateB) return isLateA ? 1 : -1;
  return isLateA ? byTurn(b, a) : byTurn(a, b);
}

function byTurn(a: QueuedOrder, b: QueuedOrder): number {
  return (
    a.turnAt.getTime() - b.turnAt.getTime() ||
    a.receivedAt.getTime() - b.receivedAt.getTime() ||
    (a.orderRef < b.orderRef ? -1 : a.orderRef > b.orderRef ? 1 : 0)
  );
}

/**
 * How far the shops of a group are ahead in its calls: start-time fair queueing (Goyal, Vin, Cheng 1996) with one call as the unit. A shop that
 * waits earns nothing by it, and one that takes more than its share while the others are idle owes nothing afterwards. Kept by the group's
 * leader; holds only shops that are ahead of `clock`, so it does not grow.
 */
export interface Shares {
  readonly clock: number;
  /** Where the next call of a shop begins; a shop that is absent begins at `clock`. */
  readonly next: ReadonlyMap<string, number>;
}

export const EQUAL_SHARES: Shares = { clock: 0, next: new Map() };

/**
 * A call was placed for an order of the shop. Calls that are owed ({@link isOwed}) are not charged.
 * @param share  the shop's weight, 1 or more: twice the share, twice the calls when both shops have orders waiting
 */
export function chargeShare(shares: Shares, shopId: string, share: number): Shares {
  const start = startOf(shares, shopId);
  const clock = Math.max(shares.clock, start);
  const next = new Map([...shares.next].filter(([, at]) => at > clock));
  next.set(shopId, start + 1 / share);
  return { clock, next };
}

function startOf(shares: Shares, shopId: string): number {
  return Math.max(shares.clock, shares.next.get(shopId) ?? 0);
}

/** The due orders of one shop, in its own order ({@link compareOrders}). */
export interface ShopQueue<T extends QueuedOrder> {
  readonly shopId: string;
  readonly share: number;
  readonly orders: readonly T[];
}

/**
 * The dial order of a group: first all orders that are owed, whichever their shop; then turn about between the shops by their shares, within each shop
 * in its own order. Of shops that are equally far, the one whose next order has the earlier turn begins.
 *
 * @param queues  each shop once; the first `limit` orders of each suffice
 * @returns       at most `limit` orders
 */
export function mergeShops<T extends QueuedOrder>(queues: readonly ShopQueue<T>[], shares: Shares, limit: number): T[] {
  const owed = queues
    .flatMap(({ orders }) => orders.filter(isOwed))
    .sort((a, b) => bandOf(a) - bandOf(b) || byTurn(a, b));
  const merged = owed.slice(0, limit);
  const lanes = queues
    .map(({ shopId, share, orders }) => ({
      step: 1 / share,
      start: startOf(shares, shopId),
      orders: orders.filter((order) => !isOwed(order)),
      at: 0,
    }))
    .filter((lane) => lane.orders.length > 0);
  while (merged.length < limit) {
    let first: (typeof lanes)[number] | null = null;
    for (const lane of lanes) {
      if (lane.at < lane.orders.length && (first === null || isBefore(lane, first))) first = lane;
    }
    const order = first?.orders[first.at];
    if (first === null || order === undefined) break;
    merged.push(order);
    first.at += 1;
    first.start += first.step;
  }
  return merged;
}

function isBefore<T extends QueuedOrder>(
  a: { start: number; orders: readonly T[]; at: number },
  b: { start: number; orders: readonly T[]; at: number },
): boolean {
  if (a.start !== b.start) return a.start < b.start;
  const [headA, headB] = [a.orders[a.at], b.orders[b.at]];
  return headA !== undefined && headB !== undefined && byTurn(headA, headB) < 0;
}
