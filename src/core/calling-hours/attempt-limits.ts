import { isCharged } from '../attempt/next-attempt.js';
import type { AttemptResult } from '../call/result.js';
import { isDemo, type ShopSettings } from '../order/shop-settings.js';
import { effectiveRetry, JURISDICTION_PROFILES } from './jurisdiction.js';

/** One call that was placed to the buyer's number for the shop, or for this very order, whether it has ended or not. */
export interface PastCall {
  readonly startedAt: Date;
  /** null: alive. */
  readonly endedAt: Date | null;
  readonly result: AttemptResult | null;
  /** The phone rang or was picked up, as far as we know. */
  readonly hasRung: boolean;
  /** It was made for the order in question; else for another one of the same buyer. */
  readonly isOfOrder: boolean;
  /** A talk that brought the final word about its order: the next order of that buyer is a new matter, not a repeat. */
  readonly isConcluded: boolean;
}

/** How often and how soon a buyer may be rung. */
export interface AttemptLimits {
  readonly maxPerOrder: number;
  readonly maxPer24Hours: number;
  readonly maxPer30Days: number;
  /** Least time from the end of an attempt with this result, in ms. */
  readonly gapMsAfter: (result: AttemptResult) => number;
}

export const LIMIT_RULES = ['attempts_of_order', 'attempts_in_24_hours', 'attempts_in_30_days', 'gap'] as const;
export type LimitRule = (typeof LIMIT_RULES)[number];

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** A buyer who picked up and found no agent is owed a call: the shop's other gaps do not hold it back. */
const ABANDONED_GAP_MINUTES = 1;

/** The limits of a shop within those of its jurisdiction; null in the demo, which has none. */
export function attemptLimits(settings: Pick<ShopSettings, 'retry' | 'jurisdiction'>): AttemptLimits | null {
  if (isDemo(settings)) return null;
  const { maxPer30Days } = JURISDICTION_PROFILES[settings.jurisdiction].attempts;
  const retry = effectiveRetry(settings);
  const gapMinutesAfter = (result: AttemptResult) =>
    retry.byResult[result]?.gapMinutes ??
    (result === 'abandoned' ? Math.min(ABANDONED_GAP_MINUTES, retry.gapMinutes) : retry.gapMinutes);
  return {
    maxPerOrder: retry.maxAttempts,
    maxPer24Hours: retry.maxPer24Hours,
    maxPer30Days: maxPer30Days ?? Infinity,
    gapMsAfter: (result) => gapMinutesAfter(result) * MINUTE_MS,
  };
}

/**
 * From when on the limits permit another call (Unix ms; Infinity: never), and the rule that holds it back longest; null: none does.
 *
 * Counted are calls that rang, or that are charged to the buyer (`isCharged`), of the order and of its buyer's other orders with the shop. Gaps
 * after failures of the carrier or of ourselves are not kept here but by `nextAttempt`: the buyer heard nothing of them.
 */
export function heldBack(
  limits: AttemptLimits,
  history: readonly PastCall[],
): { readonly untilMs: number; readonly rule: LimitRule } | null {
  const counted = history.filter(isCounted);
  const starts = counted.map((call) => call.startedAt.getTime()).sort((a, b) => b - a);
  const ofOrder = counted.filter((call) => call.isOfOrder && (call.result === null || isCharged(call.result)));
  const gapsEnd = counted.map((call) =>
    call.endedAt !== null && call.result !== null && isCharged(call.result)
      ? call.endedAt.getTime() + limits.gapMsAfter(call.result)
      : 0,
  );
  const holds: { untilMs: number; rule: LimitRule }[] = [
    { untilMs: ofOrder.length >= limits.maxPerOrder ? Infinity : 0, rule: 'attempts_of_order' },
    { untilMs: (starts[limits.maxPer30Days - 1] ?? -Infinity) + 30 * DAY_MS, rule: 'attempts_in_30_days' },
    { untilMs: (starts[limits.maxPer24Hours - 1] ?? -Infinity) + DAY_MS, rule: 'attempts_in_24_hours' },
    { untilMs: Math.max(0, ...gapsEnd), rule: 'gap' },
  ];
  const longest = holds.reduce((one, other) => (other.untilMs > one.untilMs ? other : one));
  return longest.untilMs > 0 ? longest : null;
}

function isCounted(call: PastCall): boolean {
  if (!call.isOfOrder && call.isConcluded) return false;
  return call.result === null || call.hasRung || isCharged(call.result);
}
