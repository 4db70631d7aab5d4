import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../log/log.js';
import { newTraceId, withTrace, type Trace } from '../log/trace.js';
import { newSpanId, type SpanPlan, type Tracing } from '../tracing/tracing.js';

interface RequestTrace extends Trace {
  readonly traceId: string;
}

const traces = new WeakMap<FastifyRequest, RequestTrace>();

/** Gives each request a trace id (that of a W3C `traceparent` header, or a new one), which its log lines and what it sets in motion carry; the answer tells it in `X-Trace-Id`. */
export function traceRequests(instance: FastifyInstance, log: Log, tracing: () => Tracing | null): void {
  instance.addHook('onRequest', (request, reply, done) => {
    const traceId = traceIdOf(request.headers['traceparent']) ?? newTraceId();
    const trace = tracing()?.isOn === true ? { traceId, spanId: newSpanId() } : { traceId };
    traces.set(request, trace);
    void reply.header('x-trace-id', traceId);
    withTrace(trace, done);
  });
  // Reading the body ends the context of the hook above: its callbacks come from the socket.
  instance.addHook('preValidation', (request, _reply, done) => {
    withTrace(traces.get(request) ?? { traceId: newTraceId() }, done);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    log.debug('a request was answered', {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
    const on = tracing();
    if (on?.isOn === true && !/^\/(health|metrics)(\/|\?|$)/.test(request.url)) on.emit(spanOf(request, reply));
    done();
  });
}

/** The span of a request that was answered; below that of the caller when it sent one. The route is the pattern, never the address that was asked for. */
function spanOf(request: FastifyRequest, reply: FastifyReply): SpanPlan {
  const { traceId, spanId } = traces.get(request) ?? { traceId: newTraceId() };
  const header = request.headers['traceparent'];
  const endedAt = new Date();
  const route = request.routeOptions.url ?? 'none';
  return {
    name: `${request.method} ${route}`,
    kind: 'server',
    traceId,
    ...(spanId === undefined ? {} : { id: spanId }),
    parentId: traceIdOf(header) === null || typeof header !== 'string' ? null : header.slice(36, 52),
    startedAt: new Date(endedAt.getTime() - reply.elapsedTime),
    endedAt,
    attributes: {
      'http.request.method': request.method,
      'http.route': route,
      'http.response.status_code': reply.statusCode,
    },
    isError: reply.statusCode >= 500,
  };
}

/** `00-<32 hex>-<16 hex>-<2 hex>` → the trace id; null when malformed or all zeros. */
export function traceIdOf(traceparent: unknown): string | null {
  const match =
    typeof traceparent === 'string'
      ? /^[0-9a-e][0-9a-f]-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent)
      : null;
  const traceId = match?.[1];
  return traceId === undefined || /^0+$/.test(traceId) ? null : traceId;
}
