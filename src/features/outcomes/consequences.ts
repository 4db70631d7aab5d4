import { Injectable } from '@nestjs/common';
import { CALLBACK_LEAD_MS } from '../../core/attempt/dial-order.js';
import { isCharged, nextAttempt, restAfterLostCall, type NextAttempt } from '../../core/attempt/next-attempt.js';
import type { AttemptResult } from '../../core/call/result.js';
import { attemptLimits, heldBack } from '../../core/calling-hours/attempt-limits.js';
import { effectiveRetry } from '../../core/calling-hours/jurisdiction.js';
import type { Outcome } from '../../core/order/order.js';
import { isDemo } from '../../core/order/shop-settings.js';
import type { Effect } from '../../core/outcome/agent-word.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { afterCommit, type Tx } from '../../platform/database/transaction.js';
import { CallsService, type CallView } from '../calls/calls.service.js';
import { DialingService } from '../dialing/dialing.service.js';
import { DoNotCallList, OrderCards, OrdersService, type OrderRow } from '../orders/orders.service.js';
import { WritebackService } from '../writeback/writeback.service.js';
import { AttemptHistory } from './attempt-history.read-model.js';
import { attemptData, callbackData, outcomeData } from './outcome-messages.js';
import { OutcomeStore, type StoredWord } from './outcome.store.js';
import { OutcomesMetrics } from './outcomes.metrics.js';

/** The attempt that has just ended; null when its end was told to the shop before and only its consequence changes. */
export type EndedAttempt = { readonly result: AttemptResult; readonly call: CallView | null };

/** Performs what follows an attempt or a word: the order moves, and the shop hears of it in the same transaction. All under the order's lock. */
@Injectable()
export class Consequences {
  constructor(
    private readonly orders: OrdersService,
    private readonly cards: OrderCards,
    private readonly doNotCall: DoNotCallList,
    private readonly writeback: WritebackService,
    private readonly calls: CallsService,
    private readonly dialing: DialingService,
    private readonly history: AttemptHistory,
    private readonly store: OutcomeStore,
    private readonly metrics: OutcomesMetrics,
    private readonly clock: DatabaseClock,
  ) {}

  /** An agent's word takes effect. `ended` null: a correction. */
  async ofWord(tx: Tx, order: OrderRow, effect: Effect, word: StoredWord, ended: EndedAttempt | null): Promise<void> {
    switch (effect.kind) {
      case 'final':
        if (effect.outcome === 'do_not_call') await this.doNotCall.add(tx, order);
        await this.orders.finish(tx, order.orderRef, { outcome: effect.outcome, ...countsAs(ended) });
        return;
      case 'retry':
        return this.ofAttempt(tx, order, ended ?? { result: 'answered', call: null }, ended !== null);
      case 'callback': {
        const callback = { at: effect.at, agentId: effect.isSameAgent ? word.agentId : null };
        await this.orders.reschedule(tx, order.orderRef, {
          notBefore: effect.at,
          reason: 'callback',
          callback,
          ...countsAs(ended),
        });
        if (ended) await this.tellAttempt(tx, order, ended, effect.at);
        const sequence = await this.orders.takeSequence(tx, order.orderRef);
        await this.store.setSequence(tx, word.id, sequence);
        const call = ended?.call ?? (await this.calls.view(tx, word.callId));
        await this.tell(tx, order, 'order.callback_scheduled', sequence, callbackData({ order, sequence, word, call }));
      }
    }
  }

  /** An attempt has ended without a final word: another one, or the end. `isNews` false: its end was told before. */
  async ofAttempt(tx: Tx, order: OrderRow, ended: EndedAttempt, isNews = true): Promise<void> {
    const { orderRef } = order;
    const counted = isNews ? countsAs(ended) : {};
    if (order.withdrawRequestedAt !== null) {
      await this.orders.finish(tx, orderRef, { outcome: 'withdrawn', ...counted });
      return;
    }
    if (ended.result === 'withdrawn') {
      // The call was taken back because the buyer has another number now.
      await this.orders.reschedule(tx, orderRef, { notBefore: null, reason: 'number_changed', ...counted });
      return;
    }
    const hasOtherWay = ended.call?.wasRefusedByTrunk === true && (await this.hasOtherWay(tx, order));
    const next = await this.next(tx, order, ended, hasOtherWay);
    if (next.kind === 'final') {
      await this.orders.finish(tx, orderRef, { outcome: next.outcome, ...counted });
      return;
    }
    if (next.kind === 'again') {
      const { at, isAbandoned } = next;
      await this.orders.reschedule(tx, orderRef, {
        notBefore: at,
        reason: hasOtherWay ? 'other_trunk' : next.isAtBestHour === true ? 'best_hour' : 'retry',
        isAbandoned,
        joinableAt: next.earliestAt,
        ...(isStillPromised(order, ended) ? { callback: promisedAgain(order, at) } : {}),
        ...counted,
      });
    } else await this.orders.hold(tx, orderRef, next.reason, counted.countsAs);
    if (isNews) await this.tellAttempt(tx, order, ended, next.kind === 'again' ? next.at : null);
  }

  private async hasOtherWay(tx: Tx, order: OrderRow): Promise<boolean> {
    if (order.phoneHash === null) return false;
    return this.dialing.hasOtherWay(tx, this.cards.cardOf(order).customer.phone, order.phoneHash);
  }

