import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import {
  LOOK_AGAIN_MS,
  planTurn,
  type PlannedCall,
  type TurnOrder,
  type TurnPlan,
} from '../../core/attempt/plan-turn.js';
import type { AgentLeg } from '../../core/call/call.js';
import { ringRules } from '../../core/calling-hours/may-ring.js';
import { pace, type GroupLoad, type PacingDecision } from '../../core/pacing/pace.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type PlacedCall } from '../calls/calls.service.js';
import { OrdersService, type DueOrder } from '../orders/orders.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { Lines, type TrunkLines } from './lines.js';

/** Orders looked at beyond the free agents: those whose trunk is full or whose hours are closed must not hide the ones behind them. */
const LOOK_AHEAD = 20;
const RECORDED_LANGUAGES = ['uk', 'ru', 'en'];

/** One look at a group: what was seen, what was decided, what came of it. */
export interface Tick {
  readonly load: GroupLoad;
  readonly decision:
    PacingDecision | { readonly dial: 0; readonly reason: 'telephony_down'; readonly agentsFree: number };
  readonly placed: number;
  readonly trunks: readonly TrunkLines[];
}

/** What the calls of one turn have in common. */
interface GroupTurn {
  readonly groupId: string;
  readonly maxTalkSeconds: number;
  readonly epoch: number;
  readonly node: string;
}

type TurnOrderOfGroup = DueOrder & TurnOrder;
type GroupPlan = TurnPlan<TurnOrderOfGroup, PresenceView, TrunkLines>;
type GroupCall = PlannedCall<TurnOrderOfGroup, PresenceView, TrunkLines>;

/** The pacer's turn for one group: look, ask `core/pacing`, plan the calls in one transaction, set them going. */
@Injectable()
export class Pacer {
  constructor(
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly lines: Lines,
    private readonly log: Log,
  ) {}

  async tick(groupId: string, epoch: number): Promise<Tick> {
    const [floor, group, staffedGroups] = await Promise.all([
      this.agents.floor(groupId),
      this.agents.group(groupId),
      this.agents.staffedGroups(),
    ]);
    const free = floor.filter(isFree);
    const node = this.calls.chooseNode();
    const trunks = await this.lines.free();
    const linesFree = trunks.reduce((sum, trunk) => sum + Math.floor(trunk.linesFree), 0);
    if (node === null || free.length === 0) {
      const load = loadOf(floor, 0, linesFree);
      const isDown = node === null;
      const ordersDue = isDown ? 0 : await this.orders.countDue([groupId], new Date(), staffedGroups);
      const decision = isDown
        ? ({ dial: 0, reason: 'telephony_down', agentsFree: free.length } as const)
        : pace({ ...load, ordersDue });
      return { load: { ...load, ordersDue }, decision, placed: 0, trunks };
    }
    const { load, decision, placed } = await this.transactions.run(async (tx) => {
      const live = await this.calls.liveByShop(tx);
      const shops = await this.shops.list();
      const now = new Date();
      const due = await this.orders.lockNextDue(tx, {
        groupIds: [groupId],
        staffedGroups,
        exceptShops: shopsAtTheirLimit(shops, live),
        now,
        skip: [],
        limit: free.length + LOOK_AHEAD,
      });
      const pastCalls = await this.calls.pastCalls(tx, due);
      const refusedTrunks = await this.lines.refused(
        tx,
        due.map((order) => order.phoneHash),
      );
      const load = loadOf(floor, due.length, linesFree);
      const decision = pace(load);
      const plan = planTurn({
        now,
        due: due.map((order) => ({
          ...order,
          pastCalls: pastCalls.get(order.orderRef) ?? [],
          failedTrunks: refusedTrunks.get(order.phoneHash.toString('hex')) ?? [],
        })),
        shops: new Map(
          shops.map(({ shopId, settings }) => [
            shopId,
            { settings, rules: ringRules(settings, []), liveCalls: live.get(shopId) ?? 0 },
          ]),
        ),
        dialing: 'progressive',
        dial: decision.dial,
        agents: free,
        atWork: new Map(floor.filter(isAtWork).map((agent) => [agent.agentId, agent])),
        promised: 0,
        trunks,
      });
      const { maxTalkSeconds } = group.settings;
      const placed = await this.carryOut(tx, { groupId, maxTalkSeconds, epoch, node }, plan);
      return { load, decision, placed };
    });
    for (const call of placed) {
      this.lines.take(call.stored.route.trunkId);
      this.calls.start(call);
    }
    return { load, decision, placed: placed.length, trunks };
  }

