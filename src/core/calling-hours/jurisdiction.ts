import { isCharged } from '../attempt/next-attempt.js';
import { ATTEMPT_RESULTS } from '../call/result.js';
import type { AbandonCap, Jurisdiction, RetryPolicy, ShopSettings } from '../order/shop-settings.js';
import { eachDay, WEEKDAYS, type CallingHours } from './calling-hours.js';

/** The rules of one country or market for calls about an order that the buyer has placed. */
export interface JurisdictionProfile {
  /** Hours that the law names; null: it names none. */
  readonly legalHours: CallingHours | null;
  /** Where the shop sets none; they bind it as well where the law names none. */
  readonly usualHours: CallingHours;
  /** Country whose public holidays are closed; null: they are days like others. */
  readonly closedHolidaysOf: string | null;
  readonly attempts: {
    readonly maxPerOrder: number;
    readonly maxPer24Hours: number;
    /** null: no limit beside the others. */
    readonly maxPer30Days: number | null;
    /** Least gap after an attempt that reached the buyer's phone, in minutes. */
    readonly minGapMinutes: number;
  };
  /** Where the shop sets none. */
  readonly abandon: readonly AbandonCap[];
  /** Highest `maxRatio` that a shop may set. */
  readonly mostAbandonedRatio: number;
  /** A shorter ring leaves the buyer no time to pick up: a call of that kind counts as a nuisance. */
  readonly leastRingSeconds: number;
}

const USUAL_HOURS = eachDay(WEEKDAYS, ['09:00-20:00']);
const FRENCH_HOURS = eachDay(WEEKDAYS.slice(0, 5), ['10:00-13:00', '14:00-20:00']);

const COMMON: JurisdictionProfile = {
  legalHours: null,
  usualHours: USUAL_HOURS,
  closedHolidaysOf: null,
  attempts: { maxPerOrder: 6, maxPer24Hours: 3, maxPer30Days: null, minGapMinutes: 0 },
  abandon: [
    { maxRatio: 0.01, windowHours: 24 },
    { maxRatio: 0.02, windowHours: 720 },
  ],
  mostAbandonedRatio: 1,
  leastRingSeconds: 15,
};

const WITHOUT_LIMITS = { maxPerOrder: Infinity, maxPer24Hours: Infinity, maxPer30Days: null, minGapMinutes: 0 };

/**
 * What binds the calls of a shop beside its own settings. `generic` adds nothing: the shop's settings and their defaults hold alone.
 *
 * Sources: US 16 CFR 310.4(b)(4), (c) and 47 CFR 64.1200(c)(1) (8–21 at the called party, 3 % abandoned); UK Ofcom's statement of 20 December
 * 2016 (no safe ratio; ring 15 s); FR Code de la consommation D. 223-9 (Monday to Friday 10–13 and 14–20, no public holidays, 4 in 30 days).
 * Where no law was found the hours are manners, and caps and attempts are ours: docs/decisions/0016-may-we-ring.md.
 */
export const JURISDICTION_PROFILES: Readonly<Record<Jurisdiction, JurisdictionProfile>> = {
  generic: { ...COMMON, usualHours: 'always', attempts: WITHOUT_LIMITS },
  demo: { ...COMMON, usualHours: 'always', attempts: WITHOUT_LIMITS },
  us: {
    ...COMMON,
    legalHours: eachDay(WEEKDAYS, ['08:00-21:00']),
    attempts: { ...COMMON.attempts, minGapMinutes: 120 },
    mostAbandonedRatio: 0.03,
  },
  uk: {
    ...COMMON,
    usualHours: { ...Object.fromEntries(WEEKDAYS.map((day) => [day, ['09:00-20:00']])), sun: ['10:00-18:00'] },
    abandon: [{ maxRatio: 0.005, windowHours: 24 }],
    mostAbandonedRatio: 0.03,
  },
  eu: { ...COMMON, usualHours: eachDay(WEEKDAYS.slice(0, 6), ['09:00-20:00']) },
  fr: {
    ...COMMON,
    legalHours: FRENCH_HOURS,
    usualHours: FRENCH_HOURS,
    closedHolidaysOf: 'FR',
    attempts: { ...COMMON.attempts, maxPer30Days: 4 },
  },
  ua: COMMON,
  ru: COMMON,
  kz: COMMON,
};

/** The hours outside of which nobody is called, whatever the shop says. */
export function boundingHours(jurisdiction: Jurisdiction): CallingHours {
  const { legalHours, usualHours } = JURISDICTION_PROFILES[jurisdiction];
  return legalHours ?? usualHours;
}

/** A shop's own rules of repetition, narrowed to what its jurisdiction allows: what `nextAttempt` plans with and the gate checks. */
export function effectiveRetry({ retry, jurisdiction }: Pick<ShopSettings, 'retry' | 'jurisdiction'>): RetryPolicy {
  const { maxPerOrder, maxPer24Hours, minGapMinutes } = JURISDICTION_PROFILES[jurisdiction].attempts;
  const byResult = { ...retry.byResult };
  for (const result of ATTEMPT_RESULTS) {
    const rule = byResult[result];
    // A buyer we hung up on is owed a call soon, and gets it with an agent reserved.
    if (rule === undefined || !isCharged(result) || result === 'abandoned') continue;
    byResult[result] = { ...rule, gapMinutes: Math.max(rule.gapMinutes, minGapMinutes) };
  }
  return {
    ...retry,
    maxAttempts: Math.min(retry.maxAttempts, maxPerOrder),
    maxPer24Hours: Math.min(retry.maxPer24Hours, maxPer24Hours),
    gapMinutes: Math.max(retry.gapMinutes, minGapMinutes),
    byResult,
  };
}
