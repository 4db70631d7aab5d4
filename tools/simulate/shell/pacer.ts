import {
  planTurn,
  LOOK_AGAIN_MS,
  type PlannedCall,
  type TurnAgent,
  type TurnOrder,
} from '../../../src/core/attempt/plan-turn.js';
import { planCall, type AgentLeg, type CallAction } from '../../../src/core/call/call.js';
import type { RingRules } from '../../../src/core/calling-hours/may-ring.js';
import type { ShopSettings } from '../../../src/core/order/shop-settings.js';
import { pace } from '../../../src/core/pacing/pace.js';
import type { PacingFact } from '../../../src/core/pacing/pacing-fact.js';
import { PredictivePacer } from '../../../src/core/pacing/predictive.js';
import type { DueCalls, PredictiveLoad } from '../../../src/core/pacing/predictive-load.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import type { GroupPlan } from '../scenario/scenario.js';
import { AbandonWindows } from './abandon-windows.js';
import type { CallMailbox } from './call-mailbox.js';
import type { Database } from './database.js';
import { isFree } from './desk.js';
import { EQUAL_SHARES, type DialQueue, type Queued, type Shares } from './dial-queue.js';
import type { Lines, TrunkLines } from './lines.js';
import type { Orders } from './orders.js';
import { pastCallsOf } from './past-calls.js';
import type { AgentRow, CallRow, OrderRow, Route } from './rows.js';

export interface ShopOfGroup {
  readonly shopId: string;
  readonly settings: ShopSettings;
  readonly rules: RingRules;
}

export interface PacerParts {
  readonly time: ProcessTime;
  readonly group: GroupPlan;
  readonly shops: readonly ShopOfGroup[];
  readonly database: Database;
  readonly queue: DialQueue;
  readonly orders: Orders;
  readonly lines: Lines;
  readonly agents: readonly AgentRow[];
  readonly live: ReadonlyMap<string, CallMailbox>;
  readonly nextId: () => string;
  /** Of an order whose shop gave no zone. */
  readonly zonesOf: (order: OrderRow) => readonly string[];
  /** Each decision, before it is carried out. */
  readonly onDecision: (decision: PacingRecord) => void;
}

/** What was decided at one turn of a group. */
export interface PacingRecord {
  readonly groupId: string;
  readonly dial: number;
  readonly reason: string;
  readonly isAhead: boolean;
  readonly agentsFree: number;
  readonly unassigned: number;
}

export interface PlacedCall {
  readonly row: CallRow;
  readonly actions: readonly CallAction[];
}

interface Due extends TurnOrder {
  readonly entry: Queued;
}

interface Free extends TurnAgent {
  readonly row: AgentRow;
}

const NOBODY_AHEAD: ReadonlySet<string> = new Set();

/** Orders looked at beyond those that might be called. */
const LOOK_AHEAD = 20;
/** Calls ahead of the agents never exceed this many for each agent at work. */
const MOST_PER_AGENT = 4;
const WARM_UP_FACTS = 400;

/** The turn of a group's leader: look, ask the pacing, plan the calls in one transaction. As the service's Pacer does. */
export class Pacer {
  private shares: Shares = EQUAL_SHARES;
  private readonly predictive: PredictivePacer | null;
  private readonly windows: AbandonWindows;
  /** Shops whose orders may be called ahead of the agents. */
  private readonly ahead: ReadonlySet<string>;

  constructor(
    private readonly parts: PacerParts,
    private readonly epoch: number,
    warmUp: readonly { readonly fact: PacingFact; readonly atMs: number }[],
  ) {
    const ahead = parts.shops.filter((shop) => (parts.group.dialing ?? shop.settings.dialing) === 'predictive');
    this.ahead = new Set(ahead.map(({ shopId }) => shopId));
    const caps = ahead.map(({ shopId, settings }) => ({ shopId, caps: settings.abandon }));
    this.windows = new AbandonWindows(caps, parts.database.endedCalls);
    this.predictive =
      ahead.length === 0
        ? null
        : new PredictivePacer({
            cap: Math.min(...ahead.flatMap(({ settings }) => settings.abandon.map((cap) => cap.maxRatio))),
            abandonAfterSeconds: 2,
            ringSeconds: Math.max(...ahead.map(({ settings }) => settings.ringSeconds)),
            isScreened: false,
          });
    for (const { fact, atMs } of warmUp.slice(-WARM_UP_FACTS)) this.learn(fact, atMs);
  }

