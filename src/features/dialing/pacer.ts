import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { chooseAgent } from '../../core/agent/choose-agent.js';
import type { AgentLeg } from '../../core/call/call.js';
import { mayCall } from '../../core/calling-hours/calling-hours.js';
import { pace, type GroupLoad, type PacingDecision } from '../../core/pacing/pace.js';
import { chooseCallerId, chooseTrunk } from '../../core/trunk/choose-trunk.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type PlacedCall } from '../calls/calls.service.js';
import { OrdersService, type DueOrder } from '../orders/orders.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { Lines, type TrunkLines } from './lines.js';

/** An order whose number is on another call, or whose trunk is missing, is looked at again after this. */
const LOOK_AGAIN_MS = 5_000;
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

/** What one turn plans its calls with; `live` and the trunks' free lines are counted on while it does. */
interface Turn {
  readonly free: readonly PresenceView[];
  /** Live calls of each shop. */
  readonly live: Map<string, number>;
  readonly trunks: readonly TrunkLines[];
  readonly groupId: string;
  readonly maxTalkSeconds: number;
  readonly epoch: number;
  readonly node: string;
}

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
    const [floor, group] = await Promise.all([this.agents.floor(groupId), this.agents.group(groupId)]);
    const free = floor.filter(isFree);
    const node = this.calls.chooseNode();
    const trunks = await this.lines.free();
    const linesFree = trunks.reduce((sum, trunk) => sum + Math.floor(trunk.linesFree), 0);
    if (node === null || free.length === 0) {
      const load = loadOf(floor, 0, linesFree);
      const isDown = node === null;
      const ordersDue = isDown ? 0 : await this.orders.countDue([groupId], new Date());
      const decision = isDown
        ? ({ dial: 0, reason: 'telephony_down', agentsFree: free.length } as const)
        : pace({ ...load, ordersDue });
      return { load: { ...load, ordersDue }, decision, placed: 0, trunks };
    }
    const { load, decision, placed } = await this.transactions.run(async (tx) => {
      const live = await this.calls.liveByShop(tx);
      const due = await this.orders.lockNextDue(tx, {
        groupIds: [groupId],
        exceptShops: shopsAtTheirLimit(await this.shops.list(), live),
        now: new Date(),
        skip: [],
        limit: free.length + LOOK_AHEAD,
      });
      const load = loadOf(floor, due.length, linesFree);
      const decision = pace(load);
      const placed =
        decision.dial === 0
          ? []
          : await this.plan(tx, {
              due,
              dial: decision.dial,
              free,
              live,
              trunks,
              groupId,
              maxTalkSeconds: group.settings.maxTalkSeconds,
              epoch,
              node,
            });
      return { load, decision, placed };
    });
    for (const call of placed) {
      this.lines.take(call.stored.route.trunkId);
      this.calls.start(call);
    }
    return { load, decision, placed: placed.length, trunks };
  }

  private async plan(
    tx: Tx,
    turn: Turn & { readonly due: readonly DueOrder[]; readonly dial: number },
  ): Promise<PlacedCall[]> {
    const placed: PlacedCall[] = [];
    let { free } = turn;
    for (const order of turn.due) {
      if (placed.length >= turn.dial) break;
      const result = await this.planOne(tx, order, { ...turn, free });
      if (result === null) continue;
      placed.push(result.placed);
      free = free.filter((agent) => agent.agentId !== result.agentId);
    }
    return placed;
  }

  private async planOne(tx: Tx, order: DueOrder, turn: Turn): Promise<{ placed: PlacedCall; agentId: string } | null> {
    const { settings } = await this.shops.get(order.shopId);
    const liveOfShop = turn.live.get(order.shopId) ?? 0;
    if (liveOfShop >= settings.maxConcurrentCalls) return null;
    const now = new Date();
    const lookAgainAt = new Date(now.getTime() + LOOK_AGAIN_MS);
    const hours = mayCall({ hours: settings.callingHours, timeZones: [order.timeZone ?? settings.timeZone], now });
    if (!hours.isOpen) {
      const notBefore = hours.opensAt ?? new Date(now.getTime() + 3_600_000);
      await this.orders.putOff(tx, order.orderRef, notBefore, 'outside_calling_hours');
      return null;
    }
    const trunk = chooseTrunk(turn.trunks, order.phone);
    if (typeof trunk === 'string') {
      if (trunk === 'none') {
        this.log.warn('no trunk leads to this number', { orderRef: order.orderRef, shopId: order.shopId });
        await this.orders.putOff(tx, order.orderRef, lookAgainAt, 'trunk_full');
      }
      return null;
    }
    const agent = chooseAgent(turn.free, { skills: [], preferredAgentId: order.callbackAgentId });
    if (agent === null) return null;
    const callId = uuidv7();
    if (!(await this.agents.reserve(tx, agent.agentId, callId))) return null;
    const placed = await this.calls.place(tx, {
      callId,
      shopId: order.shopId,
      orderRef: order.orderRef,
      groupId: turn.groupId,
      epoch: turn.epoch,
      node: turn.node,
      trunkId: trunk.trunkId,
      trunkEndpoint: trunk.endpoint,
      callerId: chooseCallerId(settings.callerId, trunk.callerIds, order.phone),
      phoneHash: order.phoneHash,
      language: spoken(order.language ?? settings.language),
      agent: legOf(agent, callId),
      agentEndpoint: agent.connection === 'per_call' ? agent.endpoint : null,
      ringSeconds: settings.ringSeconds,
      maxTalkSeconds: turn.maxTalkSeconds,
      detectsMachine: settings.answeringMachine === 'detect',
      number: order.attemptsMade + 1,
      traceId: order.traceId,
    });
    if (placed === null) {
      // The number is on another call of ours, perhaps of another shop (invariant I4).
      await this.agents.afterCall(tx, agent.agentId, callId, 'ready');
      await this.orders.putOff(tx, order.orderRef, lookAgainAt, 'number_busy');
      return null;
    }
    await this.orders.setProgress(tx, order.orderRef, 'dialing', callId);
    trunk.linesFree -= 1;
    turn.live.set(order.shopId, liveOfShop + 1);
    return { placed, agentId: agent.agentId };
  }
}

function isFree(agent: PresenceView): boolean {
  return agent.state === 'ready' && (agent.connection === 'per_call' || (agent.isLegUp && agent.legId !== null));
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
    mode: 'progressive',
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
