import type { CallingHours } from '../../../src/core/calling-hours/calling-hours.js';
import { WEEKDAYS } from '../../../src/core/calling-hours/calling-hours.js';

/** A second reading of the calling hours, by nothing but the machine's own calendar: what the rule permitted is judged by it. */
export class CallingOracle {
  private readonly formats = new Map<string, Intl.DateTimeFormat | null>();
  private readonly hourStarts = new Map<string, { weekday: number; minute: number } | null>();

  /** Minutes before and after the instant are forgiven: between the plan and the INVITE the clock goes on. */
  isOpen(hours: CallingHours, zone: string, atMs: number, graceMs: number): boolean {
    if (hours === 'always') return true;
    return [atMs, atMs - graceMs].some((ms) => this.isOpenAt(hours, zone, ms));
  }

  private isOpenAt(hours: Exclude<CallingHours, 'always'>, zone: string, atMs: number): boolean {
    const clock = this.clock(zone, atMs);
    if (clock === null) return false;
    const windows = hours[WEEKDAYS[clock.weekday]!] ?? [];
    return windows.some((window) => {
      const [from = '', to = ''] = window.split('-');
      return minutes(from) <= clock.minute && clock.minute < minutes(to);
    });
  }

  /** The wall clock; read anew every quarter of an hour, between which no zone changes its clocks. */
  private clock(zone: string, atMs: number): { weekday: number; minute: number } | null {
    const quarter = Math.floor(atMs / 900_000);
    const key = `${zone} ${quarter}`;
    let start = this.hourStarts.get(key);
    if (start === undefined) {
      start = this.read(zone, quarter * 900_000);
      this.hourStarts.set(key, start);
    }
    return start === null ? null : { ...start, minute: start.minute + (atMs - quarter * 900_000) / 60_000 };
  }

  private read(zone: string, atMs: number): { weekday: number; minute: number } | null {
    const format = this.format(zone);
    if (format === null) return null;
    const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const weekday = WEEKDAYS.indexOf((parts['weekday'] ?? '').toLowerCase() as (typeof WEEKDAYS)[number]);
    return { weekday, minute: (Number(parts['hour']) % 24) * 60 + Number(parts['minute']) };
  }

  private format(zone: string): Intl.DateTimeFormat | null {
    let format = this.formats.get(zone);
    if (format === undefined) {
      try {
        format = new Intl.DateTimeFormat('en-GB', {
          timeZone: zone,
          weekday: 'short',
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
        });
      } catch {
        format = null;
      }
      this.formats.set(zone, format);
    }
    return format;
  }
}

function minutes(time: string): number {
  const [hour = '0', minute = '0'] = time.split(':');
  return Number(hour) * 60 + Number(minute);
}