  learn(fact: PacingFact, atMs: number): void {
    this.predictive?.learn(fact, atMs / 1_000);
  }

  tick(): PlacedCall[] {
    const { parts } = this;
    const { database, group } = parts;
    const now = parts.time.date();
    const floor = parts.agents.filter((agent) => agent.presence.state !== 'offline');
    const free = floor.filter(isFree);
    if (floor.length === 0 || (this.predictive === null && free.length === 0)) return [];
    const trunks = parts.lines.free();
    const linesFree = trunks.reduce((sum, trunk) => sum + trunk.linesFree, 0);
    if (linesFree === 0) return [];
    const most = this.predictive === null ? free.length : Math.min(linesFree, floor.length * MOST_PER_AGENT);
    const shops = parts.shops.filter(
      ({ shopId, settings }) => (database.liveByShop.get(shopId) ?? 0) < settings.maxConcurrentCalls,
    );
    const entries = parts.queue.next(
      { shops: shops.map(({ shopId }) => shopId), limit: most + LOOK_AHEAD, now, shares: this.shares },
      ({ order }) => this.isHelped(order, now) && !database.isPhoneBusy(order.phone),
    );
    if (entries.length === 0) return [];
    const load = this.loadOf(floor, entries, linesFree, now);
    const decision = this.decide(load, entries.length, now);
    const promised = load.calls.unassigned.length + load.calls.screening.length + load.calls.waiting.length;
    parts.onDecision({ groupId: group.group, ...decision, unassigned: promised });
    if (decision.dial === 0) return [];
    const plan = planTurn<Due, Free, TrunkLines>({
      now,
      due: entries.map((entry) => this.dueOf(entry, now)),
      shops: new Map(
        shops.map((shop) => [shop.shopId, { ...shop, liveCalls: database.liveByShop.get(shop.shopId) ?? 0 }]),
      ),
      ahead: decision.isAhead ? this.ahead : NOBODY_AHEAD,
      dial: decision.dial,
      reserve: decision.reserve,
      agents: free.map((row) => ({
        row,
        agentId: row.agentId,
        since: row.presence.since,
        skills: row.skills,
        connection: row.presence.connection,
      })),
      atWork: new Map(floor.filter(isAtWork).map((agent) => [agent.agentId, agent])),
      trunks,
    });
    for (const { orderRef, until, reason } of plan.putOff) parts.orders.putOff(orderRef, until, reason);
    return plan.calls.flatMap((call) => this.place(call) ?? []);
  }

  private decide(
    load: PredictiveLoad,
    ordersDue: number,
    now: Date,
  ): { dial: number; reserve: number; reason: string; isAhead: boolean; agentsFree: number } {
    if (this.predictive !== null) return this.predictive.decide(load, now.getTime() / 1_000);
    const decision = pace({ ...load, ordersDue });
    return { ...decision, reserve: decision.dial, isAhead: false };
  }

  private place(planned: PlannedCall<Due, Free, TrunkLines>): PlacedCall | null {
    const { database, orders, group } = this.parts;
    const { order, settings, trunk, agent } = planned;
    const callId = this.parts.nextId();
    if (agent !== null && !database.moveAgent(agent.agentId, { kind: 'reserved', callId })) return null;
    const row = order.entry.order;
    const route: Route = {
      shopId: order.shopId,
      orderRef: order.orderRef,
      groupId: group.group,
      epoch: this.epoch,
      trunkId: trunk.trunkId,
      phone: order.phone,
      number: row.attempts.length + 1,
      agentEndpoint: agent?.row.presence.connection === 'per_call' ? agent.row.endpoint : null,
    };
    const { call, actions } = planCall(
      {
        callId,
        ringSeconds: settings.ringSeconds,
        maxTalkSeconds: group.maxTalkSeconds,
        detectsMachine: settings.answeringMachine === 'detect',
        agent: agent === null ? null : legOf(agent.row, callId),
      },
      this.parts.time.date(),
    );
    if (!database.insertCall(call, route, agent === null)) {
      if (agent !== null) database.moveAgent(agent.agentId, { kind: 'call_over', callId, to: 'ready', reason: null });
      orders.putOff(order.orderRef, new Date(this.parts.time.nowMs() + LOOK_AGAIN_MS), 'number_busy');
      return null;
    }
    const stored = database.calls.get(callId)!;
    orders.progress(row, 'dialing', callId);
    orders.join(stored, 'dialing');
    this.shares = this.parts.queue.charge(this.shares, order.entry);
    this.parts.lines.take(trunk.trunkId);
    return { row: stored, actions };
  }

