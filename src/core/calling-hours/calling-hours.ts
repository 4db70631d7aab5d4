import { DateTime } from 'luxon';

export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When a shop's buyers may be called: for each weekday a list of `HH:MM-HH:MM` in the buyer's time zone (`24:00` ends a day), or at any hour. */
export type CallingHours = 'always' | Readonly<Partial<Record<Weekday, readonly string[]>>>;

export const DEFAULT_CALLING_HOURS: CallingHours = Object.fromEntries(WEEKDAYS.map((day) => [day, ['09:00-20:00']]));

export interface CallingHoursQuery {
  readonly hours: CallingHours;
  /** IANA zones the buyer may be in; all of them must permit the call. */
  readonly timeZones: readonly string[];
  readonly now: Date;
}

export interface CallingHoursAnswer {
  readonly isOpen: boolean;
  /** When a call will be permitted next (null: open now, or never within eight days). */
  readonly opensAt: Date | null;
}

const RANGE = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/;
const DAYS_AHEAD = 8;

/** Start and end of an entry `HH:MM-HH:MM` in minutes since midnight, or null when it is not one (or ends before it starts). */
export function parseHours(text: string): { fromMinute: number; toMinute: number } | null {
  const match = RANGE.exec(text);
  if (match === null) return null;
  const fromMinute = Number(match[1]) * 60 + Number(match[2]);
  const toMinute = Number(match[3] ?? match[5]) * 60 + Number(match[4] ?? match[6]);
  return fromMinute < toMinute ? { fromMinute, toMinute } : null;
}

/**
 * May this buyer's phone ring now?
 *
 * Bounds are wall-clock times of each day, so a change to or from summer time neither opens nor closes a shop early. An unknown zone and an
 * empty list of zones never permit a call: unknown never fails open (invariant I24).
 */
export function mayCall(query: CallingHoursQuery): CallingHoursAnswer {
  if (query.hours === 'always') return { isOpen: true, opensAt: null };
  const { hours } = query;
  const windows = query.timeZones.map((zone) => windowsOf(hours, zone, query.now));
  if (windows.length === 0 || windows.some((w) => w.length === 0)) return { isOpen: false, opensAt: null };
  const isOpenAt = (at: number) => windows.every((ofZone) => ofZone.some((w) => w.from <= at && at < w.to));
  const now = query.now.getTime();
  if (isOpenAt(now)) return { isOpen: true, opensAt: null };
  const opens = windows
    .flat()
    .map((w) => w.from)
    .filter((from) => from > now && isOpenAt(from));
  return { isOpen: false, opensAt: opens.length === 0 ? null : new Date(Math.min(...opens)) };
}

function windowsOf(hours: Exclude<CallingHours, 'always'>, zone: string, now: Date): { from: number; to: number }[] {
  const today = DateTime.fromJSDate(now, { zone }).startOf('day');
  if (!today.isValid) return [];
  const windows: { from: number; to: number }[] = [];
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead++) {
    const day = today.plus({ days: ahead });
    const weekday = WEEKDAYS[day.weekday - 1];
    for (const text of weekday === undefined ? [] : (hours[weekday] ?? [])) {
      const range = parseHours(text);
      if (range !== null) windows.push({ from: wallClock(day, range.fromMinute), to: wallClock(day, range.toMinute) });
    }
  }
  return windows;
}

function wallClock(day: DateTime, minute: number): number {
  return minute === 24 * 60
    ? day.plus({ days: 1 }).toMillis()
    : day.set({ hour: Math.floor(minute / 60), minute: minute % 60 }).toMillis();
}
