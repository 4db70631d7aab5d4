import type { Presence } from '../../../src/core/agent/agent.js';
import { agentOfLeg } from '../../../src/core/call/leg-ids.js';
import type { Call } from '../../../src/core/call/call.js';
import type { OrderState } from '../../../src/core/order/order-machine.js';
import type { OrderStatus } from '../../../src/core/order/order.js';
import type { AbandonCap, ShopSettings } from '../../../src/core/order/shop-settings.js';
import type { Database, DatabaseWatcher } from '../shell/database.js';
import type { PacingRecord } from '../shell/pacer.js';
import { liveCallOf, type AgentRow, type CallRow, type OrderRow } from '../shell/rows.js';
import type { Findings } from './findings.js';
import type { CarrierSide, Leaders } from './carrier-side.js';

/** Which status may follow which (docs of the order machine, written down a second time). */
const MAY_FOLLOW: Readonly<Record<OrderStatus, readonly OrderStatus[]>> = {
  accepted: ['scheduled', 'final'],
  scheduled: ['scheduled', 'dialing', 'connected', 'final'],
  dialing: ['dialing', 'ringing', 'connected', 'wrap_up', 'scheduled', 'final'],
  ringing: ['ringing', 'connected', 'wrap_up', 'scheduled', 'final'],
  connected: ['connected', 'wrap_up', 'scheduled', 'final'],
  wrap_up: ['wrap_up', 'scheduled', 'final'],
  final: [],
};
const LIVE: readonly OrderStatus[] = ['dialing', 'ringing', 'connected'];
/** From the reservation: the longest ring, the answer, and the reconciler that frees who was forgotten. */
const RESERVED_MS = 75_000;
const HEAL_MS = 30_000;
const CLEARED_MS = 10_000;
const SWEPT_MS = 5_000;
const WITHDRAWN_MS = 1_200;
const WRITTEN_MS = 100;

export interface RecordSideParts {
  readonly findings: Findings;
  readonly settingsOf: (shopId: string) => ShopSettings;
  /** Calls of the day before that the caps count. */
  readonly pastOf: (shopId: string) => { readonly answered: number; readonly abandoned: number };
  /** The mode that the group is dialled in. */
  readonly modeOf: (groupId: string, shopId: string) => 'progressive' | 'predictive';
}

/** What the rows say: one live call of an order, one call of an agent, legal moves, writes of the present leader, caps kept when calls are placed. */
export class RecordSide implements DatabaseWatcher, Leaders {
  private readonly leaders = new Map<string, { holder: string; epoch: number; sinceMs: number }>();
  private readonly liveByOrder = new Map<string, string>();
  private readonly liveByShop = new Map<string, number>();
  private readonly callOfAgent = new Map<string, string>();
  private readonly allowance = new Map<string, number>();
  /** Groups that call ahead of their agents by their last decision. */
  private readonly ahead = new Set<string>();
  private readonly answered = new Map<string, { atMs: number; isAbandoned: boolean }[]>();
  private readonly windows = new Map<string, { from: number; to: number; abandoned: number }>();
  private readonly agentOfCall = new Map<string, string>();
  carrier: CarrierSide | null = null;
  database: Database | null = null;

  constructor(private readonly parts: RecordSideParts) {}

  holderOf(groupId: string): { readonly holder: string; readonly epoch: number; readonly sinceMs: number } | null {
    return this.leaders.get(groupId) ?? null;
  }

  onLeader(groupId: string, holder: string, epoch: number, isChange: boolean): void {
    const before = this.leaders.get(groupId);
    if (before !== undefined && isChange && epoch <= before.epoch)
      this.broken('I15', `the epoch of ${groupId} did not grow with its leader`, [holder]);
    const sinceMs = isChange || before === undefined ? this.parts.findings.time.nowMs() : before.sinceMs;
    this.leaders.set(groupId, { holder, epoch, sinceMs });
  }

  /** A turn has decided; calls placed until the next decision are its. */
  onDecision(decision: PacingRecord): void {
    this.allowance.set(decision.groupId, decision.dial);
    if (decision.isAhead) this.ahead.add(decision.groupId);
    else this.ahead.delete(decision.groupId);
  }

  onOrder(order: OrderRow, before: OrderState | null): void {
    const { status } = order.state;
    if (before === null) {
      if (status !== 'accepted' && status !== 'final')
        this.broken('I16', `an order begins as ${status}`, [order.orderRef]);
      return;
    }
    if (before.status === 'final') return this.broken('I2', `a final order was changed to ${status}`, [order.orderRef]);
    if (before !== order.state && !MAY_FOLLOW[before.status].includes(status))
      this.broken('I16', `an order went from ${before.status} to ${status}`, [order.orderRef]);
    const callId = 'callId' in before ? before.callId : null;
    if (callId !== null) this.checkWithdrawn(order, before, callId);
    const isDone = status === 'scheduled' || status === 'wrap_up' || status === 'final';
    if (callId !== null && LIVE.includes(before.status) && isDone && this.isLive(callId))
      this.broken('I16', `an order went from ${before.status} to ${status} while its call is alive`, [
        order.orderRef,
        callId,
      ]);
    const now = liveCallOf(order);
    if (callId !== null && now !== null && now !== callId)
      this.broken('I4', 'an order went from one live call to another', [order.orderRef, callId, now]);
  }

