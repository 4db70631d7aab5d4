import type { Network } from '../../dev-env/network.js';
import { round } from './figures.js';
import { memoryOf, metricOf, sumOf } from './process-view.js';

/** The process that calls, at one moment of a run. */
export interface LoadPoint {
  readonly atSeconds: number;
  readonly memoryMb: number;
  /** Longest delay of the event loop since the moment before, milliseconds. */
  readonly loopDelayMs: number | null;
  readonly scrapeMs: number;
  readonly ordersWaiting: number;
  readonly callsLive: number;
}

/** Looks at the service's memory and metrics at even distances, as Prometheus does. */
export class LoadSeries {
  readonly points: LoadPoint[] = [];
  private readonly timer: NodeJS.Timeout;
  private readonly beginMs = performance.now();
  private looking: Promise<void> = Promise.resolve();

  constructor(
    private readonly network: Network,
    everyMs: number,
  ) {
    this.timer = setInterval(() => {
      this.looking = this.looking.then(() => this.look());
    }, everyMs);
  }

  async stop(): Promise<readonly LoadPoint[]> {
    clearInterval(this.timer);
    await this.looking;
    return this.points;
  }

  private async look(): Promise<void> {
    const atMs = performance.now();
    const page = await fetch(`${this.network.dialer.url}/metrics`).then(
      (answer) => answer.text(),
      () => null,
    );
    if (page === null) return;
    const delay = metricOf(page, 'dialer_event_loop_lag_seconds');
    this.points.push({
      atSeconds: round((atMs - this.beginMs) / 1_000),
      memoryMb: memoryOf(this.network.dialer.process.pid),
      loopDelayMs: delay === null ? null : round(delay * 1_000),
      scrapeMs: round(performance.now() - atMs),
      ordersWaiting: sumOf(page, 'dialer_orders_waiting'),
      callsLive: sumOf(page, 'dialer_calls_live'),
    });
  }
}