  private async next(tx: Tx, order: OrderRow, ended: EndedAttempt, hasOtherWay: boolean): Promise<NextAttempt> {
    const { orderRef, shopId, phoneHash, giveUpAt } = order;
    const settings = await this.history.settings(tx, shopId);
    const pastCalls =
      phoneHash === null
        ? []
        : ((await this.calls.pastCalls(tx, [{ orderRef, shopId, phoneHash }])).get(orderRef) ?? []);
    // The buyer asked for this call: no limit of the shop holds it back while it has not come about.
    const isPromised = isStillPromised(order, ended);
    const limits = isPromised ? null : attemptLimits(settings);
    const heldUntilMs = (limits === null ? null : heldBack(limits, pastCalls))?.untilMs ?? 0;
    const retry = effectiveRetry(settings);
    const { call } = ended;
    return nextAttempt({
      last: ended.result,
      attempts: await this.history.ended(tx, orderRef),
      retry: isPromised ? { ...retry, maxAttempts: Infinity, maxPer24Hours: Infinity } : retry,
      isDemo: isDemo(settings),
      restUntil: call?.mayStillRing && call.dialedAt !== null ? restAfterLostCall(call.dialedAt) : null,
      hasOtherWay,
      wasUnheard: call?.wasUnheard === true,
      // Without end: the order's own maximum, which the rule itself knows.
      heldBackUntil: Number.isFinite(heldUntilMs) ? new Date(heldUntilMs) : null,
      habits: {
        answeredAt: pastCalls.filter(({ result }) => result === 'answered').map(({ startedAt }) => startedAt),
        timeZone: order.timeZones[0] ?? settings.timeZone,
      },
      now: this.clock.now(),
      giveUpAt: isPromised ? laterOf(giveUpAt, untilPromised(order)) : giveUpAt,
      random: Math.random,
    });
  }

  /** The order has become final, by whomever: the shop hears of it, with the agent's word if there was one. */
  async ofEnd(tx: Tx, end: { orderRef: string; outcome: Outcome; sequence: number }): Promise<void> {
    const { orderRef, outcome, sequence } = end;
    const order = await this.orders.lock(tx, orderRef);
    const word = await this.store.untold(tx, orderRef, outcome);
    await this.tellOutcome(tx, order, outcome, sequence, word);
    const { traceId, attemptsMade: attempts } = order;
    afterCommit(tx, () => this.metrics.final(order.shopId, outcome, { orderRef, traceId, sequence, attempts }));
  }

  /** A final outcome is replaced by another: a new version, told again. */
  async ofCorrection(tx: Tx, order: OrderRow, outcome: Outcome, word: StoredWord): Promise<void> {
    await this.correctList(tx, order, outcome, word.callId);
    const { sequence } = await this.orders.correct(tx, order.orderRef, outcome);
    await this.tellOutcome(tx, order, outcome, sequence, word);
    afterCommit(tx, () =>
      this.metrics.corrected(order.shopId, order.outcome, outcome, { orderRef: order.orderRef, sequence }),
    );
  }

  /** The buyer's wish not to be called follows the last word of the call about it. */
  private async correctList(tx: Tx, order: OrderRow, outcome: Outcome, callId: string): Promise<void> {
    if (outcome === 'do_not_call') return this.doNotCall.add(tx, order);
    if (order.outcome !== 'do_not_call' || order.phoneHash === null) return;
    if (await this.store.hasOther(tx, callId, order.orderRef, 'do_not_call')) return;
    await this.doNotCall.lift(tx, order.shopId, order.phoneHash);
  }

  private async tellOutcome(
    tx: Tx,
    order: OrderRow,
    outcome: Outcome,
    sequence: number,
    word: StoredWord | null,
  ): Promise<void> {
    if (word) await this.store.setSequence(tx, word.id, sequence);
    const callId = word?.callId ?? (await this.history.lastCallId(tx, order.orderRef));
    const call = callId === null ? null : await this.calls.view(tx, callId);
    await this.tell(
      tx,
      order,
      'order.outcome',
      sequence,
      outcomeData({ order, sequence, outcome, word, call, now: this.clock.now() }),
    );
  }

  private async tellAttempt(tx: Tx, order: OrderRow, ended: EndedAttempt, nextAttemptAt: Date | null): Promise<void> {
    const sequence = await this.orders.takeSequence(tx, order.orderRef);
    await this.tell(tx, order, 'order.attempt', sequence, attemptData({ order, sequence, nextAttemptAt, ...ended }));
  }

  private async tell(
    tx: Tx,
    order: OrderRow,
    event: 'order.outcome' | 'order.attempt' | 'order.callback_scheduled',
    sequence: number,
    data: object,
  ): Promise<void> {
    const { shopId, orderRef, traceId } = order;
    await this.writeback.enqueue(tx, { shopId, orderRef, event, sequence, data, traceId });
  }
}

/** The attempt was a promised callback and has failed by no doing of the buyer. */
function isStillPromised(order: OrderRow, ended: EndedAttempt): boolean {
  return order.callbackAt !== null && !isCharged(ended.result);
}

/** A promised callback outlives the order's own time by so much: as long as the sweep of the overdue waits for it. */
function untilPromised({ callbackAt }: OrderRow): Date | null {
  return callbackAt && new Date(callbackAt.getTime() + 3_600_000);
}

/** null is without end. */
function laterOf(a: Date | null, b: Date | null): Date | null {
  return a === null || b === null ? null : a > b ? a : b;
}

/** The same promise, due no sooner than `notBefore`. */
function promisedAgain({ callbackAt, callbackAgentId: agentId }: OrderRow, notBefore: Date) {
  return { at: new Date(Math.max(callbackAt?.getTime() ?? 0, notBefore.getTime() + CALLBACK_LEAD_MS)), agentId };
}

function countsAs(ended: EndedAttempt | null): { countsAs?: AttemptResult } {
  return ended ? { countsAs: ended.result } : {};
}
