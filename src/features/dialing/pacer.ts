import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { LOOK_AGAIN_MS, type PlannedCall, type TurnPlan } from '../../core/attempt/plan-turn.js';
import { foresee, takeTurn, type GroupDecision, type PacedOrder } from '../../core/attempt/take-turn.js';
import type { AgentLeg } from '../../core/call/call.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type PlacedCall } from '../calls/calls.service.js';
import { OrdersService, type DueOrder } from '../orders/orders.service.js';
import { GroupLook, type GroupSight } from './group-look.js';
import { pacingSeconds } from './group-pacing.js';
import { Lines, type TrunkLines } from './lines.js';
import { PassedOver } from './passed-over.js';

/** Orders looked at beyond those to be called: those whose trunk is full or whose hours are closed must not hide the ones behind them. */
const LOOK_AHEAD = 20;
/** When none of them could be called, the turn looks so many times further down the queue, at twice as many orders each time. */
const FURTHER_LOOKS = 4;
const RECORDED_LANGUAGES = ['uk', 'ru', 'en'];

/** One look at a group: what was seen, what was decided, what came of it. */
export interface Tick extends GroupDecision {
  /** No exchange can be reached: nothing was decided. */
  readonly isTelephonyDown: boolean;
  readonly sight: GroupSight;
  /** Orders that may be called now, as far as they were counted. */
  readonly ordersDue: number;
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

type TurnOrderOfGroup = DueOrder & PacedOrder;
type GroupPlan = TurnPlan<TurnOrderOfGroup, PresenceView, TrunkLines>;
type GroupCall = PlannedCall<TurnOrderOfGroup, PresenceView, TrunkLines>;

/** The pacer's turn for one group: look, ask `core/pacing`, plan the calls in one transaction, set them going. */
@Injectable()
export class Pacer {
  private readonly passedOver = new PassedOver();

  constructor(
    private readonly transactions: Transactions,
    private readonly look: GroupLook,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly lines: Lines,
    private readonly log: Log,
  ) {}

  async tick(groupId: string, epoch: number): Promise<Tick> {
    const sight = await this.look.at(groupId);
    const { pacer, maxTalkSeconds } = sight;
    const [staffedGroups, trunks] = [await this.agents.staffedGroups(), await this.lines.free()];
    const node = this.calls.chooseNode();
    const turn = { ...sight, now: new Date(), due: [], trunks, shops: shopsOf(sight, new Map()) };
    const plenty = foresee(pacer, turn, pacingSeconds());
    const seen = { sight, trunks, isTelephonyDown: node === null };
    if (node === null) return { ...plenty, ...seen, ordersDue: 0, placed: 0 };
    if (plenty.decision.dial === 0) {
      const ordersDue = await this.orders.countDue([groupId], turn.now, staffedGroups);
      const decision = ordersDue > 0 ? plenty.decision : ({ ...plenty.decision, reason: 'nothing_due' } as const);
      return { ...plenty, ...seen, load: { ...plenty.load, due: [] }, decision, ordersDue, placed: 0 };
    }
    const { taken, placed, passedOver } = await this.transactions.run(async (tx) => {
      const live = await this.calls.liveByShop(tx);
      const shops = shopsOf(sight, live);
      const look = { groupIds: [groupId], staffedGroups, exceptShops: shopsAtTheirLimit(sight, live), now: turn.now };
      const free = sight.floor.free.map(({ agentId }) => agentId);
      const skip = [...this.passedOver.of(groupId, free, performance.now())];
      for (let n = 0; ; n++) {
        const limit = (plenty.decision.dial + LOOK_AHEAD) * 2 ** n;
        const due = await this.due(tx, { ...look, skip, limit });
        const taken = takeTurn(pacer, { ...turn, due, shops }, pacingSeconds());
        const placed = await this.carryOut(tx, { groupId, maxTalkSeconds, epoch, node }, taken.plan);
        const isFruitless = taken.decision.dial > 0 && placed.length === 0 && due.length >= LOOK_AHEAD;
        if (!isFruitless || n === FURTHER_LOOKS) return { taken, placed, passedOver: skip.length };
        this.passedOver.add(groupId, taken.plan.unfit, free, performance.now());
        skip.push(...due.map(({ orderRef }) => orderRef));
      }
    });
    for (const call of placed) {
      this.lines.take(call.stored.route.trunkId);
      this.calls.start(call);
    }
    const ordersDue = taken.load.due.reduce((sum, { count }) => sum + count, passedOver);
    // Orders are due, but nobody who is free fits them.
    const isUnfit = passedOver > 0 && taken.decision.reason === 'nothing_due';
    const decision = isUnfit ? ({ ...taken.decision, reason: 'no_agent' } as const) : taken.decision;
    return { ...taken, ...seen, decision, ordersDue, placed: placed.length };
  }

  /** The next orders in dial order with what their plan must know. */
  private async due(tx: Tx, look: Parameters<OrdersService['lockNextDue']>[1]): Promise<TurnOrderOfGroup[]> {
    const due = await this.orders.lockNextDue(tx, look);
    const pastCalls = await this.calls.pastCalls(tx, due);
    const failedTrunks = await this.lines.failed(
      tx,
      due.map((order) => order.phoneHash),
    );
    return due.map((order) => ({
      ...order,
      pastCalls: pastCalls.get(order.orderRef) ?? [],
      failedTrunks: failedTrunks.get(order.phoneHash.toString('hex')) ?? [],
    }));
  }

  /** Reserves, writes and puts off what the plan says; a call whose agent or number somebody else took meanwhile is left out. */
  private async carryOut(tx: Tx, turn: GroupTurn, plan: GroupPlan): Promise<PlacedCall[]> {
    for (const { orderRef, reason } of plan.putOff) {
      if (reason === 'trunk_full') this.log.warn('no trunk leads to this number', { orderRef });
    }
    await this.orders.putOffAll(tx, plan.putOff);
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
      skills: planned.needs.skills,
      preferredAgentId: planned.needs.preferredAgentId,
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
    this.orders.noteCalled(tx, turn.groupId, order);
    return placed;
  }
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

function shopsOf(sight: GroupSight, live: ReadonlyMap<string, number>) {
  return new Map(
    sight.shops.map(({ shop: { shopId, settings, ringRules }, abandons, waiting }) => [
      shopId,
      { settings, rules: ringRules, liveCalls: live.get(shopId) ?? 0, abandons, waiting },
    ]),
  );
}

/** Shops with as many calls alive as they want at once. */
function shopsAtTheirLimit({ shops }: GroupSight, live: ReadonlyMap<string, number>): string[] {
  return shops
    .filter(({ shop: { shopId, settings } }) => (live.get(shopId) ?? 0) >= settings.maxConcurrentCalls)
    .map(({ shop }) => shop.shopId);
}
