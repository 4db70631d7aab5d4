import { Injectable } from '@nestjs/common';
import type { AttemptResult } from '../../core/call/result.js';
import type { FirstCallTerms } from '../../core/order/deadline.js';
import type { PutOff } from '../../core/attempt/plan-turn.js';
import type { PutOffReason } from '../../core/order/waiting-for.js';
import { decideOrder, type LiveStatus, type OrderEvent } from '../../core/order/order-machine.js';
import type { Outcome } from '../../core/order/order.js';
import { DialerError } from '../../core/shared/errors.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { DialQueue, type DueQuery } from './dial-queue.js';
import { schedule, scheduleForgotten } from './dial-queue.store.js';
import { OrderMessages, type PreparedOrder } from './order-messages.js';
import { putOffAlike } from './put-off.store.js';
import { stateOf, type Accepted, type DueOrder, type OrderInput, type OrderRow } from './order-row.js';
import {
  insertTimeline,
  lockOrder,
  setFinal,
  setFirstCall,
  setLive,
  setPutOff,
  setScheduled,
  takeSequence,
  type Requeue,
} from './order.store.js';
import { orderFinished } from './orders.events.js';
import { lockOneOfBuyer, lockOpenOfBuyer, ordersInCall, type RowInCall } from './shared-call.store.js';
import { OrdersMetrics, type MessageType } from './orders.metrics.js';

export { DoNotCallList } from './do-not-call-list.js';
export { OrderCards, type OrderView } from './order-cards.js';
export type { PreparedOrder } from './order-messages.js';
export { MOST_TRIES, OrderFault, OrderTries, type OrderWork } from './order-tries.js';
export type { WorkGate } from './work-gate.js';
export type { Accepted, DueOrder, OrderInput, OrderRow } from './order-row.js';
export type { RowInCall } from './shared-call.store.js';

/** Wakes the dialer; the payload is a hint. */
const DIALER_CHANNEL = 'dialer';

/** A job that takes longer is taken for lost. */
const FORGOTTEN_MS = 2_000;

/** When and why an order is to be called again. */
export interface Reschedule {
  readonly notBefore: Date | null;
  /** One word for the history: `retry`, `callback`, `not_called` … */
  readonly reason: string;
  readonly callback?: { readonly at: Date; readonly agentId: string | null };
  /** From when the order may share a call of its buyer, should one be placed before its own turn; absent: not before. */
  readonly joinableAt?: Date;
  /** The result of the attempt that has just ended. */
  readonly countsAs?: AttemptResult;
  readonly isAbandoned?: boolean;
}

/** `isChanged` false: the order was final already; `sequence` is then the last one taken. */
export interface Finished {
  readonly sequence: number;
  readonly isChanged: boolean;
}

/** The order as we keep it: its status moves by the order machine only (`core/order/order-machine.ts`), each move under the row's lock. */
@Injectable()
export class OrdersService {
  constructor(
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly events: Events,
    private readonly shops: ShopsService,
    private readonly messages: OrderMessages,
    private readonly queue: DialQueue,
    private readonly metrics: OrdersMetrics,
  ) {}

  /**
   * Stores what a shop said of an order: new, or changed when the version is higher. A late create of a cancelled order is born withdrawn; an
   * order of a buyer who wishes no more calls of the shop is final at once, `blocked`.
   */
  async accept(tx: Tx, shop: Shop, order: OrderInput, on: { traceId: string; receivedAt: Date }): Promise<Accepted> {
    const { isListed, ...answer } = await this.messages.accept(tx, shop, order, on);
    const isWaiting = answer.status === 'accepted' || answer.status === 'scheduled';
    if (!isListed || !isWaiting) return answer;
    await this.finish(tx, answer.orderRef, { outcome: 'blocked' });
    return { ...answer, status: 'final', callBy: null };
  }

  /** Reads and seals a new order; nothing is stored yet. */
  prepare(shop: Shop, order: OrderInput, on: { traceId: string; receivedAt: Date }): PreparedOrder {
    return this.messages.prepare(shop, order, on);
  }

