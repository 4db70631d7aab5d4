import { percentile } from '../../../src/core/kpi/kpi.js';

/** Percentiles of durations, milliseconds, rounded to a hundredth; null without any. */
export interface Spread {
  readonly n: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  readonly most: number | null;
}

export function spreadOf(durationsMs: readonly number[]): Spread {
  const sorted = [...durationsMs].sort((a, b) => a - b);
  const at = (share: number): number | null => {
    const value = percentile(sorted, share);
    return value === null ? null : Math.round(value * 100) / 100;
  };
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) };
}

export const round = (value: number, digits = 1): number => Math.round(value * 10 ** digits) / 10 ** digits;

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));

/** Does `work` `count` times at even distances, begun on time whatever the earlier ones do; each is told when it was due. */
export async function atRate(
  perSecond: number,
  count: number,
  work: (i: number, dueAt: number) => Promise<unknown>,
): Promise<void> {
  const begin = performance.now();
  const all: Promise<unknown>[] = [];
  for (let i = 0; i < count; i += 1) {
    const dueAt = begin + (i * 1_000) / perSecond;
    const wait = dueAt - performance.now();
    if (wait > 1) await pause(wait);
    all.push(work(i, dueAt));
  }
  await Promise.all(all);
}
