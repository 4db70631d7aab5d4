import type { AbandonCount } from '../../../src/core/pacing/abandon-budget.js';
import type { AbandonCap } from '../../../src/core/order/shop-settings.js';
import type { CallRow } from './rows.js';

interface Counter {
  readonly shopId: string;
  readonly cap: number;
  readonly windowMs: number;
  readonly answered: { readonly atMs: number; readonly isAbandoned: boolean }[];
  from: number;
  abandoned: number;
}

/** Answered and abandoned calls of each shop over its windows, as the database counts them. */
export class AbandonWindows {
  private readonly counters: Counter[] = [];
  private seen = 0;

  constructor(
    shops: readonly { readonly shopId: string; readonly caps: readonly AbandonCap[] }[],
    private readonly ended: readonly CallRow[],
  ) {
    for (const { shopId, caps } of shops) {
      for (const { maxRatio, windowHours } of caps)
        this.counters.push({
          shopId,
          cap: maxRatio,
          windowMs: windowHours * 3_600_000,
          answered: [],
          from: 0,
          abandoned: 0,
        });
    }
  }

  counts(nowMs: number): AbandonCount[] {
    for (; this.seen < this.ended.length; this.seen += 1) this.take(this.ended[this.seen]!);
    return this.counters.map((counter) => {
      for (; counter.from < counter.answered.length; counter.from += 1) {
        const oldest = counter.answered[counter.from]!;
        if (oldest.atMs > nowMs - counter.windowMs) break;
        if (oldest.isAbandoned) counter.abandoned -= 1;
      }
      const { abandoned, cap } = counter;
      return { answered: counter.answered.length - counter.from, abandoned, cap, window: null };
    });
  }

  private take({ call, route }: CallRow): void {
    if (call.state !== 'ended' || call.answeredAt === null) return;
    if (call.result !== 'answered' && call.result !== 'abandoned') return;
    const isAbandoned = call.result === 'abandoned';
    for (const counter of this.counters) {
      if (counter.shopId !== route.shopId) continue;
      counter.answered.push({ atMs: call.endedAt.getTime(), isAbandoned });
      if (isAbandoned) counter.abandoned += 1;
    }
  }
}
