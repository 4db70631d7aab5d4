import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '../../core/shared/clock.js';
import { rows, Transactions } from '../database/transaction.js';
import { Metrics } from '../metrics/metrics.js';

const LOOK_EVERY_MS = 5_000;
/** As long as the database's time is not known. */
const ASK_AGAIN_MS = 500;
/** Clocks further apart than this are wrong, and nobody knows which (reliability: clock jump). */
const MOST_SKEW_MS = 2_000;
/** A look that took longer says too little. */
const SLOW_LOOK_MS = 1_000;
/** Looks differ by what the way to Postgres takes; less than this is not followed. */
const NOISE_MS = 20;

/**
 * The clock of the database, which all processes share: looked at every 5 s and carried on by this process's monotonic clock in between, so that a
 * jump of this machine's own clock moves nothing. Before the first look it is this machine's clock.
 */
@Injectable()
export class DatabaseClock implements Clock, OnModuleInit, OnModuleDestroy {
  /** Database's time less monotonic time. */
  private offsetMs: number | null = null;
  private timer: NodeJS.Timeout | undefined;
  private looking: Promise<void> = Promise.resolve();
  private isClosed = false;

  constructor(
    private readonly transactions: Transactions,
    metrics: Metrics,
  ) {
    metrics.gauge({
      name: 'dialer_clock_skew_seconds',
      help: 'This process’s clock less the database’s. Beyond 2 either way the process places no calls.',
      collect: async (gauge) => {
        const skewMs = this.skewMs();
        if (skewMs !== null) gauge.set({}, skewMs / 1_000);
      },
    });
  }

  async onModuleInit(): Promise<void> {
    await this.look();
    this.lookAgain();
  }

  async onModuleDestroy(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    await this.looking;
  }

  now(): Date {
    return this.offsetMs === null ? new Date() : new Date(this.offsetMs + performance.now());
  }

  monotonicMs(): number {
    return performance.now();
  }

  /** False before the first look: `now` is this machine's clock then, which nothing that leaves the installation may rely on. */
  get isKnown(): boolean {
    return this.offsetMs !== null;
  }

  /** Whether this process's clock may be more than 2 s off the database's; also true as long as that is not known. */
  get isSkewed(): boolean {
    const skewMs = this.skewMs();
    return skewMs === null || Math.abs(skewMs) > MOST_SKEW_MS;
  }

  /** This process's clock less the database's; null before the first look. */
  private skewMs(): number | null {
    return this.offsetMs === null ? null : Date.now() - (this.offsetMs + performance.now());
  }

  private lookAgain(): void {
    if (this.isClosed) return;
    this.timer = setTimeout(
      () => {
        this.looking = this.look().then(() => this.lookAgain());
      },
      this.isKnown ? LOOK_EVERY_MS : ASK_AGAIN_MS,
    );
    this.timer.unref();
  }

  private async look(): Promise<void> {
    const beganMs = performance.now();
    try {
      const [row] = await this.transactions.read((tx) =>
        rows<{ ms: string }>(tx, 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::text AS ms'),
      );
      const tookMs = performance.now() - beganMs;
      if (row === undefined || tookMs > SLOW_LOOK_MS) return;
      const offsetMs = Number(row.ms) - (beganMs + tookMs / 2);
      const isNews = this.offsetMs === null || Math.abs(offsetMs - this.offsetMs) > NOISE_MS + tookMs / 2;
      if (isNews) this.offsetMs = offsetMs;
    } catch {
      // Postgres is away: what is known is carried on.
    }
  }
}
