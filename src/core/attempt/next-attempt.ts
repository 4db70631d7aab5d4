import { ATTEMPT_RESULTS, type AttemptResult } from '../call/result.js';
import type { RetryPolicy } from '../order/shop-settings.js';
import type { Random } from '../shared/clock.js';
import { towardsBestHour } from './best-hour.js';

/** One attempt that has ended. `hasRung` says whether the buyer's phone rang or was picked up, as far as we know. */
export interface PastAttempt {
  readonly result: AttemptResult;
  readonly startedAt: Date;
  readonly hasRung: boolean;
}

/**
 * What follows an attempt that brought no final word: another one not before `at` (`isAbandoned`: the buyer picked up and found no agent, so
 * the next call goes first and only with an agent reserved), the end of the order, or a stop until a person has looked.
 */
export type NextAttempt =
  | {
      readonly kind: 'again';
      /** `at` without jitter and without waiting for a better hour: from then on the order may share a call that is placed to the buyer anyway. */
      readonly earliestAt: Date;
      readonly at: Date;
      readonly isAbandoned: boolean;
      /** Moved into an hour in which the buyer picked up before. */
      readonly isAtBestHour?: boolean;
    }
  | {
      readonly kind: 'final';
      readonly outcome: 'unreachable' | 'expired' | 'invalid_number' | 'withdrawn';
      readonly reason: string;
    }
  | { readonly kind: 'hold'; readonly reason: string };

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** In the demo's jurisdiction no gap is longer than this, and the limit of 24 hours is not counted. */
export const DEMO_GAP_MS = 5_000;

/** A call that one trunk refused goes over another at once; so short that the wake-up of its end finds it due. */
const REROUTE_AFTER_MS = 1;

/** A call that was lost on our side before it rang, as far as we know, is made good soon: F1 of the faults asks for 15 s, of which this is the gap. */
const UNHEARD_AFTER_MS = 3_000;

/** A gap is lengthened by up to this share, never shortened: orders that failed together do not come back together. */
export const GAP_JITTER_RATIO = 0.1;

/**
 * Results that are not the buyer's doing, or that we owe the buyer for, have rules of their own where the shop sets none. Their gap doubles
 * with each repeat up to the shop's overall gap, but for `abandoned`, which always comes back soon.
 */
const OWN_RULES: Partial<Record<AttemptResult, { maxAttempts: number; gapMinutes: number; isDoubling: boolean }>> = {
  abandoned: { maxAttempts: Number.POSITIVE_INFINITY, gapMinutes: 1, isDoubling: false },
  carrier_failure: { maxAttempts: 12, gapMinutes: 1, isDoubling: true },
  system_failure: { maxAttempts: 10, gapMinutes: 0.5, isDoubling: true },
};

/** Results after which another hour of the day may help. */
const FOUND_NOBODY: readonly AttemptResult[] = ['no_answer', 'machine', 'unobtainable', 'busy', 'rejected', 'answered'];

/**
 * A carrier that was not told of the end of a call rings its buyer no longer than this after the order to call left: three minutes (RFC 3261, section 16.8,
 * timer C) from the INVITE, which may be seconds behind the order (an exchange that is busy or slow to answer is given up after 3 s).
 */
export const CARRIER_RINGS_MS = 185_000;

/** Until when a buyer may still be ringing for a call that broke off before an answer. */
export function restAfterLostCall(dialedAt: Date): Date {
  return new Date(dialedAt.getTime() + CARRIER_RINGS_MS);
}

/**
 * Whether an attempt counts against the shop's overall maximum: failures of the carrier and of ourselves do not, since the buyer had no part in
 * them; they have a maximum of their own.
 */
export function isCharged(result: AttemptResult): boolean {
  return result !== 'carrier_failure' && result !== 'system_failure' && result !== 'withdrawn';
}

/** How many of an order's ended attempts are charged; `last` has just ended and is not among the results yet. */
export function chargedAttempts(
  results: Readonly<Partial<Record<AttemptResult, number>>>,
  last: AttemptResult | null,
): number {
  const before = ATTEMPT_RESULTS.filter(isCharged).reduce((sum, result) => sum + (results[result] ?? 0), 0);
  return before + (last !== null && isCharged(last) ? 1 : 0);
}

/** Whether an attempt counts for the limit of 24 hours, which protects the buyer's peace: whatever rang does, whoever failed afterwards. */
function isDisturbing(attempt: PastAttempt): boolean {
  return attempt.hasRung || isCharged(attempt.result);
}

/**
 * What an order becomes whose time to give up has come: `expired` when no call to its buyer was possible, since none was tried, or all failed on the
 * carrier's side or ours before anything rang; else `unreachable`.
 */
export function outcomeInTime(attempts: readonly PastAttempt[]): 'expired' | 'unreachable' {
  return attempts.some(isDisturbing) ? 'unreachable' : 'expired';
}

