const STEP_MINUTES = 30;
const DAY_MINUTES = 24 * 60;
const DAY_MS = DAY_MINUTES * 60_000;
/** Shops deliver within weeks. */
const DAYS_AHEAD = 45;

/** Every half hour of a day, `00:00` to `23:30`, and `others` that lie between. */
export function slotTimes(...others: readonly string[]): string[] {
  const steps = Array.from({ length: DAY_MINUTES / STEP_MINUTES }, (_, i) => clock(i * STEP_MINUTES));
  return [...new Set([...steps, ...others.filter((time) => time !== '')])].sort();
}

/** `today` and the days after it, `2026-11-23`, and `others` that lie elsewhere. */
export function slotDays(today: string, ...others: readonly string[]): string[] {
  const first = Date.parse(`${today}T00:00:00Z`);
  const days = Array.from({ length: DAYS_AHEAD }, (_, i) => new Date(first + i * DAY_MS).toISOString().slice(0, 10));
  return [...new Set([...days, ...others.filter((day) => day !== '')])].sort();
}

/** What somebody means who types `9`, `930`, `9.30` or `09:30`, as `09:30`; null when it is no time. */
export function readTime(text: string): string | null {
  const [, hours, minutes] = /^\s*(\d{1,2})(?:[:.,\s]?(\d{2}))?\s*$/.exec(text) ?? [];
  const total = Number(hours) * 60 + Number(minutes ?? 0);
  return hours === undefined || Number(minutes ?? 0) > 59 || total >= DAY_MINUTES ? null : clock(total);
}

/** Whether a time is still meant after some of it has been typed, with or without the zero before and the colon. */
export function startsAs(time: string, typed: string): boolean {
  const digits = typed.replace(/\D/g, '');
  const all = time.replace(':', '');
  return all.startsWith(digits) || all.startsWith(`0${digits}`);
}

function clock(minutes: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
