import type { GroupFloor, PacedShop } from '../../../src/core/attempt/take-turn.js';
import type { TurnAgent } from '../../../src/core/attempt/plan-turn.js';
import type { RingRules } from '../../../src/core/calling-hours/may-ring.js';
import type { ShopSettings } from '../../../src/core/order/shop-settings.js';
import { FloorWatch, type SeenAgent } from '../../../src/core/pacing/floor-watch.js';
import { callsLoad, type PacedCall } from '../../../src/core/pacing/live-load.js';
import { factsOfPast, isAbandoned, type PacingFact } from '../../../src/core/pacing/pacing-fact.js';
import { PredictivePacer } from '../../../src/core/pacing/predictive.js';
import type { PredictiveLoad } from '../../../src/core/pacing/predictive-load.js';
import { AbandonWindows } from './abandon-windows.js';
import type { CallMailbox } from './call-mailbox.js';
import type { Database } from './database.js';
import { isAtWork, isFree } from './desk.js';
import type { AgentRow } from './rows.js';

export interface ShopOfGroup {
  readonly shopId: string;
  readonly settings: ShopSettings;
  readonly rules: RingRules;
  readonly past: { readonly answered: number; readonly abandoned: number };
}

export interface FreeAgent extends TurnAgent {
  readonly row: AgentRow;
}

/** A group at one instant: who is there, what they are at, and which calls count on them. */
export interface GroupSight {
  readonly floor: GroupFloor<FreeAgent>;
  readonly calls: PredictiveLoad['calls'];
  readonly shops: ReadonlyMap<string, PacedShop>;
  readonly atWork: ReadonlyMap<string, AgentRow>;
}

/** The first look finds nothing ended. */
const NEVER = new Date(0);
const NO_CALLS = { abandoned: 0, waiting: 0, ringing: 0 };
const ABANDON_AFTER_SECONDS = 2;
const CALLS_TO_LEARN_FROM = 400;
const CAP = 0.03;

/** Looks at a group for its leader, and feeds the leader's pacing rule; as the service's GroupLook and GroupPacing do. */
export class GroupLook {
  readonly pacer: PredictivePacer;
  private readonly watch = new FloorWatch();
  private readonly windows: ReadonlyMap<string, AbandonWindows>;
  private readonly free = new Map<AgentRow, FreeAgent>();
  private readonly reserved = new Map<AgentRow, AgentRow>();
  /** Since when. */
  private readonly talking = new Map<AgentRow, Date>();
  private readonly wrapUp = new Map<AgentRow, Date>();
  private readonly atWork = new Map<string, AgentRow>();
  private movesSeen: number;

  constructor(
    private readonly groupId: string,
    private readonly shops: readonly ShopOfGroup[],
    agents: readonly AgentRow[],
    private readonly live: ReadonlyMap<string, CallMailbox>,
    private readonly database: Database,
  ) {
    this.windows = new Map(
      shops.map(({ shopId, settings, past }) => [
        shopId,
        new AbandonWindows(shopId, settings.abandon, database.endedCalls, past),
      ]),
    );
    this.pacer = new PredictivePacer({
      cap: CAP,
      abandonAfterSeconds: ABANDON_AFTER_SECONDS,
      ringSeconds: shops.length === 0 ? 60 : Math.max(...shops.map(({ settings }) => settings.ringSeconds)),
      isScreened: false,
    });
    this.learnFromThePast();
    this.movesSeen = database.movedAgents.length;
    for (const agent of agents) this.see(agent, NEVER);
  }

  learn(fact: PacingFact, atMs: number): void {
    this.pacer.learn(fact, atMs / 1_000);
  }