  private dueOf(entry: Queued, now: Date): Due {
    const { order } = entry;
    return {
      entry,
      orderRef: order.orderRef,
      shopId: order.shopId,
      phone: order.phone,
      timeZones: this.parts.zonesOf(order),
      pastCalls: pastCallsOf(this.parts.database, order),
      isAbandonedBefore: order.isAbandonedBefore,
      callbackAt: order.callbackAt,
      callbackAgentId: order.callbackAgentId,
      earlierAgentId: order.earlierAgentId,
      waitingSince: entry.dueAt < now ? entry.dueAt : now,
    };
  }

  /** The group helps with the shop's orders once they have waited so long. */
  private isHelped(order: OrderRow, now: Date): boolean {
    const { settings } = this.parts.shops.find(({ shopId }) => shopId === order.shopId)!;
    const choice = settings.agentGroups.find(({ group }) => group === this.parts.group.group);
    if (choice === undefined) return false;
    const since = Math.max(order.receivedAt.getTime(), order.notBefore?.getTime() ?? 0);
    return since + choice.afterSeconds * 1_000 <= now.getTime();
  }

  private loadOf(floor: readonly AgentRow[], entries: readonly Queued[], linesFree: number, now: Date): PredictiveLoad {
    const nowMs = now.getTime();
    const ages = (state: string): number[] =>
      floor
        .filter(({ presence }) => presence.state === state)
        .map(({ presence }) => (nowMs - presence.since.getTime()) / 1_000);
    const free = floor.filter(isFree);
    const calls = {
      unassigned: [] as { ageSeconds: number; ringingSeconds: number | null; attempt: number }[],
      screening: [] as number[],
      waiting: [] as number[],
    };
    for (const { call, route } of this.parts.live.values()) {
      if (route.groupId !== this.parts.group.group || call.agent !== null) continue;
      if (call.state === 'waiting') calls.waiting.push((nowMs - (call.answeredAt ?? now).getTime()) / 1_000);
      if (call.state !== 'dialing' && call.state !== 'ringing') continue;
      calls.unassigned.push({
        ageSeconds: (nowMs - (call.dialedAt ?? call.plannedAt).getTime()) / 1_000,
        ringingSeconds: call.ringingAt === null ? null : (nowMs - call.ringingAt.getTime()) / 1_000,
        attempt: route.number,
      });
    }
    const perCall = free.filter(({ presence }) => presence.connection === 'per_call').length;
    return {
      agents: {
        ready: free
          .filter(({ presence }) => presence.connection === 'persistent')
          .map(({ presence }) => (nowMs - presence.since.getTime()) / 1_000),
        readyPerCall: perCall,
        reserved: ages('reserved').length,
        talking: ages('talking'),
        wrapUp: ages('wrap_up'),
      },
      calls,
      due: entries.map((entry) => this.kindOf(entry)),
      linesFree,
      abandons: this.predictive === null ? [] : this.windows.counts(nowMs),
    };
  }

  private kindOf({ order }: Queued): DueCalls {
    const needsAgent = order.isAbandonedBefore || order.callbackAt !== null;
    return { attempt: order.attempts.length + 1, count: 1, needsAgent };
  }
}

function isAtWork({ presence }: AgentRow): boolean {
  return presence.state !== 'break' && presence.state !== 'offline' && presence.wish.to === 'ready';
}

function legOf({ agentId, presence }: AgentRow, callId: string): AgentLeg {
  return presence.connection === 'persistent' && presence.legId !== null
    ? { agentId, legId: presence.legId, connection: 'persistent' }
    : { agentId, legId: `agent-${agentId}-${callId}`, connection: 'per_call' };
}
