import { Injectable } from '@nestjs/common';
import type { AbandonCount } from '../../core/pacing/abandon-budget.js';
import { isAbandoned } from '../../core/pacing/pacing-fact.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { CallsService, type ShopWindow } from '../calls/calls.service.js';
import type { Shop } from '../shops/shops.service.js';

/** One window of a shop's cap, as it stands now. */
export interface CapWindow extends AbandonCount {
  readonly cap: number;
  readonly windowHours: number;
}

interface Known {
  readonly answered: number;
  readonly abandoned: number;
  readonly readAtMs: number;
}

/** How old a count may be: a window of a day or two is counted in a moment, one of a month is longer. */
const SHORT_WINDOW_HOURS = 48;
const READ_SHORT_EVERY_MS = 2_000;
const READ_LONG_EVERY_MS = 60_000;
/** A call that ended a moment before a count may not have been written by then. */
const WRITTEN_WITHIN_MS = 2_000;

/**
 * How many calls of each shop were answered and how many of them abandoned, over the sliding windows of its caps: counted in Postgres every few
 * seconds. What this process has seen abandoned since counts at once.
 */
@Injectable()
export class AbandonWindows {
  private readonly known = new Map<string, Known>();
  private readonly reading = new Set<string>();
  private readonly triedAtMs = new Map<string, number>();
  private abandoned: { readonly shopId: string; readonly atMs: number }[] = [];

  constructor(
    private readonly transactions: Transactions,
    private readonly calls: CallsService,
    private readonly log: Log,
  ) {
    calls.onMoved(({ shopId, call }, before) => {
      if (call.state === 'ended' && before.state !== 'ended' && isAbandoned(call))
        this.abandoned.push({ shopId, atMs: performance.now() });
    });
  }

  /**
   * @param live  how many calls of each shop are abandoned and still hear the recorded message
   * @returns the windows of each shop, in the order of its settings
   */
  async of(shops: readonly Shop[], live: ReadonlyMap<string, number>): Promise<Map<string, CapWindow[]>> {
    await this.refresh(shops);
    return new Map(
      shops.map(({ shopId, settings }) => [
        shopId,
        settings.abandon.map(({ maxRatio: cap, windowHours }): CapWindow => {
          const { answered, abandoned, readAtMs } = this.known.get(keyOf(shopId, windowHours)) ?? NOTHING;
          const since = this.abandoned.filter(
            (one) => one.shopId === shopId && one.atMs > readAtMs - WRITTEN_WITHIN_MS,
          );
          const more = since.length + (live.get(shopId) ?? 0);
          return { answered: answered + more, abandoned: abandoned + more, window: null, cap, windowHours };
        }),
      ]),
    );
  }

  /** Windows that were never counted are waited for; the others are counted anew beside the turn, which goes on with what is known. */
  private async refresh(shops: readonly Shop[]): Promise<void> {
    const nowMs = performance.now();
    const stale = shops.flatMap(({ shopId, settings }) =>
      settings.abandon
        .map(({ windowHours }) => ({ shopId, windowHours, key: keyOf(shopId, windowHours) }))
        .filter(({ windowHours, key }) => {
          const everyMs = windowHours <= SHORT_WINDOW_HOURS ? READ_SHORT_EVERY_MS : READ_LONG_EVERY_MS;
          return nowMs - (this.triedAtMs.get(key) ?? Number.NEGATIVE_INFINITY) > everyMs && !this.reading.has(key);
        }),
    );
    for (const { key } of stale) this.reading.add(key);
    const counted = stale.map((window) => this.count(window).finally(() => this.reading.delete(window.key)));
    await Promise.all(counted.filter((_, i) => !this.known.has(stale[i]?.key ?? '')));
    const oldMs = READ_LONG_EVERY_MS + 2 * WRITTEN_WITHIN_MS + READ_SHORT_EVERY_MS;
    this.abandoned = this.abandoned.filter((one) => one.atMs > nowMs - oldMs);
  }

  /** A window that cannot be counted keeps its count until the next try; one that never was has no room. */
  private async count(window: ShopWindow & { readonly key: string }): Promise<void> {
    const readAtMs = performance.now();
    const { shopId, windowHours, key } = window;
    this.triedAtMs.set(key, readAtMs);
    try {
      const [now] = await this.transactions.read((tx) => this.calls.countAnswered(tx, [{ shopId, windowHours }]));
      if (now !== undefined) this.known.set(key, { answered: now.answered, abandoned: now.abandoned, readAtMs });
    } catch (error) {
      this.log.warn('the abandoned calls of a window cannot be counted', { shopId, windowHours, error });
    }
  }
}

const NOTHING: Known = { answered: 0, abandoned: 0, readAtMs: Number.NEGATIVE_INFINITY };

function keyOf(shopId: string, windowHours: number): string {
  return `${shopId} ${windowHours}`;
}
