import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Call } from '../../core/call/call.js';
import { planCall } from '../../core/call/decide-call.js';
import type { PastCall } from '../../core/calling-hours/attempt-limits.js';
import type { Telephony } from '../../core/call/telephony.js';
import type { RateLeft } from '../../core/trunk/call-rate.js';
import { Notifications } from '../../platform/database/notifications.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { afterCommit, Transactions, type Tx } from '../../platform/database/transaction.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { AgentLegs } from './agent-legs.js';
import { CallOrders, type OrderInCall } from './call-orders.js';
import { callView, type CallView } from './call-view.js';
import { CallStore, routeOf, type AppliedEvent, type CallPlan } from './call.store.js';
import { lockLines, ratesLeft, type RatedTrunk } from './invite.store.js';
import { LedGroups } from './led-groups.js';
import { LineNodes } from './line-nodes.js';
import { LiveCalls, type CallCommand, type LiveCall, type PlacedCall } from './live-calls.js';
import {
  countAnswered,
  recentCallsOf,
  unassignedOf,
  type PastPace,
  type ShopWindow,
  type Unassigned,
  type WindowCount,
} from './pacing.read-model.js';
import { pastCallsOf, type CallableOrder } from './past-calls.read-model.js';
import { NodeHomes } from './node-homes.js';
import { Tenures, type BothClocks } from './tenures.js';
import { Transfers } from './transfers.js';
import { TELEPHONY } from './telephony.provider.js';
import {
  failedTrunks,
  trunkFactsSince,
  trunkUse,
  type TrunkCallFact,
  type TrunkUse,
} from './trunk-calls.read-model.js';

export type { OrderInCall } from './call-orders.js';
export type { CallPlan } from './call.store.js';
export type { CallView } from './call-view.js';
export { NODES_CHANGED } from './node-homes.js';
export type { CallCommand, LiveCall, PlacedCall } from './live-calls.js';
export { bothClocks, type BothClocks } from './tenures.js';
export type { TransferWish } from './transfers.js';
export type { PastPace, ShopWindow, Unassigned, WindowCount } from './pacing.read-model.js';
export type { TrunkCallFact } from './trunk-calls.read-model.js';

/** Channel on which agents' phones ask for a new line; the payload is the agent's id. */
const LINES_CHANNEL = 'agent_lines';

/** Channel on which the processes that run calls are told that something is asked of one; without payload. */
const COMMANDS_CHANNEL = 'call_commands';

/**
 * Live calls. Everybody may place one in their transaction, look at one, or ask something of one; the process that leads the call's agent
 * group runs it.
 */
