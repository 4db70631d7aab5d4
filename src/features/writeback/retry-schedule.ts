import type { Random } from '../../core/shared/clock.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * Pauses after the first, second, … failed try. Twelve tries in all; even with every pause shortened by the whole jitter they span more than
 * {@link RETRY_FOR_MS}.
 */
export const RETRY_PAUSES_MS: readonly number[] = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  24 * HOUR_MS,
  28 * HOUR_MS,
];

/** A delivery that fails is tried for at least this long before it is parked (contract, section 3). */
export const RETRY_FOR_MS = 76 * HOUR_MS;

/** Pause after tries beyond the table; only a shop that keeps asking for short pauses with `Retry-After` gets there. */
export const LATE_PAUSE_MS = HOUR_MS;

/** Pauses are lengthened or shortened by up to this share. */
export const PAUSE_JITTER_RATIO = 0.2;

export const RETRY_AFTER_FLOOR_MS = SECOND_MS;
export const RETRY_AFTER_CAP_MS = 24 * HOUR_MS;

/**
 * When to try again after the `tries`-th try has failed, or null when it is time to park.
 *
 * @param tries        tries made so far, this one among them
 * @param firstTryAt   of this delivery, or of its replay
 * @param retryAfterMs what the shop asked for, within floor and cap; it is never tried earlier than that
 */
export function nextTryAt(input: {
  readonly tries: number;
  readonly firstTryAt: Date;
  readonly now: Date;
  readonly retryAfterMs: number | null;
  readonly random: Random;
}): Date | null {
  const { tries, now, retryAfterMs } = input;
  const isTableOver = tries > RETRY_PAUSES_MS.length;
  if (isTableOver && now.getTime() - input.firstTryAt.getTime() >= RETRY_FOR_MS) return null;
  const pauseMs = RETRY_PAUSES_MS[pausesOver(tries - 1, now.getTime() - input.firstTryAt.getTime())] ?? LATE_PAUSE_MS;
  if (retryAfterMs === null) {
    return new Date(now.getTime() + pauseMs * (1 + PAUSE_JITTER_RATIO * (2 * input.random() - 1)));
  }
  const leastMs = isTableOver ? Math.max(retryAfterMs, LATE_PAUSE_MS) : retryAfterMs;
  return new Date(now.getTime() + leastMs * (1 + PAUSE_JITTER_RATIO * input.random()));
}

/**
 * Reads `Retry-After` (RFC 9110, 10.2.3: seconds or an HTTP date) as a pause in milliseconds, between 1 s and 24 h.
 *
 * @returns null when it is absent or makes no sense
 */
export function readRetryAfter(text: string | null, now: Date): number | null {
  if (text === null) return null;
  const value = text.trim();
  const asked = /^\d{1,12}$/.test(value) ? Number(value) * SECOND_MS : fromDate(value, now);
  return asked === null ? null : Math.min(RETRY_AFTER_CAP_MS, Math.max(RETRY_AFTER_FLOOR_MS, asked));
}

function fromDate(value: string, now: Date): number | null {
  if (!/^[A-Z][a-z]{2,8},? /.test(value)) return null;
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : at - now.getTime();
}

/**
 * How many pauses of the table are over: as many as there were tries, unless those came sooner because the shop asked for short pauses with `Retry-After`. A
 * shop that was busy for ten seconds and then fails once is tried again within the minute, not after half an hour.
 */
function pausesOver(most: number, forMs: number): number {
  let [over, leastMs] = [0, 0];
  for (const pauseMs of RETRY_PAUSES_MS.slice(0, most)) {
    leastMs += pauseMs * (1 - PAUSE_JITTER_RATIO);
    if (forMs < leastMs) return over;
    over += 1;
  }
  return most;
}
