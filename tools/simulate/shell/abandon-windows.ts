import { isAbandoned } from '../../../src/core/pacing/pacing-fact.js';
import type { AbandonCount } from '../../../src/core/pacing/abandon-budget.js';
import type { AbandonCap } from '../../../src/core/order/shop-settings.js';
import type { CallRow } from './rows.js';

export type CapCount = AbandonCount & { readonly cap: number };

interface Counter {
  readonly cap: number;
  readonly windowMs: number;
  readonly answered: { readonly atMs: number; readonly isAbandoned: boolean }[];
  from: number;
  abandoned: number;
}

/** Answered and abandoned calls of one shop over its windows, as the database counts them. */
export class AbandonWindows {
  private readonly counters: readonly Counter[];
  private seen = 0;

  constructor(
    private readonly shopId: string,
    caps: readonly AbandonCap[],
    private readonly ended: readonly CallRow[],
    private readonly past: { readonly answered: number; readonly abandoned: number },
  ) {
    this.counters = caps.map(({ maxRatio, windowHours }) => ({
      cap: maxRatio,
      windowMs: windowHours * 3_600_000,
      answered: [],
      from: 0,
      abandoned: 0,
    }));
  }

  /** @param live calls of the shop that are abandoned and still hear the recorded message */
  counts(nowMs: number, live: number): CapCount[] {
    for (; this.seen < this.ended.length; this.seen += 1) this.take(this.ended[this.seen]!);
    return this.counters.map((counter) => {
      for (; counter.from < counter.answered.length; counter.from += 1) {
        const oldest = counter.answered[counter.from]!;
        if (oldest.atMs > nowMs - counter.windowMs) break;
        if (oldest.isAbandoned) counter.abandoned -= 1;
      }
      const answered = this.past.answered + counter.answered.length - counter.from + live;
      return { answered, abandoned: this.past.abandoned + counter.abandoned + live, cap: counter.cap, window: null };
    });
  }

  private take({ call, route }: CallRow): void {
    if (route.shopId !== this.shopId || call.state !== 'ended' || call.answeredAt === null) return;
    if (call.result !== 'answered' && call.result !== 'abandoned') return;
    for (const counter of this.counters) {
      counter.answered.push({ atMs: call.endedAt.getTime(), isAbandoned: isAbandoned(call) });
      if (isAbandoned(call)) counter.abandoned += 1;
    }
  }
}