/**
 * When to ring again, or when to give up.
 *
 * @param last      the result that has just come in; `attempts` are all ended ones of the order, this one among them, in any order
 * @param now       the end of the attempt: gaps count from here
 * @param giveUpAt  no attempt may begin at or after it; null = no limit
 * @param isDemo    the shop's jurisdiction is `demo`
 * Source: contract, sections 2 and 4 (6 in all, 3 in 24 h, 120 min).
 */
export function nextAttempt(input: {
  readonly last: AttemptResult;
  readonly attempts: readonly PastAttempt[];
  readonly retry: RetryPolicy;
  readonly isDemo: boolean;
  /** The number is left alone until then; null or absent = no such rest. */
  readonly restUntil?: Date | null;
  /** The trunk refused the call before anything rang, and another one leads there: no gap, since nobody was disturbed, and no maximum. */
  readonly hasOtherWay?: boolean;
  /** The dialer lost the call before anything of it was heard, and the carrier rings nobody for it: the first time, no gap needs to be kept. */
  readonly wasUnheard?: boolean;
  /** No call before it, by limits that reach beyond this order; null or absent = none. */
  readonly heldBackUntil?: Date | null;
  /** When the buyer picked up before, and their IANA zone: a retry that found nobody may be moved by up to one more gap into such an hour. */
  readonly habits?: { readonly answeredAt: readonly Date[]; readonly timeZone: string };
  readonly now: Date;
  readonly giveUpAt: Date | null;
  readonly random: Random;
}): NextAttempt {
  const { last, attempts, retry, now, giveUpAt } = input;
  if (last === 'invalid_number')
    return { kind: 'final', outcome: 'invalid_number', reason: 'the carrier knows no such number' };
  if (last === 'withdrawn') return { kind: 'final', outcome: 'withdrawn', reason: 'the shop withdrew the order' };

  const sameResult = attempts.filter((attempt) => attempt.result === last).length;
  const ownRule = retry.byResult[last] ?? OWN_RULES[last];
  const isRerouted = last === 'carrier_failure' && input.hasOtherWay === true;
  if (ownRule && sameResult >= ownRule.maxAttempts && !isRerouted) {
    if (last === 'system_failure') return { kind: 'hold', reason: 'the system failed on this order again and again' };
    return { kind: 'final', outcome: 'unreachable', reason: `maximum of attempts ended as ${last}` };
  }
  if (attempts.filter((attempt) => isCharged(attempt.result)).length >= retry.maxAttempts) {
    return { kind: 'final', outcome: 'unreachable', reason: 'maximum of attempts' };
  }

  const ruledGapMs = gapMsAfter(last, sameResult, retry);
  const isFirstUnheard = input.wasUnheard === true && sameResult <= 1;
  const fullGapMs = isRerouted
    ? REROUTE_AFTER_MS
    : isFirstUnheard
      ? Math.min(UNHEARD_AFTER_MS, ruledGapMs)
      : ruledGapMs;
  const gapMs = input.isDemo ? Math.min(DEMO_GAP_MS, fullGapMs) : fullGapMs;
  const earliestMs = Math.max(
    now.getTime() + gapMs,
    input.restUntil?.getTime() ?? 0,
    input.heldBackUntil?.getTime() ?? 0,
    input.isDemo ? 0 : earliestInDailyLimit(attempts, retry.maxPer24Hours),
  );
  const at = new Date(Math.ceil(earliestMs + gapMs * GAP_JITTER_RATIO * input.random()));
  if (giveUpAt && at >= giveUpAt)
    return { kind: 'final', outcome: outcomeInTime(attempts), reason: 'no attempt fits before the time to give up' };
  const again = { kind: 'again', earliestAt: new Date(earliestMs), isAbandoned: last === 'abandoned' } as const;
  if (input.isDemo || input.habits === undefined || !FOUND_NOBODY.includes(last)) return { ...again, at };
  const until = new Date(Math.min(earliestMs + gapMs, (giveUpAt?.getTime() ?? Infinity) - 1));
  const better = towardsBestHour(at, { until, ...input.habits, random: input.random });
  return { ...again, at: better, ...(better > at ? { isAtBestHour: true } : {}) };
}

function gapMsAfter(last: AttemptResult, repeats: number, retry: RetryPolicy): number {
  const set = retry.byResult[last];
  if (set) return set.gapMinutes * MINUTE_MS;
  const own = OWN_RULES[last];
  if (!own) return retry.gapMinutes * MINUTE_MS;
  const minutes = own.isDoubling ? own.gapMinutes * 2 ** Math.max(0, repeats - 1) : own.gapMinutes;
  return Math.min(minutes, retry.gapMinutes) * MINUTE_MS;
}

/** The first instant (Unix ms) at which fewer than `max` disturbing attempts lie in the 24 hours before; 0 when there is room now. */
function earliestInDailyLimit(attempts: readonly PastAttempt[], max: number): number {
  const starts = attempts
    .filter(isDisturbing)
    .map((attempt) => attempt.startedAt.getTime())
    .sort((a, b) => b - a);
  const limiting = starts[max - 1];
  return limiting === undefined ? 0 : limiting + DAY_MS;
}
