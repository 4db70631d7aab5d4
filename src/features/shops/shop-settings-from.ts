import { ATTEMPT_RESULTS } from '../../core/call/result.js';
import {
  DEFAULT_SHOP_SETTINGS,
  type AgentGroupChoice,
  type Jurisdiction,
  type RetryPolicy,
  type ShopSettings,
} from '../../core/order/shop-settings.js';
import { DialerError, type FieldError } from '../../core/shared/errors.js';
import type { CallingHours } from '../../core/calling-hours/calling-hours.js';
import { JURISDICTION_PROFILES } from '../../core/calling-hours/jurisdiction.js';
import { isKnownCountry } from '../../core/shared/phone-number.js';
import type { SkillRule } from '../../core/agent/call-needs.js';
import { scriptFault } from '../../core/order/greeting-script.js';
import type { SkillRuleDto } from './skill-rule.dto.js';
import type { RetryDto } from './retry.dto.js';
import type { PutShopDto } from './shop.dto.js';

const DEFAULT_OVERFLOW_SECONDS = 60;

/**
 * The settings that a PUT asks for, with defaults for what it leaves out (absent and null are the same).
 * @throws DialerError `input.invalid` with every rule that needs more than one field
 */
export function shopSettingsFrom(dto: PutShopDto, isDemoAllowed: boolean): ShopSettings {
  const fallback = DEFAULT_SHOP_SETTINGS;
  const jurisdiction = dto.jurisdiction ?? fallback.jurisdiction;
  const settings: ShopSettings = {
    timeZone: dto.timeZone,
    country: dto.country ?? fallback.country,
    language: dto.language ?? fallback.language,
    callerId: dto.callerId ?? fallback.callerId,
    callerIds: dto.callerIds ?? fallback.callerIds,
    callingHours:
      dto.callingHours === undefined || dto.callingHours === null
        ? usualHours(jurisdiction)
        : plainHours(dto.callingHours),
    holidays: {
      isClosed: dto.holidays?.isClosed ?? JURISDICTION_PROFILES[jurisdiction].closedHolidaysOf !== null,
      country: dto.holidays?.country ?? JURISDICTION_PROFILES[jurisdiction].closedHolidaysOf,
      region: dto.holidays?.region ?? fallback.holidays.region,
      dates: dto.holidays?.dates ?? fallback.holidays.dates,
    },
    firstCall: {
      targetSeconds:
        dto.firstCall?.targetSeconds ??
        Math.min(fallback.firstCall.targetSeconds, dto.firstCall?.deadlineSeconds ?? Infinity),
      deadlineSeconds: dto.firstCall?.deadlineSeconds ?? fallback.firstCall.deadlineSeconds,
      delaySeconds: dto.firstCall?.delaySeconds ?? fallback.firstCall.delaySeconds,
      whenLate: dto.firstCall?.whenLate ?? fallback.firstCall.whenLate,
    },
    giveUpAfterHours: dto.giveUpAfterHours ?? fallback.giveUpAfterHours,
    retry: retryFrom(dto.retry ?? {}),
    abandon:
      dto.abandon?.map(({ maxRatio, windowHours }) => ({ maxRatio, windowHours })) ??
      JURISDICTION_PROFILES[jurisdiction].abandon,
    agentGroups: groupsFrom(dto),
    skillRules: dto.skillRules?.map(plainRule) ?? fallback.skillRules,
    sameAgentSeconds: dto.sameAgentSeconds ?? fallback.sameAgentSeconds,
    jurisdiction,
    dialing: dto.dialing ?? fallback.dialing,
    share: dto.share ?? fallback.share,
    maxConcurrentCalls: dto.maxConcurrentCalls ?? fallback.maxConcurrentCalls,
    ringSeconds: dto.ringSeconds ?? fallback.ringSeconds,
    answeringMachine: dto.answeringMachine ?? fallback.answeringMachine,
    transferNumbers:
      dto.transferNumbers?.map(({ name, number }) => ({ name: name.trim(), number })) ?? fallback.transferNumbers,
    scripts: dto.scripts?.map(({ language, text }) => ({ language, text: text.trim() })) ?? fallback.scripts,
  };
  const problems = crossChecks(settings, isDemoAllowed);
  if (problems.length > 0) {
    throw new DialerError('input.invalid', 'Some fields do not go together.', { fieldErrors: problems });
  }
  return settings;
}

function plainHours(hours: NonNullable<PutShopDto['callingHours']>): CallingHours {
  return hours === 'always' ? hours : (JSON.parse(JSON.stringify(hours)) as CallingHours);
}

