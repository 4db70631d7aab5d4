import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { LOOK_AGAIN_MS, type PlannedCall, type TurnPlan } from '../../core/attempt/plan-turn.js';
import {
  findUnplannable,
  foresee,
  takeTurn,
  type GroupDecision,
  type PacedOrder,
} from '../../core/attempt/take-turn.js';
import type { PredictiveDecision } from '../../core/pacing/predictive-load.js';
import type { AgentLeg } from '../../core/call/call.js';
import { sideBySide, Transactions, type Tx } from '../../platform/database/transaction.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { LoopWatch } from '../../platform/clock/loop-watch.js';
import { Log } from '../../platform/log/log.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type PlacedCall } from '../calls/calls.service.js';
import { OrderFault, OrdersService, type DueOrder } from '../orders/orders.service.js';
import { Begun, CarefulTurns, onOrder } from './careful-turns.js';
import { GroupLook, type GroupSight } from './group-look.js';
import { pacingSeconds } from './group-pacing.js';
import { Lines, type TrunkLines } from './lines.js';
import { PassedOver } from './passed-over.js';

/** Orders looked at beyond those to be called: those whose trunk is full or whose hours are closed must not hide the ones behind them. */
const LOOK_AHEAD = 20;
/** When none of them could be called, the turn looks so many times further down the queue, at twice as many orders each time. */
const FURTHER_LOOKS = 4;
/** So long at most is an order passed over that no free agent fitted: its wait may have opened it to more of them. */
const UNFIT_MS = 2_000;
/** The same for one without a line; its number may change. Long enough to walk through a day's backlog. */
const WITHOUT_LINE_MS = 10_000;
const RECORDED_LANGUAGES = ['uk', 'ru', 'en'];

/**
 * No exchange can be reached; this process's clock and the database's are more than 2 s apart, or that is not known; or the process has not kept up
 * in the last second.
 */
export type Stop = 'telephony_down' | 'clock_skew' | 'event_loop_lag';

/** One look at a group: what was seen, what was decided, what came of it. */
export interface Tick extends GroupDecision {
  /** What keeps this process from calling anybody, whatever was decided; null: nothing. */
  readonly stoppedBy: Stop | null;
  readonly sight: GroupSight;
  /** Orders that may be called now, as far as they were counted. */
  readonly ordersDue: number;
  readonly placed: number;
  readonly trunks: readonly TrunkLines[];
  /** The looks of this turn ended in a backlog that waits for lines or agents, and there are more orders behind it. */
  readonly isMoreToLook: boolean;
}

/** What the calls of one turn have in common. */
interface GroupTurn {
  readonly groupId: string;
  readonly epoch: number;
  readonly node: string;
  readonly sight: GroupSight;
  readonly now: Date;
  readonly staffedGroups: ReadonlySet<string>;
  /** Calls it could place if there were plenty of orders. */
  readonly most: number;
}

type TurnOrderOfGroup = DueOrder & PacedOrder;
type GroupPlan = TurnPlan<TurnOrderOfGroup, PresenceView, TrunkLines>;
type GroupCall = PlannedCall<TurnOrderOfGroup, PresenceView, TrunkLines>;

/** The pacer's turn for one group: look, ask `core/pacing`, plan the calls in one transaction, set them going. */
@Injectable()
export class Pacer {
  private readonly unfit = new PassedOver(UNFIT_MS);
  private readonly withoutLine = new PassedOver(WITHOUT_LINE_MS);

  constructor(
    private readonly transactions: Transactions,
    private readonly look: GroupLook,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly lines: Lines,
    private readonly clock: DatabaseClock,
    private readonly loop: LoopWatch,
    private readonly careful: CarefulTurns,
    private readonly log: Log,
  ) {}

