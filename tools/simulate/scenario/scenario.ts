import type { AttemptResult } from '../../../src/core/call/result.js';
import type { AgentOutcome } from '../../../src/core/order/order.js';
import type { DialingMode, ShopSettings } from '../../../src/core/order/shop-settings.js';
import type { Distribution } from '../engine/chance.js';

/** A day to play: who works when, who orders and answers how, over which lines, and what goes wrong. Times of day are in `timeZone`. */
export interface Scenario {
  readonly name: string;
  /** What the scenario is for, in one sentence. */
  readonly title: string;
  readonly seed: number;
  readonly timeZone: string;
  /** `YYYY-MM-DD`: the day it begins. */
  readonly date: string;
  /** `HH:MM` at which it begins, and for how many hours orders come and people work. */
  readonly from: string;
  readonly hours: number;
  readonly groups: readonly GroupPlan[];
  readonly agents: readonly AgentsPlan[];
  readonly talk: TalkPlan;
  readonly shops: readonly ShopPlan[];
  readonly trunks: readonly TrunkPlan[];
  readonly faults: FaultPlan;
}

export interface GroupPlan {
  readonly group: string;
  readonly wrapUpSeconds: number;
  readonly maxTalkSeconds: number;
  /** Null: each shop's own mode. */
  readonly dialing: DialingMode | null;
}

/** Agents of the same shift. */
export interface AgentsPlan {
  readonly groups: readonly string[];
  readonly count: number;
  readonly from: string;
  readonly to: string;
  readonly connection: 'persistent' | 'per_call';
  readonly skills: readonly string[];
  /** Each agent goes within `spreadMinutes` after `at`. */
  readonly breaks: readonly { readonly at: string; readonly minutes: number; readonly spreadMinutes: number }[];
}

/** How agents work. */
export interface TalkPlan {
  readonly talkSeconds: Distribution;
  /** How long an agent listens to a machine before hanging up. */
  readonly machineSeconds: Distribution;
  readonly wrapUpSeconds: Distribution;
  readonly outcomes: Readonly<Partial<Record<AgentOutcome, number>>>;
  /** Share of talks of which the agent says the outcome before hanging up, not in the wrap-up. */
  readonly saidDuringTalkRatio: number;
  /** Share of talks of which the agent says nothing at all. */
  readonly unsaidRatio: number;
  /** Share of talks that the buyer ends. */
  readonly buyerEndsRatio: number;
  /** When a buyer who asks for it is to be called back, minutes ahead. */
  readonly callbackMinutes: Distribution;
}

export interface ShopPlan {
  readonly shop: string;
  readonly settings: ShopSettings;
  readonly orders: OrdersPlan;
  readonly buyers: BuyersPlan;
  /** Calls of the day before that the caps on abandoned calls count. */
  readonly past: { readonly answered: number; readonly abandoned: number };
}

export interface OrdersPlan {
  /** Orders in all, flash sales with a number of their own not counted. */
  readonly count: number;
  /** Weight of each hour of the day, 24 of them. */
  readonly byHour: readonly number[];
  readonly flashSales: readonly FlashSale[];
  /** Orders that are there already when the scenario begins. */
  readonly overnight: number;
  /** Share of orders from a buyer who has ordered in this run before. */
  readonly repeatRatio: number;
  /** Share of orders that the shop takes back, and when. */
  readonly cancelRatio: number;
  readonly cancelSeconds: Distribution;
  /** Share of orders with priority 9. */
  readonly urgentRatio: number;
}

/** For `minutes` from `at` the usual rate times `factor`, or `orders` more. */
export type FlashSale = { readonly at: string; readonly minutes: number } & (
  { readonly factor: number } | { readonly orders: number }
);

/** What buyers' phones do. */
export interface BuyersPlan {
  /** `carrier`: the last two digits of the number choose, as the simulated carrier's table says, with the demo shop's mix of numbers. */
  readonly behaviour: 'drawn' | 'carrier' | MeasuredBuyers;
  /** Share of calls answered by a person or a machine, for each hour of the buyer's day. */
  readonly answerRatioByHour: readonly number[];
  /** The share of later attempts, as a multiple. */
  readonly laterAttemptsFactor: number;
  /** From ringing to the answer. */
  readonly answerSeconds: Distribution;
  /** Share of answers that are machines. */
  readonly machineRatio: number;
  readonly hangsUpAtOnceRatio: number;
  /** How long an answered buyer waits for an agent before hanging up. */
  readonly patienceSeconds: Distribution;
  readonly unanswered: Readonly<Partial<Record<Unanswered, number>>>;
  /** Zones of buyers whose order names one, by weight; the others have the shop's. */
  readonly timeZones: Readonly<Record<string, number>>;
}

export const UNANSWERED = [
  'no_answer',
  'busy',
  'rejected',
  'switched_off',
  'invalid',
  'congestion',
  'early_media_busy',
  'silent_carrier',
] as const;
export type Unanswered = (typeof UNANSWERED)[number];

/** Calls that were seen somewhere: each new one is like one of them. */
export interface MeasuredBuyers {
  readonly calls: readonly {
    readonly result: AttemptResult;
    /** From the INVITE to the answer or to the end, and to the ringing (null: never rang). */
    readonly seconds: number;
    readonly ringingAfterSeconds: number | null;
  }[];
}

export interface TrunkPlan {
  readonly trunk: string;
  readonly maxChannels: number;
  readonly callsPerSecond: number;
  readonly prefixes: readonly string[];
  readonly priority: number;
}

/** What goes wrong. Rates are for each hour of the whole run. */
export interface FaultPlan {
  /** Dialer processes; those without the lease stand by. */
  readonly dialers: number;
  /** Facts of the exchange that a dialer does not hear, hears late, or hears twice. */
  readonly factsLostRatio: number;
  readonly factsLateRatio: number;
  readonly factsLateSeconds: Distribution;
  readonly factsDoubledRatio: number;
  readonly wakeUpsLostRatio: number;
  readonly jobsLostRatio: number;
  readonly jobsDoubledRatio: number;
  readonly jobSeconds: Distribution;
  /** The dialer is killed and started again. */
  readonly killsPerHour: number;
  readonly downSeconds: Distribution;
  /** The dialer stands still and goes on as if nothing had been. */
  readonly freezesPerHour: number;
  readonly frozenSeconds: Distribution;
  readonly linkCutsPerHour: number;
  readonly linkCutSeconds: Distribution;
  readonly exchangeDeathsPerHour: number;
  /** Postgres refuses writes. */
  readonly databaseOutagesPerHour: number;
  readonly databaseOutageSeconds: Distribution;
  /** An agent's phone loses its connection. */
  readonly agentLegsLostPerHour: number;
  readonly trunkOutages: readonly { readonly trunk: string; readonly at: string; readonly minutes: number }[];
}