function plainRule({ itemGroup, language, region, skill, relaxAfterSeconds }: SkillRuleDto): SkillRule {
  return {
    itemGroup: itemGroup ?? null,
    language: language ?? null,
    region: region ?? null,
    skill: skill.trim(),
    relaxAfterSeconds: relaxAfterSeconds ?? null,
  };
}

function usualHours(jurisdiction: Jurisdiction): CallingHours {
  const { usualHours } = JURISDICTION_PROFILES[jurisdiction];
  return usualHours === 'always' ? DEFAULT_SHOP_SETTINGS.callingHours : usualHours;
}

function retryFrom(dto: RetryDto): RetryPolicy {
  const byResult: Record<string, { maxAttempts: number; gapMinutes: number }> = {};
  for (const result of ATTEMPT_RESULTS) {
    if (result === 'withdrawn') continue;
    const rule = dto[result] ?? dto.byResult?.[result];
    if (rule !== undefined && rule !== null)
      byResult[result] = { maxAttempts: rule.maxAttempts, gapMinutes: rule.gapMinutes };
  }
  const { retry } = DEFAULT_SHOP_SETTINGS;
  return {
    maxAttempts: dto.maxAttempts ?? retry.maxAttempts,
    maxPer24Hours: dto.maxPer24Hours ?? retry.maxPer24Hours,
    gapMinutes: dto.gapMinutes ?? retry.gapMinutes,
    patienceMinutes: dto.patienceMinutes ?? retry.patienceMinutes,
    byResult,
  };
}

/** Each further group joins `overflowAfterSeconds` after the one before it. */
function groupsFrom(dto: PutShopDto): AgentGroupChoice[] {
  let afterSeconds = 0;
  return (dto.agentGroups ?? DEFAULT_SHOP_SETTINGS.agentGroups.map(({ group }) => group)).map((entry, index) => {
    const own = typeof entry === 'string' ? undefined : entry.overflowAfterSeconds;
    if (index > 0) afterSeconds += own ?? dto.overflowAfterSeconds ?? DEFAULT_OVERFLOW_SECONDS;
    return { group: typeof entry === 'string' ? entry : entry.group, afterSeconds };
  });
}

function crossChecks(settings: ShopSettings, isDemoAllowed: boolean): FieldError[] {
  const problems: FieldError[] = [];
  const say = (pointer: string, detail: string) => problems.push({ pointer, detail });
  if (settings.firstCall.targetSeconds > settings.firstCall.deadlineSeconds) {
    say('/firstCall/targetSeconds', 'must not be greater than deadlineSeconds');
  }
  if (settings.firstCall.delaySeconds >= settings.giveUpAfterHours * 3600) {
    say('/firstCall/delaySeconds', 'must be shorter than giveUpAfterHours, or every order would expire uncalled');
  }
  for (const [country, callerId] of Object.entries<unknown>(settings.callerIds)) {
    if (!isKnownCountry(country)) say(`/callerIds/${country}`, 'is no ISO 3166 code of two capitals, e.g. PL');
    else if (typeof callerId !== 'string' || !/^\+[1-9]\d{6,14}$/.test(callerId)) {
      say(`/callerIds/${country}`, 'must be an E.164 number, e.g. +48221234567');
    }
  }
  settings.scripts.forEach(({ text }, index) => {
    const fault = text === '' ? 'must not be empty' : scriptFault(text);
    if (fault !== null) say(`/scripts/${index}/text`, fault);
  });
  if (settings.jurisdiction === 'demo') {
    if (!isDemoAllowed) say('/jurisdiction', '"demo" is accepted only while the service listens on loopback');
    return problems;
  }
  const tooShort = 'must be at least 1 (less only with jurisdiction "demo")';
  if (settings.retry.gapMinutes < 1) say('/retry/gapMinutes', tooShort);
  for (const [result, rule] of Object.entries(settings.retry.byResult)) {
    if (rule.gapMinutes < 1) say(`/retry/${result}/gapMinutes`, tooShort);
  }
  const profile = JURISDICTION_PROFILES[settings.jurisdiction];
  settings.abandon.forEach((cap, index) => {
    const most = profile.mostAbandonedRatio;
    if (cap.maxRatio > most) say(`/abandon/${index}/maxRatio`, `must be at most ${most} in this jurisdiction`);
  });
  if (settings.ringSeconds < profile.leastRingSeconds) {
    say('/ringSeconds', `must be at least ${profile.leastRingSeconds} in this jurisdiction`);
  }
  if (profile.closedHolidaysOf !== null && !settings.holidays.isClosed) {
    say('/holidays/isClosed', 'must be true in this jurisdiction: its public holidays are closed');
  }
  return problems;
}
