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

  it('takes null for absent', () => {
    const nothing = {
      callingHours: null,
      retry: null,
      agentGroups: null,
      abandon: null,
      firstCall: null,
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
