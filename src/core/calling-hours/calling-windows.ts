import { DateTime } from 'luxon';
import { parseHours, WEEKDAYS, type CallingHours } from './calling-hours.js';

/** A time in which a buyer's phone may ring. */
export interface CallingWindow {
  readonly from: Date;
  readonly to: Date;
}

/**
 * When a buyer may be called from now until `days` days ahead, in order: for people who agree on a time with the buyer.
 *
 * @param timeZone  the buyer's IANA zone; an unknown one has no windows
 * @returns         windows cut at `now` and at the end; one long window when the shop calls at any hour
 */
export function callingWindows(query: {
  readonly hours: CallingHours;
  readonly timeZone: string;
  readonly now: Date;
  readonly days: number;
}): CallingWindow[] {
  const { hours, now, days } = query;
  const today = DateTime.fromJSDate(now, { zone: query.timeZone }).startOf('day');
  if (!today.isValid) return [];
  const end = new Date(now.getTime() + days * 86_400_000);
  if (hours === 'always') return [{ from: now, to: end }];
  const windows: CallingWindow[] = [];
  for (let ahead = 0; ahead <= days; ahead++) {
    const day = today.plus({ days: ahead });
    const weekday = WEEKDAYS[day.weekday - 1];
    for (const text of weekday === undefined ? [] : (hours[weekday] ?? [])) {
      const range = parseHours(text);
      if (range === null) continue;
      const from = new Date(Math.max(now.getTime(), at(day, range.fromMinute)));
      const to = new Date(Math.min(end.getTime(), at(day, range.toMinute)));
      if (from < to) windows.push({ from, to });
    }
  }
  return windows;
}

/** A wall-clock minute of the day: a change of the clocks moves nothing. */
function at(day: DateTime, minute: number): number {
  if (minute === 24 * 60) return day.plus({ days: 1 }).toMillis();
  return day.set({ hour: Math.floor(minute / 60), minute: minute % 60 }).toMillis();
}