  async tick(groupId: string, epoch: number): Promise<Tick> {
    const node = this.calls.chooseNode(groupId);
    const sight = await this.look.at(groupId, node);
    const [staffedGroups, trunks] = [await this.agents.staffedGroups(), await this.lines.free()];
    const now = this.clock.now();
    const shops = shopsOf(sight, new Map());
    const plenty = foresee(sight.pacer, { ...sight, now, due: [], trunks, shops }, pacingSeconds());
    const stoppedBy = node === null ? 'telephony_down' : this.stop();
    const seen = { sight, trunks, stoppedBy, isMoreToLook: false };
    if (node === null || stoppedBy !== null) return { ...plenty, ...seen, ordersDue: 0, placed: 0 };
    if (plenty.decision.dial === 0) {
      const ordersDue = await this.orders.countDue([groupId], now, staffedGroups);
      const decision = ordersDue > 0 ? plenty.decision : ({ ...plenty.decision, reason: 'nothing_due' } as const);
      return { ...plenty, ...seen, load: { ...plenty.load, due: [] }, decision, ordersDue, placed: 0 };
    }
    const turn = { groupId, epoch, node, sight, now, staffedGroups, most: plenty.decision.dial };
    const came = await this.attempt(turn, trunks);
    // Another dialer is taking lines, or an order failed the turn: this one looks again at once.
    if (came === null) return { ...plenty, ...seen, isMoreToLook: true, ordersDue: 0, placed: 0 };
    const { taken, placed, skipped, ...rest } = came;
    for (const call of placed) this.calls.start(call);
    const ordersDue = taken.load.due.reduce((sum, { count }) => sum + count, skipped);
    const decision = skipped === 0 ? taken.decision : this.explained(groupId, taken.decision, rest.trunks);
    return { ...taken, ...seen, ...rest, decision, ordersDue, placed: placed.length };
  }

  /** @returns null when another dialer is taking lines, or a single order spoilt the turn and is passed over from now on */
  private async attempt(turn: GroupTurn, trunks: readonly TrunkLines[]) {
    const begun = new Begun();
    try {
      const came = await this.transactions.run((tx) => this.call(tx, turn, trunks, begun));
      this.careful.placed(came?.placed.length ?? 0);
      return came;
    } catch (error) {
      if ((await this.careful.failed(turn.groupId, error, begun)) === null) throw error;
      return null;
    } finally {
      begun.leave();
    }
  }

  private stop(): Stop | null {
    if (this.clock.isSkewed) return 'clock_skew';
    return this.loop.isBehind ? 'event_loop_lag' : null;
  }

  /**
   * The transaction of a turn: looks down the queue until some order could be called, or there is nothing more to see.
   * @param asSeen      the trunks before the transaction
   * @param begun       is given the orders whose calls have been begun
   * @returns null when another dialer is taking lines
   */
  private async call(tx: Tx, turn: GroupTurn, asSeen: readonly TrunkLines[], begun: Begun) {
    const { groupId, sight, now, staffedGroups } = turn;
    const live = await this.calls.liveByShop(tx);
    const look = { groupIds: [groupId], staffedGroups, exceptShops: shopsAtTheirLimit(sight, live), now };
    const skip = this.passedOver(turn, asSeen);
    let room: { readonly trunks: TrunkLines[]; readonly shops: ReturnType<typeof shopsOf> } | null = null;
    for (let n = 0; ; n++) {
      const due = await this.due(tx, { ...look, skip, limit: (turn.most + LOOK_AHEAD) * 2 ** n });
      // As late as may be: from here on no other dialer places calls. With nothing to call nobody is kept waiting.
      room ??= due.length === 0 ? { trunks: [...asSeen], shops: shopsOf(sight, live) } : await this.roomFor(tx, sight);
      if (room === null) return null;
      const { trunks } = room;
      const taken = this.taken(sight, { ...sight, ...room, now, due });
      const placed = await this.carryOut(tx, turn, taken.plan, begun);
      const hasPassedOver = this.passOver(turn, trunks, taken.plan);
      const isFruitless = taken.decision.dial > 0 && placed.length === 0 && due.length >= LOOK_AHEAD;
      if (!isFruitless || n === FURTHER_LOOKS) {
        return { taken, placed, trunks, skipped: skip.length, isMoreToLook: isFruitless && hasPassedOver };
      }
      skip.push(...due.map(({ orderRef }) => orderRef));
    }
  }

