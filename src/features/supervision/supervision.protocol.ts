import type { AgentState } from '../../core/agent/agent.js';
import type { ShownState } from '../../core/call/shown-state.js';
import type { DialingMode } from '../../core/order/shop-settings.js';
import type { PredictiveReason } from '../../core/pacing/predictive-load.js';
import type { CircuitState } from '../../core/trunk/circuit-breaker.js';

export type { AgentState, CircuitState, ShownState };

/** Within this many seconds of its deadline a first call is at risk. */
export const AT_RISK_SECONDS = 120;
/** One value of the history stands for a minute; an hour of them is told. */
export const HISTORY_MINUTES = 60;

/** Why the last decision of a group was what it was; see docs/api.md, "Pacing, explained". */
export type BoardPacingReason = PredictiveReason | 'telephony_down' | 'clock_skew' | 'event_loop_lag';

/** The last decision of a group's leader, in figures; instants are RFC 3339 strings here and below, ratios 0–1. */
export interface BoardPacing {
  readonly at: string;
  readonly mode: DialingMode;
  readonly reason: BoardPacingReason;
  /** Calls that may be placed now, and those of them that were. */
  readonly dial: number;
  readonly placed: number;
  readonly isAhead: boolean;
  readonly agentsFree: number;
  /** Chance that one more answered call finds no agent in time; null when it was not worked out. */
  readonly risk: number | null;
  readonly acceptedRisk: number;
  /** Share of first calls that are expected to be answered, learnt. */
  readonly answerRatio: number;
  /** Shops whose caps have no room for one more abandoned call. */
  readonly nearCap: readonly string[];
  readonly ordersDue: number;
}

export interface BoardGroup {
  readonly group: string;
  readonly name: string;
  /** Null while no dialer leads the group. */
  readonly pacing: BoardPacing | null;
}

/** Abandoned calls of a shop against one of its caps. */
export interface BoardAbandon {
  readonly windowHours: number;
  readonly maxRatio: number;
  readonly answered: number;
  readonly abandoned: number;
}

/** Orders of a shop that wait. */
export interface BoardWaiting {
  /** They may be called now. */
  readonly due: number;
  /** They wait for their time: a retry, a callback, calling hours. */
  readonly later: number;
  /** Of `due`: not called yet, and their deadline comes within {@link AT_RISK_SECONDS}. */
  readonly atRisk: number;
  /** Of `due`: not called yet, and their deadline has passed. */
  readonly late: number;
  /** They wait for a person. */
  readonly held: number;
  /** When the one of `due` was received that waits longest for its first call. */
  readonly oldestAt: string | null;
}

export interface BoardShop {
  readonly shop: string;
  readonly name: string;
  readonly isPaused: boolean;
  /** Groups that call for it. */
  readonly groups: readonly string[];
  readonly waiting: BoardWaiting;
  readonly abandons: readonly BoardAbandon[];
}

/** Somebody who takes calls. */
export interface BoardAgent {
  readonly login: string;
  readonly name: string;
  readonly groups: readonly string[];
  readonly state: AgentState;
  readonly since: string;
  readonly reason: string | null;
  readonly wanted: 'ready' | 'break' | 'offline';
  readonly callId: string | null;
  /** When `reserved`, `talking`, `lost` or `wrap_up` must be over. */
  readonly limitAt: string | null;
}

/** A live call; nothing of its buyer. */
export interface BoardCall {
  readonly callId: string;
  readonly shop: string;
  readonly group: string;
  readonly state: ShownState;
  readonly since: string;
  /** Login of whoever talks or is to talk. */
  readonly agent: string | null;
  readonly orderId: string;
}

export interface BoardTrunk {
  readonly trunk: string;
  readonly inUse: number;
  readonly maxChannels: number;
  readonly circuit: CircuitState;
  /** When an open circuit lets a call try again. */
  readonly retryAt: string | null;
}

/** A first call that is late or at risk. */
export interface BoardUrgentOrder {
  readonly shop: string;
  readonly orderId: string;
  readonly callBy: string;
}

/** An order that waits for a person. */
export interface BoardHeldOrder {
  readonly shop: string;
  readonly orderId: string;
  readonly reason: string;
  readonly attempts: number;
  readonly registeredAt: string;
}

/** The floor at one instant, as far as the watcher may see it; at most once a second. */
export interface BoardMessage {
  readonly at: string;
  readonly groups: readonly BoardGroup[];
  readonly shops: readonly BoardShop[];
  readonly agents: readonly BoardAgent[];
  readonly calls: readonly BoardCall[];
  readonly trunks: readonly BoardTrunk[];
  /** The most urgent ones first, at most 100 of the whole installation. */
  readonly urgent: readonly BoardUrgentOrder[];
  /** Newest first, at most 200 of the whole installation. */
  readonly held: readonly BoardHeldOrder[];
}

/** Values by minute, the last of them the present one: {@link HISTORY_MINUTES} each. */
type Minutes = readonly number[];

export interface ShopHistory {
  readonly shop: string;
  readonly groups: readonly string[];
  /** Orders that waited for their first call at the end of the minute. */
  readonly waiting: Minutes;
}

export interface CallHistory {
  readonly shop: string;
  readonly group: string;
  /** Calls alive, and talks, at the end of the minute. */
  readonly live: Minutes;
  readonly talks: Minutes;
  /** Calls that ended in the minute: those that went as far as the buyer's phone, and of them answered and abandoned ones. */
  readonly tried: Minutes;
  readonly answered: Minutes;
  readonly abandoned: Minutes;
}

/** Agents of the same groups together: seconds of the minute at calls and wrap-up, and ready or reserved. */
export interface WorkHistory {
  readonly groups: readonly string[];
  readonly busySeconds: Minutes;
  readonly freeSeconds: Minutes;
}

/** The last hour; every 15 s. */
export interface BoardHistoryMessage {
  /** The beginning of the present minute. */
  readonly at: string;
  readonly shops: readonly ShopHistory[];
  readonly calls: readonly CallHistory[];
  readonly work: readonly WorkHistory[];
}

/** The events of `GET /v1/supervisor/events` and their data. */
export interface BoardMessages {
  readonly 'board.now': BoardMessage;
  readonly 'board.history': BoardHistoryMessage;
}