  /**
   * Stores those of the prepared orders that are simply new: no order of their number is known, and the buyer may be called. The others are for
   * {@link accept}.
   * @returns the ids (ours) of those that were stored
   */
  async acceptNew(tx: Tx, prepared: readonly PreparedOrder[]): Promise<ReadonlySet<string>> {
    return new Set((await this.messages.storeNew(tx, prepared, { alsoListed: false })).keys());
  }

  /**
   * The shop cancels. Not being called: final at once (`orderFinished`). Being called: `orderWithdrawRequested`, and final when the call has ended. Unknown: remembered.
   */
  async withdraw(
    tx: Tx,
    shop: Shop,
    cancel: { orderId: string; version: number; reason: string | null },
    on: { traceId: string; receivedAt: Date },
  ): Promise<Accepted> {
    const { isTombstone, ...answer } = await this.messages.withdraw(tx, shop, cancel, on);
    if (answer.effect !== 'withdrawn' || isTombstone) return answer;
    await this.finish(tx, answer.orderRef, { outcome: 'withdrawn' });
    return { ...answer, status: 'final' };
  }

  /** Counts a message of a shop, once its transaction has been committed. */
  countReceived(shopId: string, type: MessageType): void {
    this.metrics.countReceived(shopId, type);
  }

  /** accepted → scheduled, and wakes the dialer. Harmless when repeated; an order that somebody else is working on is left to the sweep. */
  async schedule(...orderRefs: readonly string[]): Promise<void> {
    await this.transactions.read((tx) => schedule(tx, orderRefs, DIALER_CHANNEL));
  }

  /** Schedules orders, at most so many, that were accepted more than 2 s ago: their job got lost, or Redis is down. @returns how many */
  async scheduleForgotten(limit = 500): Promise<number> {
    return this.transactions.read((tx) =>
      scheduleForgotten(tx, { olderThanMs: FORGOTTEN_MS, limit, channel: DIALER_CHANNEL }),
    );
  }

  /**
   * The orders whose turn it is among shops that one of the groups serves, in dial order (`core/attempt/dial-order.ts`), locked until the
   * transaction ends. Whether their hours permit a call is for the caller to judge; refused ones come back in `skip`.
   *
   * @param query.staffedGroups  groups in which somebody is at work: a group behind others helps at once when they have nobody; absent: all
   */
  async lockNextDue(
    tx: Tx,
    query: DueQuery & {
      exceptShops: readonly string[];
      skip: readonly string[];
      limit: number;
    },
  ): Promise<DueOrder[]> {
    return this.queue.lockNextDue(tx, query);
  }

  /** The order is called now: its shop has had its turn, once the transaction has been committed. */
  noteCalled(tx: Tx, groupId: string, order: DueOrder): void {
    this.queue.noteCalled(tx, groupId, order);
  }

  /** How many orders the groups could call now, if they had anybody free; counts to 1,000 at most. */
  async countDue(groupIds: readonly string[], now: Date, staffedGroups?: ReadonlySet<string>): Promise<number> {
    return this.queue.countDue({ groupIds, now, ...(staffedGroups ? { staffedGroups } : {}) });
  }

  /** The INVITE has left. @returns by when it had to, when it was the first one, else null */
  async noteFirstCall(tx: Tx, orderRef: string, at: Date): Promise<FirstCallTerms | null> {
    return setFirstCall(tx, orderRef, at);
  }

  /** FOR UPDATE. @throws DialerError `order.not_found` */
  async lock(tx: Tx, orderRef: string): Promise<OrderRow> {
    return (await lockOrder(tx, orderRef)) ?? notFound();
  }

  /** The orders in a call, FOR UPDATE in the order of their ids: whoever locks several orders does it here. */
  async lockInCall(tx: Tx, callId: string): Promise<RowInCall[]> {
    return ordersInCall(tx, callId, true);
  }

  /** The same without a lock: for a look that decides nothing. */
  async inCall(tx: Tx, callId: string): Promise<RowInCall[]> {
    return ordersInCall(tx, callId, false);
  }

