import { closedBy, turningPoints, type RingRules } from './may-ring.js';

/** A time in which a buyer's phone may ring. */
export interface CallingWindow {
  readonly from: Date;
  readonly to: Date;
}

/**
 * When a buyer may be called from now until `days` days ahead, in order: for people who agree on a time with the buyer. By hours and closed days
 * as `mayRing` judges them; limits on attempts do not hold for a time that the buyer agreed to.
 *
 * @param timeZones  where the buyer may be; all must permit, none and unknown ones have no windows
 * @returns          windows cut at `now` and at the end; one long window when the shop calls at any hour
 */
export function callingWindows(query: {
  readonly rules: RingRules;
  readonly timeZones: readonly string[];
  readonly now: Date;
  readonly days: number;
}): CallingWindow[] {
  const { rules, timeZones } = query;
  const nowMs = query.now.getTime();
  const windows: CallingWindow[] = [];
  let openSince: number | null = null;
  for (const atMs of turningPoints(rules, timeZones, nowMs, query.days)) {
    const isOpen = closedBy(rules, timeZones, atMs) === null;
    if (isOpen) openSince ??= atMs;
    else if (openSince !== null) {
      windows.push({ from: new Date(openSince), to: new Date(atMs) });
      openSince = null;
    }
  }
  const endMs = nowMs + query.days * 86_400_000;
  if (openSince !== null) windows.push({ from: new Date(openSince), to: new Date(endMs) });
  return windows;
}
