import type { AttemptResult } from '../call/result.js';
import type { Outcome } from '../order/order.js';

/**
 * The reported numbers, one pure function for each, shared by reports, simulator and benchmarks, so that the same word means the same sum
 * everywhere. Shares are 0–1; a number that nothing was counted for is null, not 0.
 */

/** An order as far as the numbers need it. */
export interface OrderFigures {
  readonly registeredAt: Date;
  /** When the first INVITE left; null: none has. */
  readonly firstCallAt: Date | null;
  /** Null while it is open. */
  readonly outcome: Outcome | null;
  /** Calls placed for it. */
  readonly calls: number;
}

/** A call that has ended. */
export interface CallFigures {
  readonly dialedAt: Date | null;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  readonly endedAt: Date;
  readonly result: AttemptResult;
}

/** How long an agent (or all of them) was in each state. */
export interface AgentSeconds {
  readonly ready: number;
  /** Promised to a call that has not been connected. */
  readonly reserved: number;
  readonly talking: number;
  readonly wrapUp: number;
}

/** Share of agents' time, breaks left out, that is spent with buyers and on wrap-up. A reservation is waiting: nobody is on the line yet. */
export function occupancy(seconds: AgentSeconds): number | null {
  const busy = seconds.talking + seconds.wrapUp;
  return share(busy, busy + seconds.ready + seconds.reserved);
}

/** Whether the caps on abandoned calls count this call: a person answered, as far as is known. */
export function isLiveAnswered({ answeredAt, result }: Pick<CallFigures, 'answeredAt' | 'result'>): boolean {
  return answeredAt !== null && (result === 'answered' || result === 'abandoned');
}

/** Abandoned calls as a share of those that a person answered. */
export function abandonedRatio(calls: readonly Pick<CallFigures, 'answeredAt' | 'result'>[]): number | null {
  const answered = calls.filter(isLiveAnswered);
  return share(answered.filter(({ result }) => result === 'abandoned').length, answered.length);
}

/** Seconds from each order's registration to its first call, in ascending order; orders without a call are left out. */
export function firstCallSeconds(orders: readonly Pick<OrderFigures, 'registeredAt' | 'firstCallAt'>[]): number[] {
  return orders
    .flatMap(({ registeredAt, firstCallAt }) =>
      firstCallAt === null ? [] : [Math.max(0, firstCallAt.getTime() - registeredAt.getTime()) / 1_000],
    )
    .sort((a, b) => a - b);
}

/**
 * The value that a share of the values does not exceed (nearest rank).
 * @param sorted  ascending
 * @param at      0–1
 */
export function percentile(sorted: readonly number[], at: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(at * sorted.length) - 1))] ?? null;
}

/** Share of all orders whose first call left within so many seconds; one that was withdrawn before any call does not count. */
export function shareWithin(orders: readonly OrderFigures[], seconds: number): number | null {
  const counted = orders.filter(({ firstCallAt, outcome }) => firstCallAt !== null || outcome !== 'withdrawn');
  const inTime = firstCallSeconds(counted).filter((waited) => waited <= seconds).length;
  return share(inTime, counted.length);
}

/** Share of final orders that the buyer confirmed, with changes or without. */
export function confirmedRatio(orders: readonly Pick<OrderFigures, 'outcome'>[]): number | null {
  const final = orders.filter(({ outcome }) => outcome !== null);
  return share(final.filter(({ outcome }) => outcome === 'confirmed' || outcome === 'changed').length, final.length);
}

/** Calls placed for each order that was called at all, on average. */
export function callsPerOrder(orders: readonly Pick<OrderFigures, 'calls'>[]): number | null {
  const called = orders.filter(({ calls }) => calls > 0);
  return share(
    called.reduce((sum, { calls }) => sum + calls, 0),
    called.length,
  );
}

/** Share of calls that a person or a machine answered. */
export function answeredRatio(calls: readonly Pick<CallFigures, 'answeredAt' | 'result'>[]): number | null {
  const counted = calls.filter(({ result }) => result !== 'withdrawn' && result !== 'system_failure');
  return share(counted.filter(({ answeredAt }) => answeredAt !== null).length, counted.length);
}

/** Lines in use at once: the most, and on average over `seconds`. */
export function linesUsed(
  calls: readonly Pick<CallFigures, 'dialedAt' | 'endedAt'>[],
  seconds: number,
): { readonly most: number; readonly mean: number | null } {
  const steps = calls.flatMap(({ dialedAt, endedAt }) =>
    dialedAt === null
      ? []
      : [
          { atMs: dialedAt.getTime(), by: 1 },
          { atMs: endedAt.getTime(), by: -1 },
        ],
  );
  // At one instant lines are given back first.
  steps.sort((a, b) => a.atMs - b.atMs || a.by - b.by);
  let inUse = 0;
  let most = 0;
  let lineMs = 0;
  let lastMs = steps[0]?.atMs ?? 0;
  for (const { atMs, by } of steps) {
    lineMs += inUse * (atMs - lastMs);
    lastMs = atMs;
    inUse += by;
    most = Math.max(most, inUse);
  }
  return { most, mean: share(lineMs / 1_000, seconds) };
}

function share(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null;
}
