import { Injectable } from '@nestjs/common';
import type { GroupFloor, GroupTurn } from '../../core/attempt/take-turn.js';
import { callsLoad } from '../../core/pacing/live-load.js';
import { isAbandoned } from '../../core/pacing/pacing-fact.js';
import type { PredictivePacer } from '../../core/pacing/predictive.js';
import type { PredictiveLoad } from '../../core/pacing/predictive-load.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions } from '../../platform/database/transaction.js';
import { takesCalls, type PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type LiveCall } from '../calls/calls.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { AbandonWindows, type CapWindow } from './abandon-windows.js';
import { GroupPacing } from './group-pacing.js';

/** A shop that the group serves now, with its caps as they stand. */
export interface ServedShop {
  readonly shop: Shop;
  readonly abandons: readonly CapWindow[];
  /** Answered buyers of the shop who have no agent at this instant. */
  readonly waiting: number;
  /** Unanswered calls of the shop that have no agent of their own. */
  readonly ringing: number;
}

/** A group at one instant: who is there, what they are at, and which calls count on them. */
export interface GroupSight extends Pick<GroupTurn<never, PresenceView, never>, 'dialing' | 'floor' | 'calls'> {
  readonly maxTalkSeconds: number;
  readonly shops: readonly ServedShop[];
  /** Ready, or will be when the call at hand is over. */
  readonly atWork: ReadonlyMap<string, PresenceView>;
  readonly pacer: PredictivePacer;
}

const LONGEST_RING_SECONDS = 60;

/** Looks at a group for its leader. */
@Injectable()
export class GroupLook {
  constructor(
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly pacing: GroupPacing,
    private readonly windows: AbandonWindows,
    private readonly clock: DatabaseClock,
  ) {}

  /** @param node  where the group's calls are placed: agents and calls on another one do not count for each other; null: there is none now */
  async at(groupId: string, node: string | null): Promise<GroupSight> {
    const [everybody, group, all] = await Promise.all([
      this.agents.floor(groupId),
      this.agents.group(groupId),
      this.shops.list(),
    ]);
    const people = everybody.filter(({ legNode }) => node === null || legNode === null || legNode === node);
    const served = all.filter(
      ({ isPaused, settings }) => !isPaused && settings.agentGroups.some((choice) => choice.group === groupId),
    );
    const rings = served.map(({ settings }) => settings.ringSeconds);
    const pacer = await this.pacing.look(groupId, everybody, {
      ringSeconds: rings.length === 0 ? LONGEST_RING_SECONDS : Math.max(...rings),
      shopIds: served.map(({ shopId }) => shopId),
    });
    const now = this.clock.now();
    const live = this.calls.liveOf(groupId);
    const abandons = await this.windows.of(
      served,
      countByShop(live, ({ call }) => isAbandoned(call)),
    );
    const waiting = countByShop(live, ({ call }) => call.state === 'waiting' && call.agent === null);
    const ringing = countByShop(live, isUnassigned);
    const own = callsLoad(
      live.filter((call) => node === null || call.node === node),
      now,
    );
    return {
      maxTalkSeconds: group.settings.maxTalkSeconds,
      dialing: group.settings.dialing,
      floor: floorOf(people, now),
      calls: { ...own, unassigned: [...own.unassigned, ...(await this.ofSharedAgents(groupId, people, now))] },
      shops: served.map((shop) => ({
        shop,
        abandons: abandons.get(shop.shopId) ?? [],
        waiting: waiting.get(shop.shopId) ?? 0,
        ringing: ringing.get(shop.shopId) ?? 0,
      })),
      atWork: new Map(people.filter(isAtWork).map((agent) => [agent.agentId, agent])),
      pacer,
    };
  }

  /** Calls of other groups that count on agents whom this group shares with them: at most as many as there are such agents. */
  private async ofSharedAgents(
    groupId: string,
    people: readonly PresenceView[],
    now: Date,
  ): Promise<PredictiveLoad['calls']['unassigned']> {
    const shared = people.filter((agent) => agent.groupIds.length > 1 && isAtWork(agent));
    const others = [...new Set(shared.flatMap((agent) => agent.groupIds))].filter((other) => other !== groupId);
    if (others.length === 0) return [];
    const calls = await this.transactions.read((tx) => this.calls.unassignedOf(tx, others));
    const since = (at: Date): number => Math.max(0, now.getTime() - at.getTime()) / 1000;
    return others.flatMap((other) =>
      calls
        .filter((call) => call.groupId === other)
        .slice(0, shared.filter((agent) => agent.groupIds.includes(other)).length)
        .map(({ dialedAt, ringingAt, number: attempt }) => ({
          ageSeconds: since(dialedAt),
          ringingSeconds: ringingAt === null ? null : since(ringingAt),
          attempt,
        })),
    );
  }
}

/** Who wishes for a break or to leave is at work until the call at hand is over, and not ready after it. */
function floorOf(people: readonly PresenceView[], now: Date): GroupFloor<PresenceView> {
  const elapsed = (states: readonly string[]) =>
    people
      .filter((agent) => states.includes(agent.state) && agent.wish.to === 'ready')
      .map((agent) => Math.max(0, now.getTime() - agent.since.getTime()) / 1000);
  return {
    free: people.filter(isFree),
    reserved: people.filter((agent) => agent.state === 'reserved').length,
    talking: elapsed(['talking', 'lost']),
    wrapUp: elapsed(['wrap_up']),
  };
}

function isFree(agent: PresenceView): boolean {
  return (
    takesCalls(agent.role) &&
    agent.state === 'ready' &&
    (agent.connection === 'per_call' || (agent.isLegUp && agent.legId !== null))
  );
}

function isAtWork(agent: PresenceView): boolean {
  return ['ready', 'reserved', 'talking', 'wrap_up'].includes(agent.state) && agent.wish.to === 'ready';
}

function isUnassigned({ call }: LiveCall): boolean {
  return call.agent === null && (call.state === 'dialing' || call.state === 'ringing');
}

function countByShop(calls: readonly LiveCall[], isMeant: (call: LiveCall) => boolean): Map<string, number> {
  const counts = new Map<string, number>();
  for (const call of calls) if (isMeant(call)) counts.set(call.shopId, (counts.get(call.shopId) ?? 0) + 1);
  return counts;
}
