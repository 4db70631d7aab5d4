import { DateTime } from 'luxon';
import type { Random } from '../shared/clock.js';

const HOUR_MS = 3_600_000;
/** The call comes within so much of the hour's beginning: the hours of many buyers begin together, their calls shall not. */
const SPREAD_MS = 45 * 60_000;
/** Hours looked at. */
const MOST_HOURS = 48;

/**
 * Moves a retry into an hour of the buyer's day in which they picked up before, when one begins soon enough.
 *
 * @param at          the planned instant; it stays when its own hour is such an hour, or none is near
 * @param until       the latest instant to move to
 * @param answeredAt  when the buyer picked up before; of several hours the one with most of them is taken, then the nearest
 * @param timeZone    IANA zone of the buyer
 */
export function towardsBestHour(
  at: Date,
  hint: {
    readonly until: Date;
    readonly answeredAt: readonly Date[];
    readonly timeZone: string;
    readonly random: Random;
  },
): Date {
  const { until, timeZone: zone } = hint;
  const answers = new Map<number, number>();
  for (const answered of hint.answeredAt) {
    const { hour } = DateTime.fromJSDate(answered, { zone });
    if (!Number.isNaN(hour)) answers.set(hour, (answers.get(hour) ?? 0) + 1);
  }
  let start = DateTime.fromJSDate(at, { zone });
  if (answers.size === 0 || answers.has(start.hour)) return at;
  let best: { startMs: number; answers: number } | null = null;
  for (let n = 0; n < MOST_HOURS; n++) {
    start = start.startOf('hour').plus({ hours: 1 });
    if (start.toMillis() > until.getTime()) break;
    const count = answers.get(start.hour) ?? 0;
    if (count > (best?.answers ?? 0)) best = { startMs: start.toMillis(), answers: count };
  }
  if (best === null) return at;
  const latestMs = Math.min(best.startMs + SPREAD_MS, until.getTime(), best.startMs + HOUR_MS - 1);
  return new Date(Math.floor(best.startMs + (latestMs - best.startMs) * hint.random()));
}
