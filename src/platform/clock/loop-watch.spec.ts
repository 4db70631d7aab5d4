import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Log } from '../log/log.js';
import { Metrics } from '../metrics/metrics.js';
import { LoopWatch } from './loop-watch.js';

const block = (ms: number) => {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('the watch of the event loop', () => {
  let metrics: Metrics;
  let watch: LoopWatch;
  beforeEach(() => {
    metrics = new Metrics(new Log('error', { write: () => true }));
    watch = new LoopWatch(metrics);
    watch.onModuleInit();
  });
  afterEach(() => watch.onModuleDestroy());
  const lag = async () => Number(/^dialer_event_loop_lag_seconds (\S+)$/m.exec((await metrics.page()).text)?.[1]);

  it('sees a delay at once, for a second, and tells its length', async () => {
    block(320);
    expect(watch.isBehind).toBe(true);
    await pause(300);
    expect(watch.isBehind).toBe(true);
    expect(await lag()).toBeGreaterThan(0.26);
    await expect.poll(() => watch.isBehind, { timeout: 10_000 }).toBe(false);
  });

  it('does not mind a short one', async () => {
    await expect.poll(() => watch.isBehind, { timeout: 10_000 }).toBe(false);
    block(60);
    expect(watch.isBehind).toBe(false);
  });
});