  /**
   * Takes the buyer's waiting orders of the shop into a live call: each moves as the call's first order does. Before the talk those that could be
   * called now; during it (`connected`) all but held ones and callbacks promised for later. What somebody else has locked stays in the queue.
   */
  async joinCall(
    tx: Tx,
    call: {
      callId: string;
      shopId: string;
      phoneHash: Buffer;
      status: 'dialing' | 'connected';
      /** The order that the call is planned for: its caller moves it. */
      except: string | null;
      now: Date;
    },
  ): Promise<OrderRow[]> {
    const waiting = await lockOpenOfBuyer(tx, { ...call, isTalking: call.status === 'connected' });
    for (const row of waiting) await this.join(tx, row, call);
    return waiting;
  }

  /** The same for one order that the agent names, also held or with a promised callback; null when the buyer has no such order waiting. */
  async joinByName(
    tx: Tx,
    call: { callId: string; shopId: string; phoneHash: Buffer; orderId: string; status: 'connected' | 'wrap_up' },
  ): Promise<OrderRow | null> {
    const row = await lockOneOfBuyer(tx, call);
    if (row !== null) await this.join(tx, row, call);
    return row;
  }

  /**
   * Follows the live call. Late, repeated and foreign facts change nothing; a final order never moves.
   * @param of  the order as it is now, its row locked by this transaction; or its id, to be locked here
   */
  async setProgress(tx: Tx, of: OrderRow | string, status: LiveStatus, liveCallId: string): Promise<void> {
    const order = typeof of === 'string' ? await this.lock(tx, of) : of;
    const decision = decideOrder(stateOf(order), { kind: 'call_progressed', status, callId: liveCallId });
    if (!('ignored' in decision)) await setLive(tx, order.orderRef, status, liveCallId);
  }

  /** Back into the queue. An order whose cancel is waiting becomes final `withdrawn` instead; a final one stays as it is. */
  async reschedule(tx: Tx, orderRef: string, to: Reschedule): Promise<void> {
    const isQueued = await this.requeue(tx, orderRef, {
      notBefore: to.callback?.at ?? to.notBefore,
      callbackAt: to.callback?.at ?? null,
      callbackAgentId: to.callback?.agentId ?? null,
      countsAs: to.countsAs ?? null,
      isAbandoned: to.isAbandoned ?? false,
      holdReason: null,
      joinableAt: to.joinableAt ?? null,
    });
    if (isQueued === null) return;
    const data = {
      reason: to.reason,
      notBefore: (to.callback?.at ?? to.notBefore)?.toISOString() ?? null,
      result: to.countsAs,
    };
    await insertTimeline(tx, isQueued.shopId, orderRef, { kind: 'rescheduled', data });
    await this.notifications.notify(tx, DIALER_CHANNEL, `order:${orderRef}`);
  }

  /**
   * The dialer met the order in the queue and cannot call it before `until`: closed hours, no line, the number is on another call of ours. Counts as
   * nothing, and a promised callback stays promised.
   */
  async putOff(tx: Tx, orderRef: string, until: Date, reason: PutOffReason): Promise<void> {
    await setPutOff(tx, orderRef, until, reason);
  }

  /** The same for what a turn puts off. Where the hours of some zones are closed, all due orders of the shop whose buyers may be there go with the one met. */
  async putOffAll(tx: Tx, all: readonly PutOff[]): Promise<void> {
    const alike = new Map<string, PutOff & { orderRefs: string[] }>();
    for (const one of all) {
      const key = `${one.shopId} ${one.until.getTime()} ${one.reason} ${one.closedZones?.join(' ') ?? one.orderRef}`;
      const known = alike.get(key);
      if (known === undefined) alike.set(key, { ...one, orderRefs: [one.orderRef] });
      else known.orderRefs.push(one.orderRef);
    }
    for (const one of alike.values()) await putOffAlike(tx, one);
  }

