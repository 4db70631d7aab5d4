import { wallClock } from '../shared/zoned-time.js';

const STEP_MS = 15 * 60_000;
/** A callback must lie ahead when it arrives at the server. */
const LEAST_AHEAD_MS = 5 * 60_000;

/** Times of each day, quarter by quarter, at which the buyer may be rung back, on the clock of their zone. */
export function callbackTimes(
  windows: readonly { readonly from: string; readonly to: string }[],
  timeZone: string | null,
  nowMs: number,
): ReadonlyMap<string, readonly string[]> {
  const days = new Map<string, string[]>();
  for (const { from, to } of windows) {
    const first = Math.ceil(Math.max(Date.parse(from), nowMs + LEAST_AHEAD_MS) / STEP_MS) * STEP_MS;
    for (let at = first; at < Date.parse(to); at += STEP_MS) {
      const { day, time } = wallClock(new Date(at), timeZone);
      const times = days.get(day) ?? [];
      // An hour that comes twice, when the clocks go back, is shown once.
      if (!times.includes(time)) times.push(time);
      days.set(day, times);
    }
  }
  return days;
}

/** The first time at or after a wish; null when there is none. */
export function nearestTime(
  days: ReadonlyMap<string, readonly string[]>,
  wish: { readonly day: string; readonly time: string },
): { day: string; time: string } | null {
  for (const [day, times] of days) {
    if (day < wish.day) continue;
    const time = times.find((one) => day > wish.day || one >= wish.time);
    if (time !== undefined) return { day, time };
  }
  return null;
}
