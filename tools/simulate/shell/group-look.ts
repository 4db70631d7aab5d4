import type { GroupFloor, PacedShop } from '../../../src/core/attempt/take-turn.js';
import type { TurnAgent } from '../../../src/core/attempt/plan-turn.js';
import type { RingRules } from '../../../src/core/calling-hours/may-ring.js';
import type { ShopSettings } from '../../../src/core/order/shop-settings.js';
import { FloorWatch, type SeenAgent } from '../../../src/core/pacing/floor-watch.js';
import { callsLoad } from '../../../src/core/pacing/live-load.js';
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

const AT_WORK: readonly string[] = ['ready', 'reserved', 'talking', 'wrap_up'];
const ABANDON_AFTER_SECONDS = 2;
const CALLS_TO_LEARN_FROM = 400;
const CAP = 0.03;

/** Looks at a group for its leader, and feeds the leader's pacing rule; as the service's GroupLook and GroupPacing do. */
export class GroupLook {
  readonly pacer: PredictivePacer;
  private readonly watch = new FloorWatch();
  private readonly windows: ReadonlyMap<string, AbandonWindows>;

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
    const people = this.agents;
    for (const fact of this.watch.look(people.map(seen))) this.learn(fact, now.getTime());
    const elapsed = (states: readonly string[]): number[] =>
      people
        .filter(({ presence }) => states.includes(presence.state) && presence.wish.to === 'ready')
        .map(({ presence }) => (now.getTime() - presence.since.getTime()) / 1_000);
    const live = [...this.live.values()].filter(({ route }) => route.groupId === this.groupId);
    return {
      floor: {
        free: people.filter(isFree).map(freeAgent),
        reserved: people.filter(({ presence }) => presence.state === 'reserved').length,
        talking: elapsed(['talking', 'lost']),
        wrapUp: elapsed(['wrap_up']),
      },
      calls: callsLoad(
        live.map(({ call, route }) => ({ call, number: route.number })),
        now,
      ),
      shops: new Map(
        this.shops.map(({ shopId, settings, rules }) => {
          const ofShop = live.filter(({ route }) => route.shopId === shopId);
          const abandoned = ofShop.filter(({ call }) => isAbandoned(call)).length;
          const waiting = ofShop.filter(({ call }) => call.state === 'waiting' && call.agent === null).length;
          const abandons = this.windows.get(shopId)?.counts(now.getTime(), abandoned) ?? [];
          const liveCalls = this.database.liveByShop.get(shopId) ?? 0;
          return [shopId, { settings, rules, liveCalls, abandons, waiting }];
        }),
      ),
      atWork: new Map(people.filter(isAtWork).map((agent) => [agent.agentId, agent])),
    };
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

function isAtWork({ presence }: AgentRow): boolean {
  return AT_WORK.includes(presence.state) && presence.wish.to === 'ready';
}
