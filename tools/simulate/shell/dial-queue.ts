import { isCharged } from '../../../src/core/attempt/next-attempt.js';
import {
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
} from '../../../src/core/attempt/dial-order.js';
import type { OrderRow } from './rows.js';

/** An order in the queue, as the dial order ranks it. */
export interface Queued extends QueuedOrder {
  readonly order: OrderRow;
  readonly dueAt: Date;
}

export interface QueueRule {
  readonly whenLate: WhenLate;
  readonly patienceMs: number;
  readonly share: number;
}

/** How often the order of a shop that calls the newest first is put right: with the time, turns pass. */
const SORT_AGAIN_MS = 1_000;

/** One shop's orders: those to come by the instant at which they become due, those due in dial order. As the dial queue's index in Postgres. */
class ShopLine {
  private readonly later: { readonly atMs: number; readonly entry: Queued }[] = [];
  private readonly due: Queued[] = [];
  private sortedAtMs = 0;

  constructor(
    readonly shopId: string,
    readonly rule: QueueRule,
    private readonly current: ReadonlyMap<string, Queued>,
  ) {}

  add(entry: Queued, now: Date): void {
    if (entry.dueAt <= now) this.insert(entry, now);
    else {
      const atMs = entry.dueAt.getTime();
      const place = position(this.later, (one) => one.atMs > atMs);
      this.later.splice(place, 0, { atMs, entry });
    }
  }

  /** The first due orders that `isWanted`; entries that left the queue are dropped on the way. */
  first(limit: number, now: Date, isWanted: (entry: Queued) => boolean): Queued[] {
    this.wakeDue(now);
    const { due } = this;
    const found: Queued[] = [];
    let seen = 0;
    let kept = 0;
    while (seen < due.length && found.length < limit) {
      const entry = due[seen++]!;
      if (this.current.get(entry.orderRef) !== entry) continue;
      due[kept++] = entry;
      if (isWanted(entry)) found.push(entry);
    }
    if (kept < seen) due.splice(kept, seen - kept);
    return found;
  }

  isAnyDue(now: Date): boolean {
    this.wakeDue(now);
    return this.due.some((entry) => this.current.get(entry.orderRef) === entry);
  }

  private wakeDue(now: Date): void {
    const nowMs = now.getTime();
    while (this.later.length > 0 && this.later[0]!.atMs <= nowMs) {
      const { entry } = this.later.shift()!;
      if (this.current.get(entry.orderRef) === entry) this.insert(entry, now);
    }
    if (this.rule.whenLate === 'oldest_first' || nowMs - this.sortedAtMs < SORT_AGAIN_MS) return;
    this.sortedAtMs = nowMs;
    this.due.sort((a, b) => compareOrders(a, b, { now, whenLate: this.rule.whenLate }));
  }

  private insert(entry: Queued, now: Date): void {
    const rule = { now, whenLate: this.rule.whenLate };
    this.due.splice(
      position(this.due, (one) => compareOrders(one, entry, rule) > 0),
      0,
      entry,
    );
  }
}

/** Whose turn it is in a group: the shops' lines merged by their shares. */
export class DialQueue {
  private readonly lines = new Map<string, ShopLine>();
  private readonly current = new Map<string, Queued>();

  addShop(shopId: string, rule: QueueRule): void {
    this.lines.set(shopId, new ShopLine(shopId, rule, this.current));
  }

  /** The order stands in the queue from now on, by what its row says now. */
  put(order: OrderRow, now: Date): void {
    const line = this.lines.get(order.shopId);
    if (line === undefined) return;
    const { callBy, receivedAt, callbackAt } = order;
    const dueAt = dueAtOf(order);
    const attemptsCharged = order.attempts.filter((one) => one.result !== null && isCharged(one.result)).length;
    const entry: Queued = {
      order,
      dueAt,
      orderRef: order.orderRef,
      shopId: order.shopId,
      isAbandonedBefore: order.isAbandonedBefore,
      callbackAt,
      priority: order.priority,
      receivedAt,
      turnAt: turnAtOf({ attemptsCharged, callBy, receivedAt, dueAt, callbackAt }, line.rule.patienceMs),
    };
    this.current.set(order.orderRef, entry);
    line.add(entry, now);
  }

  remove(orderRef: string): void {
    this.current.delete(orderRef);
  }

  /** Whether an order waits for a call that nothing but people and lines stands in the way of. */
  isAnyDue(now: Date): boolean {
    return [...this.lines.values()].some((line) => line.isAnyDue(now));
  }

  /** @param query.shops  each with the instant by which an order must have been due */
  next(
    query: {
      readonly shops: readonly { readonly shopId: string; readonly dueBefore: Date }[];
      readonly limit: number;
      readonly now: Date;
      readonly shares: Shares;
    },
    isWanted: (entry: Queued) => boolean,
  ): Queued[] {
    const queues = query.shops.flatMap(({ shopId, dueBefore }) => {
      const line = this.lines.get(shopId);
      if (line === undefined) return [];
      const isOpen = dueBefore >= query.now ? isWanted : (entry: Queued) => entry.dueAt <= dueBefore && isWanted(entry);
      const orders = line.first(query.limit, query.now, isOpen);
      return orders.length === 0 ? [] : [{ shopId, share: line.rule.share, orders }];
    });
    return queues.length === 0 ? [] : mergeShops(queues, query.shares, query.limit);
  }

  /** The leader's shares after a call for this entry. */
  charge(shares: Shares, entry: Queued): Shares {
    const line = this.lines.get(entry.shopId);
    return line === undefined || isOwed(entry) ? shares : chargeShare(shares, entry.shopId, line.rule.share);
  }
}

export { EQUAL_SHARES, type Shares };

/** The first index for which `isAfter` holds, in a list where it holds from some point on. */
function position<T>(list: readonly T[], isAfter: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isAfter(list[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
