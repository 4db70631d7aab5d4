import type { SkillRule } from '../agent/call-needs.js';
import type { WhenLate } from '../attempt/dial-order.js';
import type { AttemptResult } from '../call/result.js';
import { DEFAULT_CALLING_HOURS, type CallingHours } from '../calling-hours/calling-hours.js';
import type { GreetingScript } from './greeting-script.js';

export const JURISDICTIONS = ['generic', 'us', 'uk', 'eu', 'fr', 'ua', 'ru', 'kz', 'demo'] as const;
/** Whose rules bind the shop's calls. `demo` (no limits on hours and gaps) is accepted only while the service listens on loopback. */
export type Jurisdiction = (typeof JURISDICTIONS)[number];

export const DIALING_MODES = ['progressive', 'predictive'] as const;
export type DialingMode = (typeof DIALING_MODES)[number];

/** How often and how soon an order is called again. */
export interface RetryPolicy {
  /** Attempts of one order in all. */
  readonly maxAttempts: number;
  /** Attempts of one order within any 24 hours. */
  readonly maxPer24Hours: number;
  /** Least time from the end of an attempt to the next one, in minutes (fractions only in `demo`). */
  readonly gapMinutes: number;
  /** A retry lets first calls go before it whose deadline is nearer than so many minutes after it became due. */
  readonly patienceMinutes: number;
  /** Own limits of single results; what is absent follows the general ones. */
  readonly byResult: Readonly<
    Partial<Record<AttemptResult, { readonly maxAttempts: number; readonly gapMinutes: number }>>
  >;
}

/** Highest share of answered calls that may find no agent, over a sliding window. */
export interface AbandonCap {
  /** 0–1. */
  readonly maxRatio: number;
  readonly windowHours: number;
}

/** A group that takes the shop's calls. */
export interface AgentGroupChoice {
  readonly group: string;
  /** The group helps with orders that have waited this long (0 for the first group). */
  readonly afterSeconds: number;
}

/** Days on which nobody is called. */
export interface HolidaySettings {
  /** Public holidays are closed. */
  readonly isClosed: boolean;
  /** ISO 3166: whose; null: the shop's country. */
  readonly country: string | null;
  /** ISO 3166-2 without the country: holidays of that region too; null: those of the whole country. */
  readonly region: string | null;
  /** `YYYY-MM-DD`: days of the shop's own. */
  readonly dates: readonly string[];
}

/** A number of the shop's own to which a talk may be handed over. */
export interface TransferNumber {
  /** What agents choose by. */
  readonly name: string;
  /** E.164. */
  readonly number: string;
}

/** Everything an administrator sets about a shop but its name, destinations and pause (contract, section 4). */
export interface ShopSettings {
  /** IANA zone of buyers who have none of their own. */
  readonly timeZone: string;
  /** ISO 3166 code: how national telephone numbers are read. */
  readonly country: string;
  /** BCP 47 tag: spoken to buyers who have none of their own. */
  readonly language: string;
  /** E.164 number shown to buyers; null: the trunk's. */
  readonly callerId: string | null;
  /** The same by ISO 3166 country of the buyer's number; goes before `callerId`. */
  readonly callerIds: Readonly<Record<string, string>>;
  readonly callingHours: CallingHours;
  readonly holidays: HolidaySettings;
  readonly firstCall: {
    readonly targetSeconds: number;
    readonly deadlineSeconds: number;
    readonly delaySeconds: number;
    /** Of orders whose turn has passed. */
    readonly whenLate: WhenLate;
  };
  /** An order that could not be called once within this time expires. */
  readonly giveUpAfterHours: number;
  readonly retry: RetryPolicy;
  readonly abandon: readonly AbandonCap[];
  /** In order of overflow; the first one always takes part. */
  readonly agentGroups: readonly AgentGroupChoice[];
  /** Which orders need which skill of an agent. */
  readonly skillRules: readonly SkillRule[];
  /** How long an order waits for the agent who talked with the buyer before, while that agent is busy. */
  readonly sameAgentSeconds: number;
  readonly jurisdiction: Jurisdiction;
  readonly dialing: DialingMode;
  /** 1–10: the weight of the shop among shops that wait for the same group. */
  readonly share: number;
  /** Calls of this shop alive at once. */
  readonly maxConcurrentCalls: number;
  /** How long a buyer's phone rings, 15–60. */
  readonly ringSeconds: number;
  readonly answeringMachine: 'off' | 'detect';
  /** Where agents may hand a buyer over to. */
  readonly transferNumbers: readonly TransferNumber[];
  /** What agents say first, one for each language; none: the built-in ones. */
  readonly scripts: readonly GreetingScript[];
}

/** What holds when an administrator says nothing; only `timeZone` has no default. */
export const DEFAULT_SHOP_SETTINGS: Omit<ShopSettings, 'timeZone'> = {
  country: 'UA',
  language: 'uk',
  callerId: null,
  callerIds: {},
  callingHours: DEFAULT_CALLING_HOURS,
  holidays: { isClosed: false, country: null, region: null, dates: [] },
  firstCall: { targetSeconds: 300, deadlineSeconds: 600, delaySeconds: 0, whenLate: 'oldest_first' },
  giveUpAfterHours: 72,
  retry: { maxAttempts: 6, maxPer24Hours: 3, gapMinutes: 120, patienceMinutes: 120, byResult: {} },
  abandon: [
    { maxRatio: 0.01, windowHours: 24 },
    { maxRatio: 0.02, windowHours: 720 },
  ],
  agentGroups: [{ group: 'default', afterSeconds: 0 }],
  skillRules: [],
  sameAgentSeconds: 0,
  jurisdiction: 'generic',
  dialing: 'progressive',
  share: 1,
  maxConcurrentCalls: 100,
  ringSeconds: 25,
  answeringMachine: 'off',
  transferNumbers: [],
  scripts: [],
};

/** Whether buyers may be called at any hour and again after seconds. */
export function isDemo(settings: Pick<ShopSettings, 'jurisdiction'>): boolean {
  return settings.jurisdiction === 'demo';
}

/** When the first call is due: the shop's own wish for this order, else the deadline counted from its registration. */
export function callByOf(
  settings: Pick<ShopSettings, 'firstCall'>,
  order: { readonly registeredAt: Date; readonly confirmBy: Date | null },
): Date {
  return order.confirmBy ?? new Date(order.registeredAt.getTime() + settings.firstCall.deadlineSeconds * 1000);
}