@Injectable()
export class CallsService implements OnModuleInit, OnModuleDestroy {
  private stopListening: readonly (() => void)[] = [];
  private readonly linkListeners: (() => void)[] = [];

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly transactions: Transactions,
    private readonly notifications: Notifications,
    private readonly store: CallStore,
    private readonly callOrders: CallOrders,
    private readonly live: LiveCalls,
    private readonly agentLegs: AgentLegs,
    private readonly agents: AgentsService,
    private readonly led: LedGroups,
    private readonly homes: NodeHomes,
    private readonly lineNodes: LineNodes,
    private readonly clock: DatabaseClock,
    private readonly tenures: Tenures,
    private readonly transfers: Transfers,
  ) {
    for (const node of nodes) {
      node.onFact((fact) => {
        if (fact.kind === 'link.up' || fact.kind === 'link.down') for (const listener of this.linkListeners) listener();
      });
    }
  }

  onModuleInit(): void {
    this.stopListening = [
      this.notifications.listen(LINES_CHANNEL, (agentId) => {
        if (agentId !== '') void this.agentLegs.renewLine(agentId);
      }),
      // Not with the dialer's next turn: who hangs up, or transfers, waits for it. What fails here is tried again there.
      this.notifications.listen(COMMANDS_CHANNEL, () => void this.live.takeCommands().catch(() => undefined)),
    ];
  }

  onModuleDestroy(): void {
    for (const stop of this.stopListening) stop();
  }

  /** How many calls this process runs. */
  get liveCount(): number {
    return this.live.all().length;
  }

  /** Calls that cannot be handed over: everything but a talk. */
  get unsettledCount(): number {
    return this.live.all().filter(({ call }) => call.state !== 'connected' && call.state !== 'handed_over').length;
  }

  /** How much this process reaches of what the group needs of the exchange; the more, the better it leads the group (`REACH`). */
  reachOf(groupId: string): number {
    return this.led.reachOf(groupId);
  }

  /** Says which nodes this process reaches, and learns which group is at home on which: before each claim of leases. Does not throw. */
  async lookAtNodes(): Promise<void> {
    await this.homes.look();
  }

  /** The node at which a group is at home, as far as was known a second ago; null: none. For processes that lead nothing, too. */
  async homeOf(groupId: string): Promise<string | null> {
    await this.homes.read();
    return this.homes.homeOf(groupId);
  }

  /** The node on which the agent's line stands, or should; null: not known. */
  async lineNodeOf(agentId: string): Promise<string | null> {
    await this.homes.read();
    const agent = await this.agents.presence(agentId);
    return agent.isLegUp && agent.legNode !== null ? agent.legNode : this.lineNodes.nameFor(agent);
  }

  /** Hears when a node has become reachable, or is so no more. The listener must not throw. */
  onLink(listener: () => void): void {
    this.linkListeners.push(listener);
  }

  /** The lease on these groups was ours at `from`, and no other process takes it for so long: until then calls may be placed for them. */
  hold(groupIds: Iterable<string>, from: BothClocks, forMs: number): void {
    this.tenures.grant(groupIds, from, forMs);
  }

  /** The node to place the group's next call on, or null while that is not possible. */
  chooseNode(groupId: string): string | null {
    return this.led.chooseNode(groupId);
  }

  /**
   * Writes a planned call and its attempt, and takes the buyer's other orders that are due into it. The planned order itself is the caller's
   * to move. Hand the result to {@link start} after the commit.
   * @returns null when the order or the number has a live call already, or the buyer wishes none: nothing was written
   */
  async place(tx: Tx, plan: CallPlan): Promise<PlacedCall | null> {
    const now = this.clock.now();
    const { call, actions } = planCall(plan, now);
    const run = this.nodes.find(({ node }) => node === plan.node)?.run ?? null;
    const stored = { call, route: routeOf({ ...plan, run }), version: 0 };
    if (!(await this.store.insert(tx, plan, call, stored.route))) return null;
    const others = await this.callOrders.joinPlanned(tx, plan, now);
    await failpoint('attempt_before_commit', plan.orderRef);
    return { stored, actions, joined: others.map(({ orderRef }) => orderRef), failures: plan.failures ?? 0 };
  }

  /** Sets a placed call going. */
  start(placed: PlacedCall): void {
    this.live.start(placed);
  }

  /** Asks something of a call that another process may run; carried out within a poll of 500 ms at the latest. */
  async request(tx: Tx, callId: string, command: CallCommand): Promise<void> {
    await this.store.putCommand(tx, callId, command);
    afterCommit(tx, () => this.notifications.hint(COMMANDS_CHANNEL));
  }

  /**
   * The same without Postgres, for while it is away.
   * @returns false when this process does not run such a call of this agent's, or cannot do that with it now
   */
  requestHere(agentId: string, callId: string, command: CallCommand): boolean {
    const call = this.live.find(callId)?.call;
    if (call === undefined || call.agent?.agentId !== agentId || call.state === 'ended') return false;
    if (command.kind !== 'agent_hangup' && call.state !== 'connected') return false;
    this.live.carryOut(callId, command);
    return true;
  }

  /** Agents' legs keep their lease though the database is away: the part of {@link tend} that does not need it. */
  async keepLegs(): Promise<void> {
    await this.agentLegs.renewDue();
  }

  /** When its agent could say nothing more of the call: the wrap-up's end, or the call's where there was none; null while it lives. */
  async closedAt(tx: Tx, callId: string): Promise<Date | null> {
    return this.store.closedAt(tx, callId);
  }

  /** Agents to whom the call may be handed over now: of its group, with their line on its node. */
  async freeToTakeOver({ groupId, node }: CallView): Promise<PresenceView[]> {
    return this.transfers.free(groupId, node);
  }

  async view(tx: Tx, callId: string): Promise<CallView | null> {
    const stored = await this.store.find(tx, callId);
    return stored && callView(stored);
  }

  /** All orders in the call, locked in the order of their ids; lock the agent's presence before, if you need it. */
  async lockOrders(tx: Tx, callId: string): Promise<OrderInCall[]> {
    return this.callOrders.lock(tx, callId);
  }

  /** The same without locks: for a look that decides nothing. */
  async ordersInCall(tx: Tx, callId: string): Promise<OrderInCall[]> {
    return this.callOrders.look(tx, callId);
  }

  /** A waiting order of the same buyer comes into the talk, or into its wrap-up, because the agent names it; null when there is none. After {@link lockOrders}. */
  async joinByName(
    tx: Tx,
    callId: string,
    orderId: string,
    status: 'connected' | 'wrap_up',
  ): Promise<OrderInCall | null> {
    return this.callOrders.joinByName(tx, callId, orderId, status);
  }

  /** The events that made a call what it is, in order. */
  async history(tx: Tx, callId: string): Promise<AppliedEvent[]> {
    return this.store.events(tx, callId);
  }

  /** Live calls of each shop, over all processes. */
  async liveByShop(tx: Tx): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { shopId, count } of await this.store.liveByShop(tx))
      counts.set(shopId, (counts.get(shopId) ?? 0) + count);
    return counts;
  }

  /** What limits on attempts count, by order: calls to the number of each order, and of the order itself (`core/calling-hours`). */
  async pastCalls(tx: Tx, orders: readonly CallableOrder[]): Promise<Map<string, PastCall[]>> {
    return pastCallsOf(tx, orders);
  }

  /** Answered and abandoned calls that have ended in each of the windows, over all groups. */
  async countAnswered(tx: Tx, windows: readonly ShopWindow[]): Promise<WindowCount[]> {
    return countAnswered(tx, windows);
  }

  /** The group's last calls for these shops, oldest first: what a new leader learns from. */
  async recentOf(tx: Tx, groupId: string, shopIds: readonly string[], limit: number): Promise<PastPace[]> {
    return recentCallsOf(tx, groupId, shopIds, limit);
  }

  /** Live calls of groups, whoever leads them, that count on an agent being free at the answer. */
  async unassignedOf(tx: Tx, groupIds: readonly string[]): Promise<Unassigned[]> {
    return unassignedOf(tx, groupIds);
  }

  /** Lines in use on each trunk, over all processes. */
  async trunkUse(tx: Tx): Promise<Map<string, TrunkUse>> {
    return trunkUse(tx);
  }

  /** Nobody else takes lines of any trunk until the transaction ends; false when somebody else is taking some for longer than a moment. */
  async lockLines(tx: Tx): Promise<boolean> {
    return lockLines(tx);
  }

  /** What the calls per second of the trunks leave now, over all processes; exact after {@link lockLines}. */
  async ratesLeft(tx: Tx, trunks: readonly RatedTrunk[]): Promise<Map<string, RateLeft>> {
    return ratesLeft(tx, trunks);
  }

  /** What calls that have rung or ended since then say of their trunks, oldest first (`core/trunk`). */
  async trunkFactsSince(tx: Tx, since: Date): Promise<TrunkCallFact[]> {
    return trunkFactsSince(tx, since);
  }

  /** Trunks that have failed on these numbers since then, before anything rang, by the hex of the number's hash. */
  async failedTrunks(tx: Tx, phoneHashes: readonly Buffer[], since: Date): Promise<Map<string, string[]>> {
    return failedTrunks(tx, phoneHashes, since);
  }

  /**
   * Leads a group from now on: hears its legs, takes over its live calls, and compares them with the exchange before any new call is placed.
   * @throws when the group's node is up and cannot be asked, or the lease ran out on the way; nothing of the group is kept then, ask again
   */
  async lead(groupId: string, epoch: number, allLed: readonly string[]): Promise<void> {
    await this.led.lead(groupId, epoch, allLed);
  }

  /** Leadership of a group is lost or given up; its talks go on and are the next leader's. */
  async leave(groupId: string): Promise<void> {
    await this.led.leave(groupId);
  }

  /** The regular work of a leader: what others asked for, agents' legs, and every few seconds the comparison with the exchange. */
  async tend(groupIds: readonly string[]): Promise<void> {
    await this.led.tend(groupIds);
  }

  /** Before the process ends: what the machines have decided is written; the talks go on in the exchange for the next leader. */
  async handOver(): Promise<void> {
    await Promise.all(this.live.all().map((mailbox) => mailbox.settled()));
  }

  /** Hears of groups whose application another process has taken over in an exchange. */
  onReplaced(listener: (groupId: string) => void): void {
    this.live.onReplaced(listener);
  }

  /** Hears of each move of a call of this process, at the moment it is made. The listener must not throw. */
  onMoved(listener: (now: LiveCall, before: Call) => void): void {
    this.live.onMoved(listener);
  }

  /** The calls of a group that this process leads, as they are at this instant. */
  liveOf(groupId: string): LiveCall[] {
    return this.live.ofGroup(groupId);
  }

  /** The agent's phone says that it has lost its line: whoever leads the agent's group ends the leg and calls the phone anew. */
  async renewLine(agentId: string): Promise<void> {
    await this.transactions.read((tx) => this.notifications.notify(tx, LINES_CHANNEL, agentId));
  }
}