  at(now: Date): GroupSight {
    this.seePeople(now);
    const nowMs = now.getTime();
    const elapsed = (times: ReadonlyMap<AgentRow, Date>): number[] =>
      Array.from(times.values(), (since) => (nowMs - since.getTime()) / 1_000);
    const { unassigned, ofShop } = this.callsNow();
    return {
      floor: {
        free: [...this.free.values()],
        reserved: this.reserved.size,
        talking: elapsed(this.talking),
        wrapUp: elapsed(this.wrapUp),
      },
      calls: callsLoad(unassigned, now),
      shops: new Map(
        this.shops.map(({ shopId, settings, rules }) => {
          const { abandoned, waiting, ringing } = ofShop.get(shopId) ?? NO_CALLS;
          const abandons = this.windows.get(shopId)?.counts(nowMs, abandoned) ?? [];
          const liveCalls = this.database.liveByShop.get(shopId) ?? 0;
          return [shopId, { settings, rules, liveCalls, abandons, waiting, ringing }];
        }),
      ),
      atWork: this.atWork,
    };
  }

  /** Brings what is known of the group's people up to date with those who have moved. */
  private seePeople(now: Date): void {
    const { movedAgents } = this.database;
    for (; this.movesSeen < movedAgents.length; this.movesSeen += 1) {
      const row = movedAgents[this.movesSeen]!;
      if (row.groupIds.includes(this.groupId)) this.see(row, now);
    }
  }

  private see(row: AgentRow, now: Date): void {
    const { presence } = row;
    const { state } = presence;
    const isStaying = presence.wish.to === 'ready';
    for (const fact of this.watch.lookAt(seen(row))) this.learn(fact, now.getTime());
    put(this.free, row, isFree(row) ? freeAgent(row) : null);
    put(this.reserved, row, state === 'reserved' ? row : null);
    put(this.talking, row, isStaying && (state === 'talking' || state === 'lost') ? presence.since : null);
    put(this.wrapUp, row, isStaying && state === 'wrap_up' ? presence.since : null);
    put(this.atWork, row.agentId, isAtWork(presence) ? row : null);
  }

  /** The calls that count on a free agent, and how many of each shop are abandoned, wait or ring. */
  private callsNow(): { unassigned: PacedCall[]; ofShop: Map<string, typeof NO_CALLS> } {
    const unassigned: PacedCall[] = [];
    const ofShop = new Map<string, typeof NO_CALLS>();
    for (const { call, route } of this.live.values()) {
      if (route.groupId !== this.groupId) continue;
      const isWaiting = call.state === 'waiting' && call.agent === null;
      if (call.agent === null) unassigned.push({ call, number: route.number });
      const isRinging = call.agent === null && (call.state === 'dialing' || call.state === 'ringing');
      if (!isWaiting && !isRinging && !isAbandoned(call)) continue;
      const counts = ofShop.get(route.shopId) ?? { ...NO_CALLS };
      ofShop.set(route.shopId, counts);
      if (isRinging) counts.ringing += 1;
      else if (isWaiting) counts.waiting += 1;
      else counts.abandoned += 1;
    }
    return { unassigned, ofShop };
  }

  /** What a new leader knows of the group's last calls. */
  private learnFromThePast(): void {
    const past = this.database.endedCalls.filter(({ route }) => route.groupId === this.groupId);
    for (const { call, route, wrappedUpAt } of past.slice(-CALLS_TO_LEARN_FROM)) {
      if (call.state !== 'ended') continue;
      const { ringingAt, answeredAt, connectedAt, endedAt, result } = call;
      const dialedAt = call.dialedAt ?? call.plannedAt;
      const times = {
        number: route.number,
        dialedAt,
        ringingAt,
        answeredAt,
        connectedAt,
        endedAt,
        wrappedUpAt,
        result,
      };
      for (const fact of factsOfPast(times)) this.learn(fact, endedAt.getTime());
    }
  }
}

function freeAgent(row: AgentRow): FreeAgent {
  const { agentId, skills, presence } = row;
  return { row, agentId, skills, since: presence.since, connection: presence.connection };
}

function seen({ agentId, presence }: AgentRow): SeenAgent {
  return {
    agentId,
    state: presence.state,
    since: presence.since,
    callId: 'callId' in presence ? presence.callId : null,
  };
}

function put<K, V>(map: Map<K, V>, key: K, value: V | null): void {
  if (value === null) map.delete(key);
  else map.set(key, value);
}
