export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** When buyers may be called: for each weekday a list of `HH:MM-HH:MM` in the buyer's time zone (`24:00` ends a day), or at any hour. */
export type CallingHours = 'always' | Readonly<Partial<Record<Weekday, readonly string[]>>>;

export const DEFAULT_CALLING_HOURS: CallingHours = eachDay(WEEKDAYS, ['09:00-20:00']);

/** A stretch of a day in minutes since midnight; its end is outside. */
export interface Window {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** The windows of each day of a week, Monday first; at any hour when it is `always`. */
export type Week = 'always' | readonly (readonly Window[])[];

const RANGE = /^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|(24):(00))$/;

/** The same windows on several weekdays. */
export function eachDay(days: readonly Weekday[], windows: readonly string[]): CallingHours {
  return Object.fromEntries(days.map((day) => [day, windows]));
}

/** Start and end of an entry `HH:MM-HH:MM` in minutes since midnight, or null when it is not one (or ends before it starts). */
export function parseHours(text: string): Window | null {
  const match = RANGE.exec(text);
  if (match === null) return null;
  const fromMinute = Number(match[1]) * 60 + Number(match[2]);
  const toMinute = Number(match[3] ?? match[5]) * 60 + Number(match[4] ?? match[6]);
  return fromMinute < toMinute ? { fromMinute, toMinute } : null;
}

/** Calling hours read once for many questions. What is not a window permits nothing. */
export function weekOf(hours: CallingHours): Week {
  if (hours === 'always') return 'always';
  return WEEKDAYS.map((day) => (hours[day] ?? []).map(parseHours).filter((window) => window !== null));
}

/** Whether two weeks have a minute of the same weekday in common; a shop whose hours miss those of its jurisdiction can call nobody, ever. */
export function doMeet(a: Week, b: Week): boolean {
  if (a === 'always') return b === 'always' || b.some((windows) => windows.length > 0);
  if (b === 'always') return doMeet(b, a);
  return a.some((windows, weekday) =>
    windows.some((one) =>
      (b[weekday] ?? []).some((other) => one.fromMinute < other.toMinute && other.fromMinute < one.toMinute),
    ),
  );
}
