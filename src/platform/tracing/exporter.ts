import { ROOT_CONTEXT, SpanKind as ApiKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import type { TracingSettings } from '../config/settings.js';
import { newSpanId, type SpanKind, type SpanPlan } from './span.js';

const KINDS: Readonly<Record<SpanKind, ApiKind>> = {
  internal: ApiKind.INTERNAL,
  server: ApiKind.SERVER,
  client: ApiKind.CLIENT,
  producer: ApiKind.PRODUCER,
  consumer: ApiKind.CONSUMER,
};

/** Sends spans in batches over OTLP/HTTP. Loaded only when tracing is on. */
export function startExporter({ endpoint, headers, share }: TracingSettings) {
  // The library asks for ids when a span begins; ours are known before.
  let next = { traceId: '', id: '' };
  const sampler = new TraceIdRatioBasedSampler(share);
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'confirm-dialer' }),
    sampler,
    idGenerator: { generateTraceId: () => next.traceId, generateSpanId: () => next.id },
    spanProcessors: [
      new BatchSpanProcessor(
        new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces`, headers: { ...headers } }),
        { maxQueueSize: 4_096, scheduledDelayMillis: 1_000 },
      ),
    ],
  });
  const tracer = provider.getTracer('confirm-dialer');
  return {
    keeps: (traceId: string): boolean =>
      sampler.shouldSample(ROOT_CONTEXT, traceId).decision === SamplingDecision.RECORD_AND_SAMPLED,
    emit(plan: SpanPlan): void {
      const { traceId, parentId } = plan;
      next = { traceId, id: plan.id ?? newSpanId() };
      const parent = { traceId, spanId: parentId ?? '', traceFlags: TraceFlags.SAMPLED, isRemote: true };
      const span = tracer.startSpan(
        plan.name,
        { kind: KINDS[plan.kind], startTime: plan.startedAt, attributes: { ...plan.attributes } },
        parentId === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent),
      );
      if (plan.isError === true) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(plan.endedAt);
    },
    stop: (): Promise<void> => provider.shutdown(),
  };
}
