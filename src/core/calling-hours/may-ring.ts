import type { ShopSettings } from '../order/shop-settings.js';
import {
  attemptLimits,
  heldBack,
  LIMIT_RULES,
  type AttemptLimits,
  type LimitRule,
  type PastCall,
} from './attempt-limits.js';
import { weekOf, type Week } from './calling-hours.js';
import { boundingHours } from './jurisdiction.js';
import { dateOfDay, instantsOf, wallClock, type WallClock } from './wall-clock.js';

/** Everything that binds the calls of one shop, read once for many orders. */
export interface RingRules {
  readonly shopHours: Week;
  /** Of the jurisdiction; only what both permit is permitted. */
  readonly boundingHours: Week;
  /** Days on which nobody is called, `YYYY-MM-DD` of the buyer's calendar: public holidays and the shop's own. */
  readonly closedDates: ReadonlySet<string>;
  /** null: none (the demo). */
  readonly limits: AttemptLimits | null;
}

/** Why a buyer may not be rung. */
export type RingRefusal = 'unknown_zone' | 'closed_date' | 'shop_hours' | 'jurisdiction_hours' | LimitRule;

/** Whether the hour or the day forbids a call, to everybody in the same zones; else what was called before does. */
export function isAboutHours(reason: RingRefusal): boolean {
  return !LIMIT_RULES.includes(reason as LimitRule);
}

export interface RingQuestion {
  readonly rules: RingRules;
  /** IANA zones the buyer may be in (`candidateZones`); all of them must permit the call. */
  readonly timeZones: readonly string[];
  readonly now: Date;
  /** Calls of the shop to this number and of this order, those of the last 30 days at least; absent: only the hours are asked about. */
  readonly history?: readonly PastCall[];
  /** The buyer asked for this call: it may come sooner and more often than the limits say, but not outside the hours. */
  readonly isCallback?: boolean;
}

export interface RingAnswer {
  readonly isOpen: boolean;
  /** When a call will be permitted next; null: now, or never within three weeks. */
  readonly opensAt: Date | null;
  /** The rule that holds the call back longest; null: open now. */
  readonly reason: RingRefusal | null;
}

const DAY_MS = 86_400_000;
const DAYS_AHEAD = 21;
const YES: RingAnswer = { isOpen: true, opensAt: null, reason: null };

/**
 * The rules of a shop.
 * @param closedDates  `YYYY-MM-DD`, from the shop's holidays
 */
export function ringRules(
  settings: Pick<ShopSettings, 'callingHours' | 'jurisdiction' | 'retry'>,
  closedDates: Iterable<string>,
): RingRules {
  return {
    shopHours: weekOf(settings.callingHours),
    boundingHours: weekOf(boundingHours(settings.jurisdiction)),
    closedDates: new Set(closedDates),
    limits: attemptLimits(settings),
  };
}

/**
 * May this buyer's phone ring now?
 *
 * Bounds are times on the buyer's wall clock, at each instant as it shows it then: a change to or from summer time neither opens nor closes a
 * shop early, a time that is skipped does not come, and one that comes twice counts twice. An unknown zone and an empty list of zones never
 * permit a call: unknown never fails open (invariant I24).
 */
export function mayRing(question: RingQuestion): RingAnswer {
  const { rules, timeZones } = question;
  const now = question.now.getTime();
  const held = rules.limits === null || question.isCallback ? null : heldBack(rules.limits, question.history ?? []);
  const refusal = closedBy(rules, timeZones, now);
  const freeMs = held === null ? now : Math.max(now, held.untilMs);
  if (held === null || freeMs === now) {
    return refusal === null ? YES : { isOpen: false, opensAt: nextOpening(rules, timeZones, now), reason: refusal };
  }
  if (freeMs === Infinity) return { isOpen: false, opensAt: null, reason: held.rule };
  const isOpenThen = closedBy(rules, timeZones, freeMs) === null;
  const opensAt = isOpenThen ? new Date(freeMs) : nextOpening(rules, timeZones, freeMs);
  // The hours tell more when the limits would end before the day's first window begins.
  const opensByHours = refusal === null ? null : nextOpening(rules, timeZones, now);
  const isHours = refusal !== null && opensByHours?.getTime() === opensAt?.getTime();
  return { isOpen: false, opensAt, reason: isHours ? refusal : held.rule };
}

/** The first rule about hours and days that forbids a call at the instant (Unix ms); null: none does. Part of {@link mayRing}. */
export function closedBy(rules: RingRules, timeZones: readonly string[], atMs: number): RingRefusal | null {
  if (isAlways(rules)) return null;
  if (timeZones.length === 0) return 'unknown_zone';
  for (const zone of timeZones) {
    const clock = wallClock(zone, atMs);
    if (clock === null) return 'unknown_zone';
    if (rules.closedDates.size > 0 && rules.closedDates.has(dateOfDay(clock.day))) return 'closed_date';
    if (!isWithin(rules.shopHours, clock)) return 'shop_hours';
    if (!isWithin(rules.boundingHours, clock)) return 'jurisdiction_hours';
  }
  return null;
}

/** The first instant after `afterMs` that hours and days permit; null: none within three weeks. */
function nextOpening(rules: RingRules, timeZones: readonly string[], afterMs: number): Date | null {
  for (let ahead = 0; ahead < DAYS_AHEAD; ahead++) {
    for (const atMs of turningPoints(rules, timeZones, afterMs + ahead * DAY_MS, 1)) {
      if (closedBy(rules, timeZones, atMs) === null) return new Date(atMs);
    }
  }
  return null;
}

/** All instants (Unix ms) from `fromMs` on, for so many days, at which hours or days may begin or end to permit a call; in order, `fromMs` first. */
export function turningPoints(
  rules: RingRules,
  timeZones: readonly string[],
  fromMs: number,
  days: number,
): readonly number[] {
  const minutes = minutesByWeekday(rules);
  const points = new Set([fromMs]);
  for (let day = 0; day < days; day++) {
    const stretch = { fromMs: fromMs + day * DAY_MS, toMs: fromMs + (day + 1) * DAY_MS };
    for (const zone of timeZones) {
      for (const atMs of instantsOf(zone, stretch, (weekday) => minutes[weekday] ?? [])) points.add(atMs);
    }
  }
  return [...points].sort((a, b) => a - b);
}

/** The minutes of each weekday at which anything may begin or end to be permitted. */
function minutesByWeekday(rules: RingRules): number[][] {
  return Array.from({ length: 7 }, (_, weekday) => {
    const windows = [rules.shopHours, rules.boundingHours].flatMap((week) =>
      week === 'always' ? [] : (week[weekday] ?? []),
    );
    return [...new Set([0, ...windows.flatMap((window) => [window.fromMinute, window.toMinute])])];
  });
}

function isAlways(rules: RingRules): boolean {
  return rules.shopHours === 'always' && rules.boundingHours === 'always' && rules.closedDates.size === 0;
}

function isWithin(week: Week, clock: WallClock): boolean {
  if (week === 'always') return true;
  return (week[clock.weekday] ?? []).some(
    (window) => window.fromMinute <= clock.minute && clock.minute < window.toMinute,
  );
}
