import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Log } from '../log/log.js';
import { newTraceId, withTrace } from '../log/trace.js';

const traceIds = new WeakMap<FastifyRequest, string>();

/** Gives each request a trace id (that of a W3C `traceparent` header, or a new one), which its log lines and what it sets in motion carry; the answer tells it in `X-Trace-Id`. */
export function traceRequests(instance: FastifyInstance, log: Log): void {
  instance.addHook('onRequest', (request, reply, done) => {
    const traceId = traceIdOf(request.headers['traceparent']) ?? newTraceId();
    traceIds.set(request, traceId);
    void reply.header('x-trace-id', traceId);
    withTrace({ traceId }, done);
  });
  // Reading the body ends the context of the hook above: its callbacks come from the socket.
  instance.addHook('preValidation', (request, _reply, done) => {
    withTrace({ traceId: traceIds.get(request) ?? newTraceId() }, done);
  });
  instance.addHook('onResponse', (request, reply, done) => {
    log.debug('a request was answered', {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime),
    });
    done();
  });
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
