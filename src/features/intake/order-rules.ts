import { ValidateBy } from 'class-validator';
import { isLanguageTag, isTimeZone } from '../../core/shared/locale.js';
import { isInterval, readTimestamp } from '../../core/shared/timestamp.js';

function rule(name: string, isValid: (value: unknown) => boolean, message: string): PropertyDecorator {
  return ValidateBy({ name, validator: { validate: isValid, defaultMessage: () => message } });
}

// NUL, control characters but tab, line feed and carriage return, and halves of surrogate pairs: no text of a person has them.
const UNPRINTABLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]|\p{Surrogate}/u;

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most && !UNPRINTABLE.test(value);
}

/** Text of a person, of at most so many UTF-16 units. */
export const IsText = (most: number) =>
  rule(
    'isText',
    (value) => isText(value, most),
    `must be a text of at most ${most} characters without control characters`,
  );

/** A JSON object; arrays are none. */
export const IsJsonObject = () =>
  rule(
    'isJsonObject',
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be a JSON object',
  );

export const IsRfc3339 = () =>
  rule(
    'isRfc3339',
    (value) => typeof value === 'string' && readTimestamp(value) !== null,
    'must be an RFC 3339 timestamp with an offset, e.g. 2026-11-22T09:59:58Z',
  );

export const IsSlot = () =>
  rule(
    'isSlot',
    (value) => typeof value === 'string' && isInterval(value),
    'must be an ISO 8601 interval, e.g. 2026-11-23T10:00+02:00/2026-11-23T12:00+02:00',
  );

export const IsZone = () =>
  rule(
    'isZone',
    (value) => typeof value === 'string' && isTimeZone(value),
    'must be an IANA time zone, e.g. Europe/Kyiv',
  );

export const IsLanguage = () =>
  rule(
    'isLanguage',
    (value) => typeof value === 'string' && isLanguageTag(value),
    'must be a BCP 47 language tag, e.g. uk',
  );

export const IsMailAddress = () =>
  rule(
    'isMailAddress',
    (value) => isText(value, 254) && /^[^\s@]{1,64}@[^\s@]{1,253}$/.test(value),
    'must be a mail address of at most 254 characters',
  );

/** Above 0, at most a million, at most three decimals (goods are sold by weight too). */
export const IsQuantity = () =>
  rule(
    'isQuantity',
    (value) => typeof value === 'number' && value > 0 && value <= 1_000_000 && /^\d+(\.\d{1,3})?$/.test(String(value)),
    'must be a number above 0, at most 1000000, with at most three decimals',
  );

const MOST_METADATA = 50;

/** Keys of 1–64 characters to texts of at most 500; at most 50. */
export const IsStringMap = () =>
  rule(
    'isStringMap',
    (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      const entries = Object.entries(value as Record<string, unknown>);
      return (
        entries.length <= MOST_METADATA &&
        entries.every(([key, text]) => key.length >= 1 && isText(key, 64) && isText(text, 500))
      );
    },
    `must map at most ${MOST_METADATA} keys (1–64 characters) to texts (at most 500 characters)`,
  );
