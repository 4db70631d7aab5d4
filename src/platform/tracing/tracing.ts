import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';
import type { SpanPlan } from './span.js';

export { newSpanId, spanIdOf, type SpanPlan } from './span.js';

const FLUSH_LIMIT_MS = 3_000;

/**
 * Traces by OpenTelemetry, off unless OTEL_EXPORTER_OTLP_ENDPOINT is set; the libraries are loaded only then. Spans are told when they are over, with the
 * times that were written down anyway, so nothing runs beside the work while it is done. Which traces
 * are kept follows from the trace id alone, so that all processes keep the same ones.
 */
@Injectable()
export class Tracing implements OnModuleInit, OnApplicationShutdown {
  private exporter: { keeps(traceId: string): boolean; emit(plan: SpanPlan): void; stop(): Promise<void> } | null =
    null;

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /** Whether spans go anywhere: ask before something is worked out for a span alone. */
  get isOn(): boolean {
    return this.settings.tracing !== null;
  }

  async onModuleInit(): Promise<void> {
    const { tracing } = this.settings;
    if (tracing === null) return;
    const { startExporter } = await import('./exporter.js');
    this.exporter = startExporter(tracing);
    this.log.info('traces are exported', { share: tracing.share });
  }

  async onApplicationShutdown(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, FLUSH_LIMIT_MS)));
    await Promise.race([this.exporter?.stop().catch(() => undefined), limit]);
    clearTimeout(timer);
  }

  /** Whether the spans of this trace are exported: where a metric may point to. */
  keeps(traceId: string): boolean {
    return this.exporter?.keeps(traceId) ?? false;
  }

  /** Never throws and never waits: a lost span costs nobody a call. */
  emit(plan: SpanPlan): void {
    if (this.exporter === null) return;
    try {
      this.exporter.emit(plan);
    } catch (error) {
      this.log.debug('a span could not be told', { error });
    }
  }
}
