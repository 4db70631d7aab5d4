import { describe, expect, it } from 'vitest';
import { isLanguageTag, isTimeZone } from './locale.js';

describe('isTimeZone', () => {
  it.each([
    ['Europe/Kyiv', true],
    ['Europe/Kiev', true],
    ['America/Argentina/Buenos_Aires', true],
    ['UTC', true],
    ['Europe/Atlantis', false],
    ['+02:00', false],
    ['', false],
    ['__proto__', false],
    ['Europe/Kyiv\n', false],
  ])('%j → %s', (name, isOk) => {
    expect(isTimeZone(name)).toBe(isOk);
    expect(isTimeZone(name)).toBe(isOk);
  });
});

describe('isLanguageTag', () => {
  it.each([
    ['uk', true],
    ['uk-UA', true],
    ['zh-Hant-TW', true],
    ['uk_UA', false],
    ['u', false],
    ['', false],
    ['ukrainian language', false],
    [`en-${'x'.repeat(40)}`, false],
  ])('%j → %s', (tag, isOk) => {
    expect(isLanguageTag(tag)).toBe(isOk);
  });
});
