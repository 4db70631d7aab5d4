import { Injectable } from '@nestjs/common';
import type { AttemptResult } from '../../core/call/result.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { OrderCards, OrdersService, type OrderRow, type RowInCall } from '../orders/orders.service.js';
import {
  buyerOf,
  callsToLeave,
  endAttempt,
  endAttempts,
  insertAttempt,
  lockMembership,
  lockUnconnected,
  setMain,
} from './call-order.store.js';

/** An order in a call, its row locked. */
export type OrderInCall = RowInCall;

/**
 * Which orders a call is about: the one it was planned for, and the buyer's others (one call for each buyer). An order's row in `attempts` is its
 * part in the call.
 *
 * Locks are taken in one order everywhere: the call's row, the agent's presence, the call's membership, then the orders by id.
 */
@Injectable()
export class CallOrders {
  constructor(
    private readonly transactions: Transactions,
    private readonly orders: OrdersService,
    private readonly cards: OrderCards,
    private readonly clock: DatabaseClock,
  ) {}

  /** All orders in the call, the first one among them, locked in the order of their ids. */
  async lock(tx: Tx, callId: string): Promise<OrderInCall[]> {
    await lockMembership(tx, callId);
    return this.orders.lockInCall(tx, callId);
  }

  /** The same without locks: for a look that decides nothing. */
  async look(tx: Tx, callId: string): Promise<OrderInCall[]> {
    return this.orders.inCall(tx, callId);
  }

  /**
   * The buyer's other orders that are due come into a call that is being planned for `plan.orderRef`.
   *
   * @returns the orders that have joined, as they were before
   */
  async joinPlanned(
    tx: Tx,
    plan: { callId: string; shopId: string; orderRef: string; phoneHash: Buffer },
    at: Date,
  ): Promise<OrderRow[]> {
    return this.join(tx, plan, { status: 'dialing', except: plan.orderRef, at });
  }

  /**
   * The same at the connection, for those that came since the call was planned; also those whose next attempt is not due yet.
   * @param inCall  what {@link lock} gave
   */
  async joinTalk(tx: Tx, callId: string, inCall: readonly OrderInCall[], at: Date): Promise<OrderRow[]> {
    const [first] = inCall;
    if (first === undefined) return [];
    const { order, calledHash: phoneHash } = first;
    const as = { status: 'connected', except: null, at } as const;
    return this.join(tx, { callId, shopId: order.shopId, phoneHash }, as);
  }

  /** One more order of the buyer, by its shop's number, comes in because the agent speaks of it; null when none such waits. After {@link lock}. */
  async joinByName(
    tx: Tx,
    callId: string,
    orderId: string,
    status: 'connected' | 'wrap_up',
  ): Promise<OrderInCall | null> {
    const buyer = await buyerOf(tx, callId);
    if (buyer === null) return null;
    const row = await this.orders.joinByName(tx, { callId, ...buyer, orderId, status });
    if (row === null) return null;
    const number = row.attemptsMade + 1;
    await insertAttempt(tx, { callId, shopId: buyer.shopId, orderRef: row.orderRef, number, at: this.clock.now() });
    return { order: await this.orders.lock(tx, row.orderRef), number, isMain: false, calledHash: buyer.phoneHash };
  }

  /** The attempts of all orders end with the call. Lock the agent's presence before. @returns the orders as they are until somebody moves them */
  async end(
    tx: Tx,
    call: { readonly callId: string; readonly result: AttemptResult; readonly endedAt: Date },
  ): Promise<OrderInCall[]> {
    const orders = await this.lock(tx, call.callId);
    await endAttempts(tx, call.callId, call.result, call.endedAt);
    return orders;
  }

  /** The number to dial: that of the call, as long as one of its orders still has it and is not withdrawn. */
  async number(callId: string): Promise<string | null> {
    const orders = await this.transactions.read((tx) => this.look(tx, callId));
    const called = orders[0]?.calledHash;
    if (called === undefined) return null;
    return this.cards.phoneOf(
      orders.map(({ order }) => order),
      called,
    );
  }

  /** Which of these calls, not connected yet, hold an order that does not belong there any more: the poll behind the notice. */
  async toLeave(tx: Tx, callIds: readonly string[]): Promise<string[]> {
    return callsToLeave(tx, callIds);
  }

  /**
   * Lets the orders go that the shop has withdrawn, or whose buyer has another number now, while the call goes on for the others: withdrawn ones
   * end, the others are called anew. If the first order goes, another takes its place.
   *
   * @returns false when no order is left that wants the call; they stay in it then and follow its end
   */
  async release(callId: string): Promise<boolean> {
    return this.transactions.run(async (tx) => {
      const call = await lockUnconnected(tx, callId);
      if (call === null) return true;
      const all = await this.lock(tx, callId);
      const isWanted = ({ order }: OrderInCall) =>
        order.withdrawRequestedAt === null && order.phoneHash?.equals(call.phoneHash) === true;
      const staying = all.filter(isWanted);
      const heir = staying[0];
      if (heir === undefined) return false;
      const at = this.clock.now();
      for (const one of all) {
        if (isWanted(one)) continue;
        await this.leave(tx, callId, one.order, at);
        if (one.isMain) await setMain(tx, callId, heir.order.orderRef);
      }
      return true;
    });
  }

  private async join(
    tx: Tx,
    call: { callId: string; shopId: string; phoneHash: Buffer },
    as: { status: 'dialing' | 'connected'; except: string | null; at: Date },
  ): Promise<OrderRow[]> {
    const joined = await this.orders.joinCall(tx, { ...call, ...as, now: as.at });
    for (const { orderRef, attemptsMade } of joined) {
      await insertAttempt(tx, { ...call, orderRef, number: attemptsMade + 1, at: as.at });
    }
    return joined;
  }

  private async leave(tx: Tx, callId: string, order: OrderRow, at: Date): Promise<void> {
    const { orderRef, shopId } = order;
    await endAttempt(tx, callId, orderRef, at);
    await this.orders.addTimeline(tx, shopId, orderRef, 'left_call', { callId });
    if (order.withdrawRequestedAt !== null) {
      await this.orders.finish(tx, orderRef, { outcome: 'withdrawn', countsAs: 'withdrawn' });
    } else {
      await this.orders.reschedule(tx, orderRef, { notBefore: null, reason: 'number_changed', countsAs: 'withdrawn' });
    }
  }
}