  /** A ring ends within a second after the cancel; the poll behind a lost wake-up included. */
  private checkWithdrawn(order: OrderRow, before: OrderState, callId: string): void {
    const wasAsked = 'isWithdrawRequested' in before && before.isWithdrawRequested;
    if (wasAsked || !('isWithdrawRequested' in order.state) || !order.state.isWithdrawRequested) return;
    const orders = this.database?.calls.get(callId)?.orderRefs ?? [];
    if (orders.length > 1) return;
    this.parts.findings.within(
      WITHDRAWN_MS,
      HEAL_MS,
      () => this.carrier?.isUnanswered(callId) !== true,
      () => this.broken('I7', 'a phone rings on for an order that the shop took back', [callId, order.orderRef]),
    );
  }

  onCallPlaced(row: CallRow): void {
    const { callId, route } = row;
    const before = this.liveByOrder.get(route.orderRef);
    if (before !== undefined) this.broken('I4', 'a second live call of one order', [route.orderRef, before, callId]);
    this.liveByOrder.set(route.orderRef, callId);
    this.checkEpoch('placed', row);
    this.checkAgent(row);
    this.checkPlaced(row);
  }

  onCall(row: CallRow, _before: Call): void {
    const { callId, call, route } = row;
    this.checkEpoch('written', row);
    if (call.state !== 'ended') return this.checkAgent(row);
    this.releaseAgent(callId);
    if (this.liveByOrder.get(route.orderRef) === callId) this.liveByOrder.delete(route.orderRef);
    this.liveByShop.set(route.shopId, (this.liveByShop.get(route.shopId) ?? 0) - 1);
    if (call.answeredAt === null || (call.result !== 'answered' && call.result !== 'abandoned')) return;
    const seen = this.answered.get(route.shopId) ?? [];
    seen.push({ atMs: call.endedAt.getTime(), isAbandoned: call.result === 'abandoned' });
    this.answered.set(route.shopId, seen);
  }

  /** A buyer is put to an agent: that agent must be reserved for this very call. */
  onBridge(callId: string, agentLegId: string): void {
    const agentId = agentOfLeg(agentLegId) ?? '';
    const presence = this.database?.agents.get(agentId)?.presence;
    if (presence !== undefined && 'callId' in presence && presence.callId === callId) return;
    this.broken(
      'I11',
      `a buyer is put to an agent who is ${presence?.state ?? 'unknown'} and not reserved for the call`,
      [callId, agentId],
    );
  }

  onAgent(row: AgentRow, _before: Presence): void {
    const { agentId, presence } = row;
    const { findings } = this.parts;
    if (presence.state === 'ready') this.checkAlone(row);
    if (presence.state === 'wrap_up') {
      const { limitAt, callId } = presence;
      findings.within(
        limitAt.getTime() - findings.time.nowMs() + SWEPT_MS,
        HEAL_MS,
        () => row.presence.state !== 'wrap_up' || row.presence.callId !== callId,
        () => this.broken('I12', 'a wrap-up does not end', [agentId, callId]),
      );
    }
    if (presence.state !== 'reserved') return;
    const { since } = presence;
    findings.within(
      RESERVED_MS,
      HEAL_MS,
      () => row.presence.state !== 'reserved' || row.presence.since !== since,
      () => this.broken('I12', 'a reservation does not end', [agentId, presence.callId]),
    );
  }

  /** A hang-up that the exchange could not be told is given up in the end: then the reconciler clears the bridge before the next call. */
  private checkAlone(row: AgentRow): void {
    const { findings } = this.parts;
    const buyer = this.carrier?.buyerWith(row.agentId) ?? null;
    if (buyer === null) return;
    const tell = (): void => this.broken('I11', 'an agent is ready with a buyer in their bridge', [row.agentId, buyer]);
    if (!findings.isTroubled(HEAL_MS)) tell();
    else findings.within(0, CLEARED_MS, () => this.carrier?.buyerWith(row.agentId) !== buyer, tell);
  }

  /** After the last fault and a while to heal: nothing may be under way any more. */
  checkRest(): void {
    const { database } = this;
    if (database === null) return;
    for (const row of database.liveCalls) this.broken('rest', `a call is still ${row.call.state}`, [row.callId]);
    for (const order of database.orders.values()) {
      const { status } = order.state;
      if (status !== 'final' && status !== 'scheduled')
        this.broken('rest', `an order is still ${status}`, [order.orderRef]);
    }
    for (const { agentId, presence } of database.agents.values()) {
      if (presence.state !== 'offline') this.broken('rest', `an agent is still ${presence.state}`, [agentId]);
    }
  }

