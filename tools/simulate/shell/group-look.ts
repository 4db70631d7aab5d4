import type { Presence } from '../../../src/core/agent/agent.js';
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
import { isFree } from './desk.js';
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

/** The floor as it has been since the agents' rows had this version. Times are ms. */
interface People {
  readonly version: number;
  readonly free: readonly FreeAgent[];
  readonly reserved: number;
  readonly talking: readonly number[];
  readonly wrapUp: readonly number[];
  readonly atWork: ReadonlyMap<string, AgentRow>;
}

const NO_CALLS = { abandoned: 0, waiting: 0 };
const AT_WORK: readonly string[] = ['ready', 'reserved', 'talking', 'wrap_up'];
const ABANDON_AFTER_SECONDS = 2;
const CALLS_TO_LEARN_FROM = 400;
const CAP = 0.03;

/** Looks at a group for its leader, and feeds the leader's pacing rule; as the service's GroupLook and GroupPacing do. */
export class GroupLook {
  readonly pacer: PredictivePacer;
  private readonly watch = new FloorWatch();
  private readonly windows: ReadonlyMap<string, AbandonWindows>;
  private readonly presences: Presence[] = [];
  private readonly seen: SeenAgent[] = [];
  private lastPeople: People | null = null;

  constructor(
    private readonly groupId: string,
    private readonly shops: readonly ShopOfGroup[],
    private readonly agents: readonly AgentRow[],
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
  }

  learn(fact: PacingFact, atMs: number): void {
    this.pacer.learn(fact, atMs / 1_000);
  }

  at(now: Date): GroupSight {
    const { free, reserved, talking, wrapUp, atWork } = this.people(now);
    const nowMs = now.getTime();
    const { unassigned, ofShop } = this.callsNow();
    return {
      floor: { free, reserved, talking: talking.map(secondsTo(nowMs)), wrapUp: wrapUp.map(secondsTo(nowMs)) },
      calls: callsLoad(unassigned, now),
      shops: new Map(
        this.shops.map(({ shopId, settings, rules }) => {
          const { abandoned, waiting } = ofShop.get(shopId) ?? NO_CALLS;
          const abandons = this.windows.get(shopId)?.counts(nowMs, abandoned) ?? [];
          const liveCalls = this.database.liveByShop.get(shopId) ?? 0;
          return [shopId, { settings, rules, liveCalls, abandons, waiting }];
        }),
      ),
      atWork,
    };
  }

  /** Everybody of the group, read anew only when somebody has moved. */
  private people(now: Date): People {
    const { agentsVersion: version } = this.database;
    if (this.lastPeople?.version === version) return this.lastPeople;
    const free: FreeAgent[] = [];
    const talking: number[] = [];
    const wrapUp: number[] = [];
    const atWork = new Map<string, AgentRow>();
    let reserved = 0;
    for (const [i, row] of this.agents.entries()) {
      const { presence } = row;
      if (this.presences[i] !== presence) {
        this.presences[i] = presence;
        this.seen[i] = seen(row);
      }
      if (isFree(row)) free.push(freeAgent(row));
      if (presence.state === 'reserved') reserved += 1;
      if (presence.wish.to !== 'ready') continue;
      if (AT_WORK.includes(presence.state)) atWork.set(row.agentId, row);
      if (presence.state === 'talking' || presence.state === 'lost') talking.push(presence.since.getTime());
      if (presence.state === 'wrap_up') wrapUp.push(presence.since.getTime());
    }
    for (const fact of this.watch.look(this.seen)) this.learn(fact, now.getTime());
    this.lastPeople = { version, free, reserved, talking, wrapUp, atWork };
    return this.lastPeople;
  }

  /** The calls that count on a free agent, and how many of each shop are abandoned or wait. */
  private callsNow(): { unassigned: PacedCall[]; ofShop: Map<string, { abandoned: number; waiting: number }> } {
    const unassigned: PacedCall[] = [];
    const ofShop = new Map<string, { abandoned: number; waiting: number }>();
    for (const { call, route } of this.live.values()) {
      if (route.groupId !== this.groupId) continue;
      const isWaiting = call.state === 'waiting' && call.agent === null;
      if (call.agent === null) unassigned.push({ call, number: route.number });
      if (!isWaiting && !isAbandoned(call)) continue;
      const counts = ofShop.get(route.shopId) ?? { ...NO_CALLS };
      ofShop.set(route.shopId, counts);
      if (isWaiting) counts.waiting += 1;
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

function secondsTo(nowMs: number): (sinceMs: number) => number {
  return (sinceMs) => (nowMs - sinceMs) / 1_000;
}
