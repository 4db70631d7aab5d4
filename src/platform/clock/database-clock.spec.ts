import { afterEach, describe, expect, it } from 'vitest';
import type { Transactions } from '../database/transaction.js';
import { Log } from '../log/log.js';
import { Metrics } from '../metrics/metrics.js';
import { DatabaseClock } from './database-clock.js';

const HOUR_MS = 3_600_000;

describe('the clock of the database', () => {
  let clock: DatabaseClock;
  afterEach(() => clock.onModuleDestroy());

  it('is asked for again and again until it answers', async () => {
    let looks = 0;
    const read = async (work: (tx: unknown) => unknown): Promise<unknown> => {
      looks += 1;
      if (looks < 3) throw new Error('away');
      return work({ query: async () => [{ ms: String(Date.now() - HOUR_MS) }] });
    };
    clock = new DatabaseClock(
      { read } as unknown as Transactions,
      new Metrics(new Log('error', { write: () => true })),
    );
    await clock.onModuleInit();
    expect([clock.isKnown, clock.isSkewed]).toEqual([false, true]);
    expect(Math.abs(clock.now().getTime() - Date.now())).toBeLessThan(1_000);
    await expect.poll(() => clock.isKnown, { timeout: 4_000 }).toBe(true);
    expect(clock.isSkewed).toBe(true);
    expect(Math.abs(clock.now().getTime() + HOUR_MS - Date.now())).toBeLessThan(1_000);
  });
});