  private checkPlaced(row: CallRow): void {
    const { callId, call, route } = row;
    const { shopId, groupId, orderRef } = route;
    const settings = this.parts.settingsOf(shopId);
    const live = (this.liveByShop.get(shopId) ?? 0) + 1;
    this.liveByShop.set(shopId, live);
    if (live > settings.maxConcurrentCalls)
      this.broken('I13', `${live} calls of ${shopId}, which wants ${settings.maxConcurrentCalls} at once`, [callId]);
    const left = (this.allowance.get(groupId) ?? 0) - 1;
    this.allowance.set(groupId, left);
    if (left < 0) this.broken('I13', 'more calls than the pacing decided', [callId]);
    if (call.agent !== null) return;
    if (!this.ahead.has(groupId)) this.checkOneToOne(callId, groupId);
    const order = this.database?.order(orderRef);
    if (this.parts.modeOf(groupId, shopId) === 'progressive')
      this.broken('I13', 'a call without an agent reserved in progressive dialling', [callId]);
    if (order?.isAbandonedBefore === true)
      this.broken('I13', 'a buyer who was abandoned before is called without an agent reserved', [callId, orderRef]);
    if (order?.callbackAt != null)
      this.broken('I13', 'a promised callback without an agent reserved', [callId, orderRef]);
    const reached = settings.abandon.find((cap) => this.isReached(shopId, cap));
    if (reached !== undefined)
      this.broken('I13', `a call ahead of the agents with the cap of ${reached.maxRatio} reached`, [callId]);
  }

  /** Who is called without an agent of their own, and not ahead of the agents, finds one ready for each who may answer. */
  private checkOneToOne(callId: string, groupId: string): void {
    const { database, carrier } = this;
    if (database === null || carrier === null) return;
    let ready = 0;
    for (const { presence, groupIds } of database.agents.values())
      if (presence.state === 'ready' && groupIds.includes(groupId)) ready += 1;
    const calls = [...database.liveCalls].filter(
      (row) => row.call.agent === null && row.route.groupId === groupId && carrier.mayBeAnswered(row.callId),
    );
    if (calls.length <= ready) return;
    // One that is being hung up counts no more for the dialer, and is written a moment later.
    this.parts.findings.within(
      WRITTEN_MS,
      HEAL_MS,
      () => calls.filter(({ call }) => call.state !== 'ending' && call.state !== 'ended').length <= ready,
      () => this.broken('I13', `${calls.length} calls for ${ready} agents, not to be called ahead of`, [callId]),
    );
  }

  private isReached(shopId: string, cap: AbandonCap): boolean {
    const seen = this.answered.get(shopId) ?? [];
    const key = `${shopId} ${cap.windowHours}`;
    const window = this.windows.get(key) ?? { from: 0, to: 0, abandoned: 0 };
    this.windows.set(key, window);
    for (; window.to < seen.length; window.to += 1) window.abandoned += seen[window.to]!.isAbandoned ? 1 : 0;
    const fromMs = this.parts.findings.time.nowMs() - cap.windowHours * 3_600_000;
    for (; window.from < window.to && seen[window.from]!.atMs <= fromMs; window.from += 1)
      window.abandoned -= seen[window.from]!.isAbandoned ? 1 : 0;
    const past = this.parts.pastOf(shopId);
    const abandoned = past.abandoned + window.abandoned;
    return abandoned > 0 && abandoned >= cap.maxRatio * (past.answered + window.to - window.from);
  }

  private checkAgent(row: CallRow): void {
    const { state, agent } = row.call;
    const agentId = state === 'connected' || state === 'agent_lost' ? agent?.agentId : undefined;
    if (this.agentOfCall.get(row.callId) === agentId) return;
    this.releaseAgent(row.callId);
    if (agentId === undefined) return;
    const other = this.callOfAgent.get(agentId);
    if (other !== undefined && other !== row.callId)
      this.broken('I11', 'an agent talks in two calls', [agentId, other, row.callId]);
    this.callOfAgent.set(agentId, row.callId);
    this.agentOfCall.set(row.callId, agentId);
  }

  private releaseAgent(callId: string): void {
    const agentId = this.agentOfCall.get(callId);
    if (agentId === undefined) return;
    this.agentOfCall.delete(callId);
    if (this.callOfAgent.get(agentId) === callId) this.callOfAgent.delete(agentId);
  }

  private checkEpoch(what: string, row: CallRow): void {
    const leader = this.leaders.get(row.route.groupId);
    if (leader !== undefined && leader.epoch === row.route.epoch) return;
    this.broken('I15', `a call was ${what} in epoch ${row.route.epoch}, the present one is ${leader?.epoch ?? 0}`, [
      row.callId,
    ]);
  }

  private isLive(callId: string): boolean {
    return this.database?.calls.get(callId)?.isEnded === false;
  }

  private broken(id: string, text: string, ids: readonly string[]): void {
    this.parts.findings.broken(id, text, ids);
  }
}
