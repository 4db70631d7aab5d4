import { ValidateBy, buildMessage, type ValidationOptions } from 'class-validator';
import { parseHours } from '../../core/calling-hours/calling-hours.js';
import { isLanguageTag, isTimeZone } from '../../core/shared/locale.js';
import { isKnownCountry } from '../../core/shared/phone-number.js';

function rule(
  name: string,
  isValid: (value: unknown) => boolean,
  message: string,
  options?: ValidationOptions,
): PropertyDecorator {
  return ValidateBy(
    {
      name,
      validator: { validate: isValid, defaultMessage: buildMessage((each) => `${each}$property ${message}`, options) },
    },
    options,
  );
}

/** Each entry is `HH:MM-HH:MM`, ending after it starts; `24:00` ends a day. */
export const IsCallingRange = () =>
  rule(
    'isCallingRange',
    (value) => typeof value === 'string' && parseHours(value) !== null,
    'must be like 09:00-20:00, the end after the start',
    { each: true },
  );

/** Each entry is a day of the calendar as `YYYY-MM-DD`. */
export const IsDay = () =>
  rule(
    'isDay',
    (value) => typeof value === 'string' && DAY.test(value) && isRealDay(value),
    'must be a day like 2026-12-25',
    { each: true },
  );

const DAY = /^20\d\d-\d\d-\d\d$/;

/** Dates that do not exist come back as other ones, or not at all. */
function isRealDay(text: string): boolean {
  const atMs = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text);
}

export const IsCountry = () =>
  rule(
    'isCountry',
    (value) => typeof value === 'string' && isKnownCountry(value),
    'must be an ISO 3166 code of two capitals, e.g. UA',
  );

export const IsLanguageTag = () =>
  rule('isLanguageTag', (value) => typeof value === 'string' && isLanguageTag(value), 'must be a BCP 47 tag, e.g. uk');

export const IsTimeZoneName = () =>
  rule(
    'isTimeZoneName',
    (value) => typeof value === 'string' && isTimeZone(value),
    'must be an IANA time zone, e.g. Europe/Kyiv',
  );

/** As `PUT /v1/admin/groups/{group}` takes them. */
const GROUP_ID = /^[a-z0-9][a-z0-9_-]{0,39}$/;

function isAgentGroup(value: unknown): boolean {
  if (typeof value === 'string') return GROUP_ID.test(value);
  if (typeof value !== 'object' || value === null) return false;
  const { group, overflowAfterSeconds = 0, ...rest } = value as Record<string, unknown>;
  const isWait =
    Number.isInteger(overflowAfterSeconds) &&
    Number(overflowAfterSeconds) >= 0 &&
    Number(overflowAfterSeconds) <= 86_400;
  return typeof group === 'string' && GROUP_ID.test(group) && isWait && Object.keys(rest).length === 0;
}

/** 1–10 different groups, each a name or `{group, overflowAfterSeconds}`. */
export const IsAgentGroups = () =>
  rule(
    'isAgentGroups',
    (value) => {
      if (!Array.isArray(value) || value.length === 0 || value.length > 10 || !value.every(isAgentGroup)) return false;
      const names = value.map((entry: string | { group: string }) => (typeof entry === 'string' ? entry : entry.group));
      return new Set(names).size === names.length;
    },
    'must be a list of 1–10 different groups, each a name or {group, overflowAfterSeconds (0–86400)}',
  );
