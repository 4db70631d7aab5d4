import { Inject, Injectable } from '@nestjs/common';
import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
  type RegistryContentType,
  collectDefaultMetrics,
} from 'prom-client';
import { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';

export type Labels<L extends string> = Readonly<Record<L, string>>;

/** What a metric is called (`dialer_…`, unit in the name), what it says, and its labels. No phone, name or order id is ever a label. */
export interface MetricOptions<L extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** A number that only grows. */
export interface Counter<L extends string> {
  inc(labels: Labels<L>, by?: number): void;
  /** Makes all combinations of these values exist, at 0 when new. */
  declare(values: Readonly<Record<L, readonly string[]>>): void;
}

/** A number that goes up and down. */
export interface Gauge<L extends string> {
  set(labels: Labels<L>, value: number): void;
  /** Forgets all series; for gauges that are set anew at each scrape. */
  reset(): void;
  declare(values: Readonly<Record<L, readonly string[]>>): void;
}

/** How often which size was seen. */
export interface Histogram<L extends string> {
  /** `traceId` leads from the bucket to the last trace that fell into it, where somebody keeps exemplars. */
  observe(labels: Labels<L>, value: number, traceId?: string | null): void;
  declare(values: Readonly<Record<L, readonly string[]>>): void;
}

const COLLECT_LIMIT_MS = 2_000;

/** Of what every Node program has, that which nobody looks at: a third of all series of a small installation. */
const UNNEEDED = [
  'nodejs_active_handles',
  'nodejs_active_handles_total',
  'nodejs_active_requests',
  'nodejs_active_requests_total',
  'nodejs_active_resources',
  'nodejs_active_resources_total',
  'nodejs_gc_duration_seconds',
  'nodejs_heap_space_size_available_bytes',
  'nodejs_heap_space_size_total_bytes',
  'nodejs_heap_space_size_used_bytes',
];

/** The metrics of one application instance. Each name is made once, in a room's `<room>.metrics.ts`. */
@Injectable()
export class Metrics {
  private readonly registry: Registry<RegistryContentType>;
  /** Only OpenMetrics has exemplars, and only while traces are exported do they lead anywhere. */
  private readonly hasExemplars: boolean;

  constructor(
    private readonly log: Log,
    @Inject(Settings) { tracing }: Pick<Settings, 'tracing'> = { tracing: null },
  ) {
    this.hasExemplars = tracing !== null;
    this.registry = new Registry();
    if (this.hasExemplars) this.registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    collectDefaultMetrics({ register: this.registry });
    for (const name of UNNEEDED) this.registry.removeSingleMetric(name);
  }

  counter<L extends string = never>(options: MetricOptions<L>): Counter<L> {
    const counter = new PromCounter({ ...this.common(options), registers: [this.registry] });
    return {
      inc: (labels, by = 1) => counter.inc(labels, by),
      declare: (values) => combinations(values).forEach((labels) => counter.inc(labels, 0)),
    };
  }

  /** With `collect` the gauge is asked at each scrape; when that fails or takes longer than 2 s, the last values stand. */
  gauge<L extends string = never>(
    options: MetricOptions<L> & { collect?: (gauge: Gauge<L>) => Promise<void> },
  ): Gauge<L> {
    const { collect } = options;
    const log = this.log;
    const made: PromGauge<string> = new PromGauge({
      ...this.common(options),
      registers: [this.registry],
      ...(collect === undefined ? {} : { collect: () => withinLimit(collect(gauge), options.name, log) }),
    });
    const gauge: Gauge<L> = {
      set: (labels, value) => made.set(labels, value),
      reset: () => made.reset(),
      declare: (values) => combinations(values).forEach((labels) => made.inc(labels, 0)),
    };
    return gauge;
  }

  histogram<L extends string = never>(options: MetricOptions<L> & { buckets: readonly number[] }): Histogram<L> {
    const names = options.labels ?? [];
    const histogram = new PromHistogram({
      ...this.common(options),
      buckets: [...options.buckets],
      enableExemplars: this.hasExemplars,
      registers: [this.registry],
    });
    // `zero` forgets what a series has counted: each one is zeroed once, and only before its first value.
    const known = new Set<string>();
    const isNew = (labels: Labels<L>): boolean => {
      const key = JSON.stringify(names.map((name) => labels[name]));
      return !known.has(key) && Boolean(known.add(key));
    };
    return {
      observe: (labels, value, traceId = null) => {
        isNew(labels);
        if (!this.hasExemplars) histogram.observe(labels, value);
        else histogram.observe({ labels, value, exemplarLabels: traceId === null ? {} : { trace_id: traceId } });
      },
      declare: (values) =>
        combinations(values)
          .filter(isNew)
          .forEach((labels) => histogram.zero(labels)),
    };
  }

  /** The page for Prometheus and its content type. */
  async page(): Promise<{ contentType: string; text: string }> {
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }

  private common(options: MetricOptions<string>): { name: string; help: string; labelNames: string[] } {
    return { name: options.name, help: options.help, labelNames: [...(options.labels ?? [])] };
  }
}

/** `{a: ['1', '2'], b: ['x']}` → `{a: '1', b: 'x'}, {a: '2', b: 'x'}`. */
export function combinations<L extends string>(values: Readonly<Record<L, readonly string[]>>): Labels<L>[] {
  let all: Record<string, string>[] = [{}];
  for (const [label, known] of Object.entries<readonly string[]>(values)) {
    all = all.flatMap((labels) => known.map((value) => ({ ...labels, [label]: value })));
  }
  return all as Labels<L>[];
}

async function withinLimit(work: Promise<void>, name: string, log: Log): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('took longer than 2 s')), COLLECT_LIMIT_MS);
  });
  try {
    await Promise.race([work, limit]);
  } catch (error) {
    log.warn('a gauge could not be read, its last values stand', { metric: name, error });
  } finally {
    clearTimeout(timer);
  }
}