  /** The pure part of a turn. @throws OrderFault when an order cannot be planned */
  private taken(sight: GroupSight, seen: Parameters<typeof takeTurn<TurnOrderOfGroup, PresenceView, TrunkLines>>[1]) {
    try {
      return takeTurn(sight.pacer, seen, pacingSeconds());
    } catch (error) {
      const orderRef = findUnplannable(seen);
      throw orderRef === null ? error : new OrderFault(orderRef, error);
    }
  }

  /** Lines, and calls alive of each shop, which stay so until the transaction ends; null when another dialer is placing calls. */
  private async roomFor(tx: Tx, sight: GroupSight) {
    const trunks = await this.lines.lock(tx);
    return trunks && { trunks, shops: shopsOf(sight, await this.calls.liveByShop(tx)) };
  }

  /** Orders are due, but for those that were passed over there is no agent or no line. */
  private explained(groupId: string, decision: PredictiveDecision, trunks: readonly TrunkLines[]): PredictiveDecision {
    if (decision.reason !== 'nothing_due') return decision;
    const isFull = this.withoutLine.of(groupId, withLine(trunks, []), performance.now()).size > 0;
    return { ...decision, reason: isFull ? 'trunk_full' : 'no_agent' };
  }

  /** Orders met before for which there is nothing new: no agent who fits, or no line. */
  private passedOver({ groupId, sight }: GroupTurn, trunks: readonly TrunkLines[]): string[] {
    const nowMs = performance.now();
    return [
      ...this.careful.passedOver(groupId),
      ...this.unfit.of(groupId, freeOf(sight.floor.free, []), nowMs),
      ...this.withoutLine.of(groupId, withLine(trunks, []), nowMs),
    ];
  }

  /** @returns whether there were any, and there is room for more */
  private passOver({ groupId, sight }: GroupTurn, trunks: readonly TrunkLines[], plan: GroupPlan): boolean {
    const nowMs = performance.now();
    const { calls, unfit, withoutLine } = plan;
    const hasRoom = [
      this.unfit.add(groupId, unfit, freeOf(sight.floor.free, calls), nowMs),
      this.withoutLine.add(groupId, withoutLine, withLine(trunks, calls), nowMs),
    ];
    return unfit.length + withoutLine.length > 0 && hasRoom.every(Boolean);
  }

  /** The next orders in dial order with what their plan must know. */
  private async due(tx: Tx, look: Parameters<OrdersService['lockNextDue']>[1]): Promise<TurnOrderOfGroup[]> {
    const due = await this.orders.lockNextDue(tx, look);
    const hashes = due.map((order) => order.phoneHash);
    const [pastCalls, failedTrunks] = await Promise.all([this.calls.pastCalls(tx, due), this.lines.failed(tx, hashes)]);
    return due.map((order) => ({
      ...order,
      pastCalls: pastCalls.get(order.orderRef) ?? [],
      failedTrunks: failedTrunks.get(order.phoneHash.toString('hex')) ?? [],
    }));
  }

  /** Reserves, writes and puts off what the plan says; a call whose agent or number somebody else took meanwhile is left out. */
  private async carryOut(tx: Tx, turn: GroupTurn, plan: GroupPlan, begun: Begun): Promise<PlacedCall[]> {
    for (const { orderRef, reason } of plan.putOff) {
      if (reason === 'trunk_full') this.log.warn('no trunk leads to this number', { orderRef });
    }
    await this.orders.putOffAll(tx, plan.putOff);
    const calls = await this.careful.begin(tx, plan.calls, begun);
    const placed = await sideBySide(byBuyer(calls), async (toOne) => {
      const ofBuyer: PlacedCall[] = [];
      for (const planned of toOne) {
        const call = await onOrder(planned.order.orderRef, () => this.place(tx, turn, planned));
        if (call !== null) ofBuyer.push(call);
      }
      return ofBuyer;
    });
    await this.careful.done(tx, begun);
    return placed.flat();
  }

