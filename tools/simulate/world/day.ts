import { DateTime } from 'luxon';
import type { Scenario } from '../scenario/scenario.js';

/** The played time: from when to when, and where the hours of the day fall. */
export interface Day {
  readonly startMs: number;
  readonly endMs: number;
  /** Minute of the local day at which it begins. */
  readonly startMinute: number;
}

const MINUTE_MS = 60_000;

export function dayOf(scenario: Scenario): Day {
  const begin = DateTime.fromISO(`${scenario.date}T${scenario.from}`, { zone: scenario.timeZone });
  return {
    startMs: begin.toMillis(),
    endMs: begin.toMillis() + scenario.hours * 60 * MINUTE_MS,
    startMinute: minuteOf(scenario.from),
  };
}

export function minuteOf(timeOfDay: string): number {
  const [hour = '0', minute = '0'] = timeOfDay.split(':');
  return Number(hour) * 60 + Number(minute);
}

/** Hour of the scenario's local day, 0–23 (within a day that has no change of the clocks). */
export function hourOf(day: Day, atMs: number): number {
  return Math.floor(((atMs - day.startMs) / MINUTE_MS + day.startMinute) / 60) % 24;
}

/** The first instant at or after the begin of the scenario at which the local clock shows this, in ms since 1970. */
export function instantOf(day: Day, timeOfDay: string): number {
  return day.startMs + ((minuteOf(timeOfDay) - day.startMinute + 1_440) % 1_440) * MINUTE_MS;
}
