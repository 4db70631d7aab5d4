import { IANAZone } from 'luxon';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday. */
const FIRST_WEEKDAY = 3;

/** Offsets found out before. Asking the engine for one takes some microseconds, and a turn of the pacer asks the same ones again and again. */
const offsets = new Map<string, Map<number, number>>();
/** Clocks are changed at full quarters of an hour of UTC, all over the world and since 1972. */
const SLOT_MS = 15 * MINUTE_MS;
const MOST_SLOTS = 1_000;
const MOST_ZONES = 1_000;

/** What a clock on the wall of a time zone shows at an instant. */
export interface WallClock {
  /** Days since 1970-01-01 of the calendar there. */
  readonly day: number;
  /** 0 is Monday. */
  readonly weekday: number;
  /** Minutes since midnight, with the seconds as a fraction. */
  readonly minute: number;
}

/** The wall clock of an IANA zone at an instant (Unix ms); null when there is no such zone. */
export function wallClock(zone: string, atMs: number): WallClock | null {
  const offsetMs = offsetAt(zone, atMs);
  return Number.isNaN(offsetMs) ? null : clockAt(atMs + offsetMs);
}

function clockAt(localMs: number): WallClock {
  const day = Math.floor(localMs / DAY_MS);
  const weekday = (((day + FIRST_WEEKDAY) % 7) + 7) % 7;
  return { day, weekday, minute: (localMs - day * DAY_MS) / MINUTE_MS };
}

/** A day of `WallClock` as `YYYY-MM-DD`. */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/**
 * All instants of a stretch (Unix ms, at most a day long) at which the clock there may begin to show one of the given minutes of a day, or jumps
 * because summer time begins or ends. Not each of them does: a minute may be skipped, and one that comes twice is given twice.
 */
export function instantsOf(
  zone: string,
  stretch: { readonly fromMs: number; readonly toMs: number },
  minutesOf: (weekday: number) => readonly number[],
): number[] {
  const before = offsetAt(zone, stretch.fromMs);
  const after = offsetAt(zone, stretch.toMs);
  if (Number.isNaN(before) || Number.isNaN(after)) return [];
  const offsets = before === after ? [before] : [before, after];
  const first = clockAt(stretch.fromMs + Math.min(before, after)).day;
  const last = clockAt(stretch.toMs + Math.max(before, after)).day;
  const found = before === after ? [] : [changeOf(zone, stretch, before)];
  for (let day = first; day <= last; day++) {
    for (const minute of minutesOf(clockAt(day * DAY_MS).weekday)) {
      for (const offsetMs of offsets) found.push(day * DAY_MS + minute * MINUTE_MS - offsetMs);
    }
  }
  return found.filter((atMs) => atMs >= stretch.fromMs && atMs < stretch.toMs);
}

/** The first instant at which the clock no longer has the offset with which the stretch begins. */
function changeOf(zone: string, stretch: { readonly fromMs: number; readonly toMs: number }, before: number): number {
  let { fromMs, toMs } = stretch;
  while (toMs - fromMs > 1) {
    const middle = Math.floor((fromMs + toMs) / 2);
    if (offsetAt(zone, middle) === before) fromMs = middle;
    else toMs = middle;
  }
  return toMs;
}

/** How far the zone is ahead of UTC, in ms; NaN when there is no such zone. */
function offsetAt(zone: string, atMs: number): number {
  const slot = Math.floor(atMs / SLOT_MS);
  let ofZone = offsets.get(zone);
  if (ofZone === undefined || ofZone.size >= MOST_SLOTS) {
    if (ofZone === undefined && offsets.size >= MOST_ZONES) offsets.clear();
    ofZone = new Map<number, number>();
    offsets.set(zone, ofZone);
  }
  let offsetMs = ofZone.get(slot);
  if (offsetMs === undefined) {
    offsetMs = IANAZone.create(zone).offset(slot * SLOT_MS) * MINUTE_MS;
    ofZone.set(slot, offsetMs);
  }
  return offsetMs;
}
