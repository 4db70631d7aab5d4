import { DateTime, Interval } from 'luxon';

const RFC3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d{2}):(\d{2}))$/;

/**
 * Reads an RFC 3339 timestamp; its offset is required. Digits beyond milliseconds are dropped, the leap second `:60` counts as the next second.
 * @returns null when it is not one, the day does not exist, or it lies outside the years 1–9999
 */
export function readTimestamp(text: string): Date | null {
  const match = RFC3339.exec(text);
  if (match === null) return null;
  const part = (index: number) => Number(match[index] ?? 0);
  const [year, month, day, hour, minute, second] = [1, 2, 3, 4, 5, 6].map(part) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [offsetHours, offsetMinutes] = [part(9), part(10)];
  if (year < 1 || hour > 23 || minute > 59 || second > 60 || offsetHours > 23 || offsetMinutes > 59) return null;
  const start = new Date(0);
  start.setUTCFullYear(year, month - 1, day);
  if (start.getUTCFullYear() !== year || start.getUTCMonth() !== month - 1 || start.getUTCDate() !== day) return null;
  const milliseconds = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3));
  const offset = (match[8] === '-' ? -1 : 1) * (offsetHours * 60 + offsetMinutes);
  const instant = new Date(start.getTime() + (hour * 60 + minute - offset) * 60_000 + second * 1_000 + milliseconds);
  return instant.getUTCFullYear() < 1 || instant.getUTCFullYear() > 9999 ? null : instant;
}

/** How nearly all intervals are written: two instants with minutes or seconds, each with its offset. */
const TWO_INSTANTS =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(:\d{2})?(Z|[+-]\d{2}:\d{2})\/(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})(:\d{2})?(Z|[+-]\d{2}:\d{2})$/;

/** True where the text is two instants in the right order; false says nothing. */
function isPlainInterval(text: string): boolean {
  const match = TWO_INSTANTS.exec(text);
  if (match === null) return false;
  const [start, end] = [1, 4].map((at) =>
    readTimestamp(`${match[at] ?? ''}${match[at + 1] ?? ':00'}${match[at + 2] ?? ''}`),
  );
  return start != null && end != null && start <= end && match[2] !== ':60' && match[5] !== ':60';
}

/** Whether a text is an ISO 8601 interval (`start/end`, `start/duration`, `duration/end`) whose end is not before its start. */
export function isInterval(text: string): boolean {
  if (isPlainInterval(text)) return true;
  if (text.length > 100 || !/^[0-9A-Z:,.+-]+\/[0-9A-Z:,.+-]+$/.test(text)) return false;
  const interval = Interval.fromISO(text, { setZone: true });
  return interval.isValid && (interval.start as DateTime) <= (interval.end as DateTime);
}
