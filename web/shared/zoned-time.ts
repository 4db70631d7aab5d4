/** Wall-clock times of another zone; luxon would weigh more than the page. */

/** `2026-11-23` and `10:00`, as the clock on the wall of `timeZone` (null: of this browser) shows an instant. */
export function wallClock(instant: Date, timeZone: string | null): { day: string; time: string } {
  const shifted = new Date(instant.getTime() + offsetMinutes(instant, timeZone) * 60_000).toISOString();
  return { day: shifted.slice(0, 10), time: shifted.slice(11, 16) };
}

/** RFC 3339 with the zone's offset for a time on its wall clock, or null when it is no time. */
export function fromWallClock(day: string, time: string, timeZone: string | null): string | null {
  const asUtc = new Date(`${day}T${time}:00Z`);
  if (day === '' || time === '' || Number.isNaN(asUtc.getTime())) return null;
  // Around a change of the clocks the first guess may be an hour off.
  const guess = new Date(asUtc.getTime() - offsetMinutes(asUtc, timeZone) * 60_000);
  const minutes = offsetMinutes(guess, timeZone);
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  return `${day}T${time}:00${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

/** The zone when the browser knows it, else null. */
export function knownZone(timeZone: string | null): string | null {
  if (timeZone === null) return null;
  try {
    clockOf(timeZone);
    return timeZone;
  } catch {
    return null;
  }
}

/** The parts of a delivery slot as they were written (delivery keeps the buyer's clock), or null when it is no interval. */
export function slotParts(slot: string | null): { day: string; from: string; to: string; lastDay: string } | null {
  const [from, to] = (slot ?? '').split('/').map((end) => /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})/.exec(end));
  if (!from?.[1] || !from[2] || !to?.[1] || !to[2]) return null;
  return { day: from[1], from: from[2], lastDay: to[1], to: to[2] };
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** @throws RangeError for a zone that the browser does not know */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone);
  if (known !== undefined) return known;
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, timeZoneName: 'longOffset' });
  clocks.set(timeZone, clock);
  return clock;
}

function offsetMinutes(instant: Date, timeZone: string | null): number {
  if (timeZone === null) return -instant.getTimezoneOffset();
  const name = clockOf(timeZone)
    .formatToParts(instant)
    .find((part) => part.type === 'timeZoneName')?.value;
  const [, sign, hours, minutes] = /([+-])(\d{2}):(\d{2})/.exec(name ?? '') ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
}
