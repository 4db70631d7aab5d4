import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countryOf, isKnownCountry, readPhoneNumber } from './phone-number.js';

const read = (text: string, country = 'UA') => {
  const answer = readPhoneNumber(text, country);
  return answer.isOk ? answer.phone : answer.why;
};

describe('readPhoneNumber', () => {
  it.each([
    ['+380671234567', 'UA', '+380671234567'],
    ['067 123 45 67', 'UA', '+380671234567'],
    ['(067) 123-45-67', 'UA', '+380671234567'],
    ['380671234567', 'UA', '+380671234567'],
    ['00380671234567', 'UA', '+380671234567'],
    ['8 (916) 123-45-67', 'RU', '+79161234567'],
    ['+77011234567', 'KZ', '+77011234567'],
    ['+12024561111', 'UA', '+12024561111'],
    ['020 7946 0000', 'GB', '+442079460000'],
    ['+390612345678', 'IT', '+390612345678'],
  ])('reads %s of %s', (text, country, phone) => {
    expect(read(text, country)).toBe(phone);
  });

  it.each([
    ['', 'characters'],
    ['+', 'characters'],
    ['+38067１２３4567', 'characters'],
    ['\u200f+380671234567', 'characters'],
    ['\u202a+380671234567\u202c', 'characters'],
    ['+380671234567;maddr=10.0.0.1', 'characters'],
    ['+380671234567;ext=5', 'characters'],
    ['+380671234567 ext. 5', 'characters'],
    ['+380671234567x5', 'characters'],
    ['tel:+380671234567', 'characters'],
    ['0-800-FLOWERS', 'characters'],
    ['+380671234567@evil.example', 'characters'],
    ['+380671234567&x', 'characters'],
    ['+380671234567\r\nX: y', 'characters'],
    ['+380671234567\n', 'characters'],
    ['*100#', 'characters'],
    ['+380'.padEnd(60, '1'), 'characters'],
    ['++380671234567', 'characters'],
    ['+380 67 1234567 +', 'characters'],
    ['112', 'not_valid'],
    ['101', 'not_valid'],
    ['+380112', 'not_valid'],
    ['+1911', 'not_valid'],
    ['+38067123456', 'not_valid'],
    ['+3806712345678', 'not_valid'],
    ['+380900123456', 'not_valid'],
    ['+380800500500', 'kind'],
    ['+19005551234', 'kind'],
    ['+449012345678', 'kind'],
    ['+447012345678', 'kind'],
    ['+33899123456', 'kind'],
    ['+881612345678', 'kind'],
    ['+870773123456', 'kind'],
    ['+882161234567', 'kind'],
    ['+979123456789', 'kind'],
    ['+80012345678', 'kind'],
    ['+000000000000', 'not_a_number'],
  ])('refuses %j: %s', (text, why) => {
    expect(read(text)).toBe(why);
  });

  it('never throws, and what it lets through is E.164', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('UA', 'US', 'KZ', 'XX'), (text, country) => {
        const answer = readPhoneNumber(text, country);
        if (answer.isOk) expect(answer.phone).toMatch(/^\+[1-9]\d{6,14}$/);
      }),
    );
  });

  it('reads its own answers unchanged, whatever the country', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999_999 }), fc.constantFrom('UA', 'US', 'DE'), (n, country) => {
        const phone = `+38067${String(n).padStart(7, '0')}`;
        expect(read(phone, country)).toBe(phone);
      }),
    );
  });
});

describe('isKnownCountry', () => {
  it.each([
    ['UA', true],
    ['ua', false],
    ['XX', false],
    ['UKR', false],
    ['', false],
  ])('%j → %s', (country, isKnown) => {
    expect(isKnownCountry(country)).toBe(isKnown);
  });
});

describe('countryOf', () => {
  it.each([
    ['+380671234567', 'UA'],
    ['+48601234567', 'PL'],
    ['+77011234567', 'KZ'],
    ['+12125550123', 'US'],
    ['+9991234567', null],
  ])('%s → %s', (number, country) => {
    expect(countryOf(number)).toBe(country);
  });
});
