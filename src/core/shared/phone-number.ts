import { isSupportedCountry, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max';

/** A telephone number as E.164 (`+` and 7–15 digits) that an ordinary subscriber may have. Only `readPhoneNumber` makes one. */
export type PhoneNumber = string & { readonly __kind?: 'phone' };

/** Why a text is not a number that may be called. */
export type PhoneRefusal = 'characters' | 'not_a_number' | 'not_valid' | 'kind';

export type PhoneAnswer =
  { readonly isOk: true; readonly phone: PhoneNumber } | { readonly isOk: false; readonly why: PhoneRefusal };

// Plain ASCII only: full-width digits, direction marks, letters, `;`, `@`, `*` and `#` never come near a SIP address.
const PLAIN = /^\+?[0-9 ().-]{3,31}$/;

// Ordinary subscribers' numbers. Premium, shared-cost, toll-free, pager, personal, company-wide and voicemail numbers are not called.
const CALLABLE = new Set(['MOBILE', 'FIXED_LINE', 'FIXED_LINE_OR_MOBILE', 'VOIP']);

/**
 * Reads a buyer's telephone number.
 *
 * @param text     E.164, or a national form of `country` (`067 123 45 67`)
 * @param country  ISO 3166 two-letter code of the shop's country
 * @returns        the E.164 number, or the reason of the refusal: emergency and other short numbers are `not_valid`; premium, satellite and
 *                 other numbers without a country are `kind`
 */
export function readPhoneNumber(text: string, country: string): PhoneAnswer {
  if (!PLAIN.test(text)) return { isOk: false, why: 'characters' };
  const number = parsePhoneNumberFromString(text, { defaultCountry: country as CountryCode, extract: false });
  if (number === undefined) return { isOk: false, why: 'not_a_number' };
  if (!number.isValid()) return { isOk: false, why: 'not_valid' };
  if (number.country === undefined || !CALLABLE.has(number.getType() ?? '')) return { isOk: false, why: 'kind' };
  return { isOk: true, phone: number.number };
}

/** Whether numbers of this ISO 3166 country can be judged. */
export function isKnownCountry(country: string): boolean {
  return /^[A-Z]{2}$/.test(country) && isSupportedCountry(country);
}

/** ISO 3166 country of an E.164 number, or null when it cannot be told. */
export function countryOf(number: PhoneNumber): string | null {
  return parsePhoneNumberFromString(number)?.country ?? null;
}
