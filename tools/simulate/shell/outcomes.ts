import { nextAttempt, restAfterLostCall, outcomeInTime } from '../../../src/core/attempt/next-attempt.js';
import type { AttemptResult } from '../../../src/core/call/result.js';
import { isDemo, type ShopSettings } from '../../../src/core/order/shop-settings.js';
import { decideWord, effectOf, meaningOf, type AgentWord, type Effect } from '../../../src/core/outcome/agent-word.js';
import type { Random } from '../../../src/core/shared/clock.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import type { Database } from './database.js';
import type { Orders } from './orders.js';
import { liveCallOf, outcomeOf, pastAttempts, type CallRow, type OrderRow } from './rows.js';

/** What becomes of an order after an attempt or an agent's word, with the rules of the service. */
export class Outcomes {
  /** Words said of a talk that goes on. */
  private readonly kept = new Map<string, { readonly word: AgentWord; readonly agentId: string }>();

  constructor(
    private readonly time: VirtualTime,
    private readonly database: Database,
    private readonly orders: Orders,
    private readonly settingsOf: (shopId: string) => ShopSettings,
    private readonly random: Random,
  ) {
    database.onWrapUpEnded = (_agent, action) => this.onWrapUpEnded(action.callId);
  }

  /** An agent says what became of their call; false when it is refused. */
  say(agentId: string, callId: string, word: AgentWord): boolean {
    this.database.check();
    const row = this.database.calls.get(callId);
    if (row?.call.agent?.agentId !== agentId || row.call.connectedAt === null) return false;
    this.database.moveAgent(agentId, { kind: 'outcome_given', callId });
    const { presence } = this.database.agent(agentId);
    const isInWrapUp = presence.state === 'wrap_up' && presence.callId === callId;
    const stage = row.isEnded ? (isInWrapUp ? 'wrap_up' : 'over') : 'talking';
    let isTaken = false;
    for (const order of this.ordersOf(row)) {
      const liveCallId = liveCallOf(order);
      const decision = decideWord({
        stage,
        order: { outcome: outcomeOf(order), isElsewhere: liveCallId !== null && liveCallId !== callId },
        meaning: meaningOf(word),
        isWithdrawRequested: order.withdrawRequestedAt !== null,
      });
      if (decision.kind === 'keep') this.kept.set(callId, { word, agentId });
      if (decision.kind === 'apply') this.apply(order, decision.effect, agentId, row);
      isTaken ||= decision.kind !== 'refuse';
    }
    return isTaken;
  }

  /** The call is over: the agent's word takes effect, is waited for in the wrap-up, or the rules decide. */
  onCallEnded(row: CallRow): void {
    const { call, callId } = row;
    const agentId = call.agent?.agentId ?? null;
    const wasConnected = call.connectedAt !== null && agentId !== null;
    const kept = this.kept.get(callId);
    this.kept.delete(callId);
    for (const order of this.ordersOf(row)) {
      if (order.state.status === 'final' || liveCallOf(order) !== callId) continue;
      if (wasConnected) order.earlierAgentId = agentId;
      if (wasConnected && kept !== undefined) {
        this.apply(order, effectOf(meaningOf(kept.word), order.withdrawRequestedAt !== null), kept.agentId, row);
      } else if (wasConnected && this.isInWrapUp(agentId, callId)) this.orders.progress(order, 'wrap_up', callId);
      else this.afterAttempt(order, row);
    }
  }

  /** The order's time has run out; false while a call for it is going on. */
  giveUp(order: OrderRow): boolean {
    this.database.check();
    const { status } = order.state;
    if (status === 'accepted' || status === 'scheduled') {
      const past = order.attempts.flatMap(({ result, plannedAt: startedAt, hasRung }) =>
        result === null ? [] : [{ result, startedAt, hasRung }],
      );
      this.orders.finish(order, outcomeInTime(past));
    }
    return order.state.status === 'final';
  }

  /** Sweep: orders that wait for the word of an agent who is no longer in that wrap-up. */
  closeForgottenWrapUps(inWrapUp: ReadonlySet<OrderRow>): void {
    this.database.check();
    for (const order of [...inWrapUp]) {
      const callId = liveCallOf(order);
      const row = callId === null ? undefined : this.database.calls.get(callId);
      if (row === undefined || !this.isInWrapUp(row.call.agent?.agentId ?? null, row.callId))
        this.afterAttempt(order, row ?? null);
    }
  }

  private onWrapUpEnded(callId: string): void {
    const row = this.database.calls.get(callId);
    if (row === undefined) return;
    for (const order of this.ordersOf(row)) {
      if (order.state.status === 'wrap_up' && liveCallOf(order) === callId) this.afterAttempt(order, row);
    }
  }

  private apply(order: OrderRow, effect: Effect, agentId: string, row: CallRow): void {
    switch (effect.kind) {
      case 'final':
        return this.orders.finish(order, effect.outcome);
      case 'retry':
        return this.afterAttempt(order, row);
      case 'callback':
        this.orders.reschedule(order, {
          notBefore: effect.at,
          callbackAt: effect.at,
          callbackAgentId: effect.isSameAgent ? agentId : null,
        });
    }
  }

  private afterAttempt(order: OrderRow, row: CallRow | null): void {
    if (order.withdrawRequestedAt !== null) return this.orders.finish(order, 'withdrawn');
    const settings = this.settingsOf(order.shopId);
    const { call } = row ?? { call: null };
    const last: AttemptResult = call?.state === 'ended' ? call.result : 'system_failure';
    const mayStillRing = call?.state === 'ended' && call.because === 'lost' && call.answeredAt === null;
    const next = nextAttempt({
      last,
      attempts: pastAttempts(order),
      retry: settings.retry,
      isDemo: isDemo(settings),
      restUntil: mayStillRing && call.dialedAt !== null ? restAfterLostCall(call.dialedAt) : null,
      now: this.time.date(),
      giveUpAt: order.giveUpAt,
      random: this.random,
    });
    if (next.kind === 'final') this.orders.finish(order, next.outcome);
    else if (next.kind === 'again')
      this.orders.reschedule(order, { notBefore: next.at, isAbandoned: next.isAbandoned });
    else this.orders.reschedule(order, { notBefore: null, holdReason: next.reason });
  }

  private isInWrapUp(agentId: string | null, callId: string): boolean {
    if (agentId === null) return false;
    const { presence } = this.database.agent(agentId);
    return presence.state === 'wrap_up' && presence.callId === callId;
  }

  private ordersOf(row: CallRow): OrderRow[] {
    return row.orderRefs.map((orderRef) => this.database.order(orderRef));
  }
}
