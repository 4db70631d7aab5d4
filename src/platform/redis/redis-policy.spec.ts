import { describe, expect, it } from 'vitest';
import { findRedisPolicyFaults } from './redis-policy.js';

const redis = (settings: Record<string, string> | Error) =>
  ({
    config: async (_get: string, name: string) => {
      if (settings instanceof Error) throw settings;
      return name in settings ? [name, settings[name]] : [];
    },
  }) as unknown as Parameters<typeof findRedisPolicyFaults>[0];

describe('the settings of Redis', () => {
  it('are fine with an append-only file and without eviction', async () => {
    expect(await findRedisPolicyFaults(redis({ appendonly: 'yes', 'maxmemory-policy': 'noeviction' }))).toEqual([]);
  });

  it('are told with the remedy when they may lose work', async () => {
    const faults = await findRedisPolicyFaults(redis({ appendonly: 'no', 'maxmemory-policy': 'allkeys-lru' }));
    expect(faults).toEqual([
      expect.stringContaining('--appendonly yes'),
      expect.stringContaining('--maxmemory-policy noeviction'),
    ]);
  });

  it('are trusted when Redis does not show them', async () => {
    expect(await findRedisPolicyFaults(redis(new Error("ERR unknown command 'CONFIG'")))).toEqual([]);
    await expect(findRedisPolicyFaults(redis(new Error('Command timed out')))).rejects.toThrow('timed out');
  });
});