  /** Ends the order for ever, takes a sequence for the write-back and publishes `orderFinished`. */
  async finish(tx: Tx, orderRef: string, end: { outcome: Outcome; countsAs?: AttemptResult }): Promise<Finished> {
    const row = await this.lock(tx, orderRef);
    return this.apply(tx, row, { kind: 'finish', outcome: end.outcome }, end.countsAs ?? null);
  }

  /** Another final word for a final order (an agent's correction before the wrap-up ended), with a new sequence. Publishes nothing. */
  async correct(tx: Tx, orderRef: string, outcome: Outcome): Promise<{ sequence: number }> {
    const row = await this.lock(tx, orderRef);
    if (row.status !== 'final') throw new DialerError('call.state_refused', 'Only a final word can be corrected.');
    const sequence = await setFinal(tx, orderRef, outcome, null);
    await insertTimeline(tx, row.shopId, orderRef, { kind: 'corrected', data: { outcome, before: row.outcome } });
    return { sequence };
  }

  /** The next sequence of the order's write-backs. @throws DialerError `order.not_found` */
  async takeSequence(tx: Tx, orderRef: string): Promise<number> {
    return (await takeSequence(tx, orderRef)) ?? notFound();
  }

  /** A line of the order's history. No personal data. */
  async addTimeline(
    tx: Tx,
    shopId: string,
    orderRef: string,
    kind: string,
    data: Readonly<Record<string, unknown>> = {},
  ): Promise<void> {
    await insertTimeline(tx, shopId, orderRef, { kind, data });
  }

  /** Parks the order: it is not called until somebody releases it. `reason` stands in `waitingFor`: no personal data. */
  async hold(tx: Tx, orderRef: string, reason: string, countsAs?: AttemptResult): Promise<void> {
    const row = await this.requeue(tx, orderRef, {
      notBefore: null,
      callbackAt: null,
      callbackAgentId: null,
      countsAs: countsAs ?? null,
      isAbandoned: false,
      holdReason: reason,
      joinableAt: null,
    });
    if (row !== null) await insertTimeline(tx, row.shopId, orderRef, { kind: 'held', data: { reason } });
  }

  private async join(tx: Tx, row: OrderRow, call: { callId: string; status: LiveStatus }): Promise<void> {
    const { orderRef, shopId } = row;
    if (row.status === 'accepted') await schedule(tx, [orderRef], DIALER_CHANNEL);
    const isNew = row.status === 'accepted';
    await this.setProgress(tx, isNew ? { ...row, status: 'scheduled' } : row, call.status, call.callId);
    await insertTimeline(tx, shopId, orderRef, { kind: 'joined_call', data: { callId: call.callId } });
  }

  /** The row before the change, or null when the order did not go back into the queue. */
  private async requeue(tx: Tx, orderRef: string, to: Omit<Requeue, 'dueAt' | 'turnAt'>): Promise<OrderRow | null> {
    const row = await this.lock(tx, orderRef);
    const decision = decideOrder(stateOf(row), { kind: 'reschedule' });
    if ('ignored' in decision) return null;
    if (decision.order.status === 'final') {
      await this.apply(tx, row, { kind: 'reschedule' }, to.countsAs);
      return null;
    }
    await setScheduled(tx, orderRef, { ...to, ...(await this.queue.place(row, to)) });
    return row;
  }

  /** Performs an event that may end the order. */
  private async apply(tx: Tx, row: OrderRow, event: OrderEvent, countsAs: AttemptResult | null): Promise<Finished> {
    const decision = decideOrder(stateOf(row), event);
    if ('ignored' in decision || decision.order.status !== 'final') return { sequence: row.sequence, isChanged: false };
    const { orderRef, shopId, traceId } = row;
    const { outcome } = decision.order;
    const sequence = await setFinal(tx, orderRef, outcome, countsAs);
    await insertTimeline(tx, shopId, orderRef, { kind: 'final', data: { outcome } });
    await this.events.publish(tx, orderFinished, { shopId, orderRef, outcome, sequence, traceId });
    return { sequence, isChanged: true };
  }
}

function notFound(): never {
  throw new DialerError('order.not_found', 'There is no such order.');
}
