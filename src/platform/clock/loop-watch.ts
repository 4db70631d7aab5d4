import { Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { Metrics } from '../metrics/metrics.js';

const BEAT_MS = 50;
/** A loop that was late by so much answers nobody in time (reliability: event loop). */
const LATE_MS = 200;
/** For so long after the last delay the process is held to be behind still. */
const RECOVERY_MS = 1_000;

/** Whether this process keeps up: a beat that comes late tells that something has held the event loop, or that the process stood still. */
@Injectable()
export class LoopWatch implements OnModuleInit, OnModuleDestroy {
  private beatMs = performance.now();
  private behindUntilMs = Number.NEGATIVE_INFINITY;
  private longestMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(metrics: Metrics) {
    metrics.gauge({
      name: 'dialer_event_loop_lag_seconds',
      help: 'Longest delay of the event loop since the last scrape.',
      collect: async (gauge) => {
        this.look();
        gauge.set({}, this.longestMs / 1_000);
        this.longestMs = 0;
      },
    });
  }

  onModuleInit(): void {
    this.beatMs = performance.now();
    this.timer = setInterval(() => this.look(), BEAT_MS);
    this.timer.unref();
  }

  onModuleDestroy(): void {
    clearInterval(this.timer);
  }

  /** True within a second of a delay of more than 200 ms, and right after one, before anything else has run. */
  get isBehind(): boolean {
    this.look();
    return performance.now() < this.behindUntilMs;
  }

  private look(): void {
    const nowMs = performance.now();
    const lateMs = Math.max(0, nowMs - this.beatMs - BEAT_MS);
    this.beatMs = nowMs;
    this.longestMs = Math.max(this.longestMs, lateMs);
    if (lateMs > LATE_MS) this.behindUntilMs = nowMs + RECOVERY_MS;
  }
}
