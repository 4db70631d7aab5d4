import { helpsAfterSeconds } from '../../../src/core/agent/overflow.js';
import { LOOK_AGAIN_MS, type PlannedCall } from '../../../src/core/attempt/plan-turn.js';
import { foresee, takeTurn, type GroupTurn, type PacedOrder } from '../../../src/core/attempt/take-turn.js';
import type { AgentLeg, Call, CallAction } from '../../../src/core/call/call.js';
import { planCall } from '../../../src/core/call/decide-call.js';
import { factsOfCall } from '../../../src/core/pacing/pacing-fact.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import type { GroupPlan } from '../scenario/scenario.js';
import type { CallMailbox } from './call-mailbox.js';
import type { Database } from './database.js';
import { isFree } from './desk.js';
import { EQUAL_SHARES, type DialQueue, type Queued, type Shares } from './dial-queue.js';
import { GroupLook, type FreeAgent, type ShopOfGroup } from './group-look.js';
import type { Lines, TrunkLines } from './lines.js';
import type { Orders } from './orders.js';
import { pastCallsOf } from './past-calls.js';
import type { AgentRow, CallRow, OrderRow, Route } from './rows.js';

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
  readonly zonesOf: (order: OrderRow) => readonly string[];
  /** Each decision, before it is carried out. */
  readonly onDecision: (decision: PacingRecord) => void;
}

/** What was decided at one turn of a group. */
export interface PacingRecord {
  readonly groupId: string;
  readonly dial: number;
  readonly reason: string;
  /** Whether calls may be more than the agents who are free. */
  readonly isAhead: boolean;
}

export interface PlacedCall {
  readonly row: CallRow;
  readonly actions: readonly CallAction[];
}

interface Due extends PacedOrder {
  readonly entry: Queued;
}

const LOOK_AHEAD = 20;
const MOST_AHEAD = 10;

/** The turn of a group's leader: look, ask the pacing, plan the calls in one transaction. As the service's Pacer does. */
export class Pacer {
  private shares: Shares = EQUAL_SHARES;
  private readonly look: GroupLook;
  private readonly mayCallAhead: boolean;

  constructor(
    private readonly parts: PacerParts,
    private readonly epoch: number,
  ) {
    const { group, shops, agents, live, database } = parts;
    this.look = new GroupLook(group.group, shops, agents, live, database);
    this.mayCallAhead = shops.some(({ settings }) => (group.dialing ?? settings.dialing) === 'predictive');
  }

  /** A call of the group has moved: it teaches. */
  onMoved(row: CallRow, before: Call): void {
    for (const fact of factsOfCall(before, row.call, row.route.number)) this.look.learn(fact, this.parts.time.nowMs());
  }

  tick(): PlacedCall[] {
    const { parts } = this;
    const { database, group } = parts;
    const now = parts.time.date();
    // Nothing but a free agent makes a call possible here: no need to look any further.
    if (!this.mayCallAhead && !parts.agents.some(isFree)) return [];
    const nowSeconds = now.getTime() / 1_000;
    const open = this.openShops(now);
    const isNext = ({ order }: Queued): boolean => !database.isPhoneBusy(order.phone);
    if (parts.queue.next({ shops: open, limit: 1, now, shares: this.shares }, isNext).length === 0) return [];
    const sight = this.look.at(now);
    const turn: GroupTurn<Due, FreeAgent, TrunkLines> = {
      ...sight,
      now,
      due: [],
      dialing: group.dialing,
      trunks: parts.lines.free(),
    };
    // With somebody free for certain there is a call to place; what is beyond the look is placed in the next round of the turn.
    const promised = sight.calls.unassigned.length + sight.calls.waiting.length;
    const free = sight.floor.free.length - promised;
    const dial = free > 0 ? free + MOST_AHEAD : foresee(this.look.pacer, turn, nowSeconds).decision.dial;
    if (dial === 0) return [];
    const entries = parts.queue.next({ shops: open, limit: dial + LOOK_AHEAD, now, shares: this.shares }, isNext);
    const due = entries.map((entry) => this.dueOf(entry, now));
    const { decision, plan } = takeTurn(this.look.pacer, { ...turn, due }, nowSeconds);
    const { reason, isAhead } = decision;
    parts.onDecision({ groupId: group.group, dial: decision.dial, reason, isAhead });
    for (const { orderRef, until, reason } of plan.putOff) parts.orders.putOff(orderRef, until, reason);
    return plan.calls.flatMap((call) => this.place(call) ?? []);
  }

  private place(planned: PlannedCall<Due, FreeAgent, TrunkLines>): PlacedCall | null {
    const { database, orders, group } = this.parts;
    const { order, settings, trunk, agent, needs } = planned;
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
      number: order.attemptsMade + 1,
      skills: needs.skills,
      agentEndpoint: agent?.connection === 'per_call' ? agent.row.endpoint : null,
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
    return { row: stored, actions };
  }

  private dueOf(entry: Queued, now: Date): Due {
    const { order } = entry;
    const { database } = this.parts;
    return {
      entry,
      orderRef: order.orderRef,
      shopId: order.shopId,
      phone: order.phone,
      timeZones: this.parts.zonesOf(order),
      // Looked up for those orders only that the turn comes to.
      get pastCalls() {
        return pastCallsOf(database, order);
      },
      attemptsMade: order.attempts.length,
      isAbandonedBefore: order.isAbandonedBefore,
      callbackAt: order.callbackAt,
      callbackAgentId: order.callbackAgentId,
      earlierAgentId: order.earlierAgentId,
      waitingSince: entry.dueAt < now ? entry.dueAt : now,
    };
  }

  /** Shops below their limit, each with the orders that the group helps with by now. */
  private openShops(now: Date): { readonly shopId: string; readonly dueBefore: Date }[] {
    const { staffedGroups } = this.parts.database;
    return this.parts.shops.flatMap(({ shopId, settings }) => {
      if ((this.parts.database.liveByShop.get(shopId) ?? 0) >= settings.maxConcurrentCalls) return [];
      const seconds = helpsAfterSeconds(settings.agentGroups, this.parts.group.group, staffedGroups);
      return seconds === null ? [] : [{ shopId, dueBefore: new Date(now.getTime() - seconds * 1_000) }];
    });
  }
}

function legOf({ agentId, presence }: AgentRow, callId: string): AgentLeg {
  return presence.connection === 'persistent' && presence.legId !== null
    ? { agentId, legId: presence.legId, connection: 'persistent' }
    : { agentId, legId: `agent-${agentId}-${callId}`, connection: 'per_call' };
}
