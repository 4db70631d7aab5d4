import type { Presence, AgentLimits } from '../../../src/core/agent/agent.js';
import type { Call } from '../../../src/core/call/call.js';
import type { AttemptResult } from '../../../src/core/call/result.js';
import type { PastAttempt } from '../../../src/core/attempt/next-attempt.js';
import type { Outcome } from '../../../src/core/order/order.js';
import { isLive, type OrderState } from '../../../src/core/order/order-machine.js';

/** An attempt of an order; `result` is null while it is live. */
export interface AttemptRow {
  readonly callId: string;
  readonly number: number;
  readonly plannedAt: Date;
  result: AttemptResult | null;
  endedAt: Date | null;
  hasRung: boolean;
}

/** An order as the service keeps it. */
export interface OrderRow {
  readonly orderRef: string;
  readonly shopId: string;
  readonly phone: string;
  readonly timeZone: string | null;
  readonly registeredAt: Date;
  readonly receivedAt: Date;
  readonly callBy: Date;
  readonly giveUpAt: Date;
  readonly priority: number;
  state: OrderState;
  attempts: AttemptRow[];
  notBefore: Date | null;
  isAbandonedBefore: boolean;
  callbackAt: Date | null;
  callbackAgentId: string | null;
  holdReason: string | null;
  waitReason: string | null;
  firstCallAt: Date | null;
  withdrawRequestedAt: Date | null;
  finishedAt: Date | null;
  /** Who talked with the buyer last. */
  earlierAgentId: string | null;
}

/** What a call was planned with and is kept beside its machine. */
export interface Route {
  readonly shopId: string;
  readonly orderRef: string;
  readonly groupId: string;
  readonly epoch: number;
  readonly trunkId: string;
  readonly phone: string;
  readonly number: number;
  /** Whoever takes the call must have them. */
  readonly skills: readonly string[];
  readonly agentEndpoint: string | null;
}

export interface CallRow {
  readonly callId: string;
  call: Call;
  route: Route;
  version: number;
  /** No agent was reserved when it was placed. */
  readonly isPredictive: boolean;
  isEnded: boolean;
  /** When its agent had written down the result. */
  wrappedUpAt: Date | null;
  /** Since when it counts among its trunk's calls per second; null while its agent's phone is rung first. */
  lineTakenMs: number | null;
  /** When the exchange had taken the order to call. */
  invitedMs: number | null;
  /** The buyer's orders that are served by it, the one it was placed for first. */
  readonly orderRefs: string[];
}

export interface AgentRow {
  readonly agentId: string;
  readonly groupIds: readonly string[];
  readonly skills: readonly string[];
  readonly endpoint: string;
  readonly limits: AgentLimits;
  presence: Presence;
}

export function outcomeOf(order: OrderRow): Outcome | null {
  return order.state.status === 'final' ? order.state.outcome : null;
}

export function liveCallOf(order: OrderRow): string | null {
  return isLive(order.state) ? order.state.callId : null;
}

/** The ended attempts, as the rules want them. */
export function pastAttempts(order: OrderRow): PastAttempt[] {
  return order.attempts.flatMap(({ result, plannedAt, hasRung }) =>
    result === null ? [] : [{ result, startedAt: plannedAt, hasRung }],
  );
}

/** Results of what the machine holds now: ended calls carry their result. */
export function hasRung(call: Call): boolean {
  return call.ringingAt !== null || call.hasEarlyMedia || call.answeredAt !== null;
}