  /** Reserves, writes and puts off what the plan says; a call whose agent or number somebody else took meanwhile is left out. */
  private async carryOut(tx: Tx, turn: GroupTurn, plan: GroupPlan): Promise<PlacedCall[]> {
    for (const { orderRef, until, reason } of plan.putOff) {
      if (reason === 'trunk_full') this.log.warn('no trunk leads to this number', { orderRef });
      await this.orders.putOff(tx, orderRef, until, reason);
    }
    const placed: PlacedCall[] = [];
    for (const planned of plan.calls) {
      const call = await this.place(tx, turn, planned);
      if (call !== null) placed.push(call);
    }
    return placed;
  }

  private async place(tx: Tx, turn: GroupTurn, planned: GroupCall): Promise<PlacedCall | null> {
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
      callerId: planned.callerId,
      phoneHash: order.phoneHash,
      language: spoken(order.language ?? settings.language),
      agent: agent === null ? null : legOf(agent, callId),
      agentEndpoint: agent?.connection === 'per_call' ? agent.endpoint : null,
      ringSeconds: settings.ringSeconds,
      maxTalkSeconds: turn.maxTalkSeconds,
      detectsMachine: settings.answeringMachine === 'detect',
      number: order.attemptsMade + 1,
      traceId: order.traceId,
    });
    if (placed === null) {
      // The number is on another call of ours, perhaps of another shop (invariant I4).
      if (agent !== null) await this.agents.afterCall(tx, agent.agentId, callId, 'ready');
      await this.orders.putOff(tx, order.orderRef, new Date(Date.now() + LOOK_AGAIN_MS), 'number_busy');
      return null;
    }
    await this.orders.setProgress(tx, order.orderRef, 'dialing', callId);
    return placed;
  }
}

function isFree(agent: PresenceView): boolean {
  return agent.state === 'ready' && (agent.connection === 'per_call' || (agent.isLegUp && agent.legId !== null));
}

/** Ready, or will be when the call at hand is over. */
function isAtWork(agent: PresenceView): boolean {
  return ['ready', 'reserved', 'talking', 'wrap_up'].includes(agent.state) && agent.wish.to === 'ready';
}

function legOf(agent: PresenceView, callId: string): AgentLeg {
  return agent.connection === 'persistent' && agent.legId !== null
    ? { agentId: agent.agentId, legId: agent.legId, connection: 'persistent' }
    : { agentId: agent.agentId, legId: `agent-${agent.agentId}-${callId}`, connection: 'per_call' };
}

/** The recorded message exists in these languages; anybody else hears the product's first one. */
function spoken(language: string): string {
  const primary = language.split('-')[0]?.toLowerCase() ?? '';
  return RECORDED_LANGUAGES.includes(primary) ? primary : 'uk';
}

function loadOf(floor: readonly PresenceView[], ordersDue: number, linesFree: number): GroupLoad {
  const ages = (state: string) =>
    floor
      .filter((agent) => agent.state === state)
      .map((agent) => Math.max(0, (Date.now() - agent.since.getTime()) / 1000));
  return {
    agents: {
      ready: floor.filter(isFree).map((agent) => Math.max(0, (Date.now() - agent.since.getTime()) / 1000)),
      reserved: ages('reserved').length,
      talking: ages('talking'),
      wrapUp: ages('wrap_up'),
    },
    calls: { unassigned: [], waiting: [] },
    ordersDue,
    linesFree,
  };
}

/** Shops with as many calls alive as they want at once. */
function shopsAtTheirLimit(shops: readonly Shop[], live: ReadonlyMap<string, number>): string[] {
  return shops
    .filter(({ shopId, settings }) => (live.get(shopId) ?? 0) >= settings.maxConcurrentCalls)
    .map(({ shopId }) => shopId);
}
