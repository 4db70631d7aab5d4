import { describe, expect, it } from 'vitest';
import type { DialerError } from '../../core/shared/errors.js';
import type { PutShopDto } from './shop.dto.js';
import { shopSettingsFrom } from './shop-settings-from.js';

const minimal: PutShopDto = { name: 'Shop', timeZone: 'Europe/Kyiv' };

describe('shopSettingsFrom', () => {
  it('accepts the demo only where it is allowed', () => {
    const demo: PutShopDto = { ...minimal, jurisdiction: 'demo', retry: { gapMinutes: 0.01 } };
    expect(shopSettingsFrom(demo, true)).toMatchObject({ jurisdiction: 'demo', retry: { gapMinutes: 0.01 } });
    expect(() => shopSettingsFrom(demo, false)).toThrow(
      expect.objectContaining({
        code: 'input.invalid',
        fieldErrors: [expect.objectContaining({ pointer: '/jurisdiction' })],
      }) as DialerError,
    );
  });

  it('takes hours, holidays and caps of the jurisdiction where the shop says nothing', () => {
    const of = (jurisdiction: PutShopDto['jurisdiction'], more: Partial<PutShopDto> = {}) =>
      shopSettingsFrom({ ...minimal, ...more, ...(jurisdiction ? { jurisdiction } : {}) }, false);
    expect(of('uk')).toMatchObject({
      callingHours: { mon: ['09:00-20:00'], sun: ['10:00-18:00'] },
      abandon: [{ maxRatio: 0.005, windowHours: 24 }],
      holidays: { isClosed: false, country: null, region: null, dates: [] },
    });
    expect(of('fr')).toMatchObject({
      callingHours: { fri: ['10:00-13:00', '14:00-20:00'] },
      holidays: { isClosed: true, country: 'FR' },
    });
    expect(of('fr').callingHours).not.toHaveProperty('sat');
    expect(of('us').callingHours).toEqual(of(undefined).callingHours);
    expect(of('eu', { callingHours: 'always' }).callingHours).toBe('always');
  });

  it.each<[string, Partial<PutShopDto>, string]>([
    [
      'open holidays where the law closes them',
      { jurisdiction: 'fr', holidays: { isClosed: false } },
      '/holidays/isClosed',
    ],
    [
      'a delay that outlasts the order',
      { firstCall: { delaySeconds: 3600 }, giveUpAfterHours: 1 },
      '/firstCall/delaySeconds',
    ],
    ['a ring that is cut short', { jurisdiction: 'uk', ringSeconds: 14 }, '/ringSeconds'],
    [
      'a cap above the law',
      { jurisdiction: 'us', abandon: [{ maxRatio: 0.04, windowHours: 24 }] },
      '/abandon/0/maxRatio',
    ],
  ])('refuses %s', (_name, given, pointer) => {
    expect(() => shopSettingsFrom({ ...minimal, ...given }, false)).toThrow(
      expect.objectContaining({ fieldErrors: [expect.objectContaining({ pointer })] }) as DialerError,
    );
  });

  it('takes null for absent', () => {
    const nothing = {
      callingHours: null,
      retry: null,
      agentGroups: null,
      abandon: null,
      firstCall: null,
      holidays: null,
    } as unknown as object;
    expect(shopSettingsFrom({ ...minimal, ...nothing }, false)).toEqual(shopSettingsFrom(minimal, false));
  });

  it('keeps the target within a deadline that is shorter than its default', () => {
    expect(shopSettingsFrom({ ...minimal, firstCall: { deadlineSeconds: 60 } }, false).firstCall).toEqual({
      targetSeconds: 60,
      deadlineSeconds: 60,
      delaySeconds: 0,
      whenLate: 'oldest_first',
    });
  });
});