  private async place(
    tx: Tx,
    turn: GroupTurn,
    planned: GroupCall & { readonly failures: number },
  ): Promise<PlacedCall | null> {
    const { order, settings, trunk, agent } = planned;
    const callId = uuidv7();
    if (agent !== null && !(await this.agents.reserve(tx, agent.agentId, callId))) return null;
    const placed = await this.calls.place(tx, {
      callId,
      shopId: order.shopId,
      orderRef: order.orderRef,
      groupId: turn.groupId,
      epoch: turn.epoch,
      node: turn.node,
      trunkId: trunk.trunkId,
      trunkEndpoint: trunk.endpoint,
      callsPerSecond: trunk.callsPerSecond,
      callerId: planned.callerId,
      phoneHash: order.phoneHash,
      language: spoken(order.language ?? settings.language),
      agent: agent === null ? null : legOf(agent, callId),
      agentEndpoint: agent?.connection === 'per_call' ? agent.endpoint : null,
      skills: planned.needs.skills,
      preferredAgentId: planned.needs.preferredAgentId,
      ringSeconds: settings.ringSeconds,
      maxTalkSeconds: turn.sight.maxTalkSeconds,
      detectsMachine: settings.answeringMachine === 'detect',
      number: order.attemptsMade + 1,
      failures: planned.failures,
      traceId: order.traceId,
    });
    if (placed === null) {
      // The number is on another call of ours, perhaps of another shop (invariant I4).
      if (agent !== null) await this.agents.afterCall(tx, agent.agentId, callId, 'ready');
      await this.orders.putOff(tx, order.orderRef, new Date(this.clock.now().getTime() + LOOK_AGAIN_MS), 'number_busy');
      return null;
    }
    await this.orders.setProgress(tx, order, 'dialing', callId);
    this.orders.noteCalled(tx, turn.groupId, order);
    return placed;
  }
}

/** Calls to the same number one after the other: the first may take the orders of the others along. */
function byBuyer<C extends GroupCall>(calls: readonly C[]): C[][] {
  const chains = new Map<string, C[]>();
  for (const call of calls) {
    const number = call.order.phoneHash.toString('hex');
    chains.set(number, [...(chains.get(number) ?? []), call]);
  }
  return [...chains.values()];
}

function legOf(agent: PresenceView, callId: string): AgentLeg {
  return agent.connection === 'persistent' && agent.legId !== null
    ? { agentId: agent.agentId, legId: agent.legId, connection: 'persistent' }
    : { agentId: agent.agentId, legId: `agent-${agent.agentId}-${callId}`, connection: 'per_call' };
}

/** Agents whom none of the calls has taken. */
function freeOf(free: readonly PresenceView[], calls: readonly GroupCall[]): string[] {
  const taken = new Set(calls.map(({ agent }) => agent?.agentId));
  return free.flatMap(({ agentId }) => (taken.has(agentId) ? [] : [agentId]));
}

/** Trunks that have a line beyond those that the calls take. */
function withLine(trunks: readonly TrunkLines[], calls: readonly GroupCall[]): string[] {
  return trunks.flatMap(({ trunkId, linesFree }) =>
    linesFree - calls.filter(({ trunk }) => trunk.trunkId === trunkId).length >= 1 ? [trunkId] : [],
  );
}

/** The recorded message exists in these languages; anybody else hears the product's first one. */
function spoken(language: string): string {
  const primary = language.split('-')[0]?.toLowerCase() ?? '';
  return RECORDED_LANGUAGES.includes(primary) ? primary : 'uk';
}

function shopsOf(sight: GroupSight, live: ReadonlyMap<string, number>) {
  return new Map(
    sight.shops.map(({ shop: { shopId, settings, ringRules }, abandons, waiting, ringing }) => [
      shopId,
      { settings, rules: ringRules, liveCalls: live.get(shopId) ?? 0, abandons, waiting, ringing },
    ]),
  );
}

/** Shops with as many calls alive as they want at once. */
function shopsAtTheirLimit({ shops }: GroupSight, live: ReadonlyMap<string, number>): string[] {
  return shops
    .filter(({ shop: { shopId, settings } }) => (live.get(shopId) ?? 0) >= settings.maxConcurrentCalls)
    .map(({ shop }) => shop.shopId);
}
