import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Settings } from '../config/settings.js';
import { isReady } from '../health/health.controller.js';
import { HealthParts } from '../health/health-parts.js';
import { Metrics } from '../metrics/metrics.js';
import { PROBLEM_TYPE, problemOf } from './problem.js';

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

/** Serves metrics and health on METRICS_PORT; does nothing (port null) when none is set. */
export async function startMetricsServer(
  app: NestFastifyApplication,
): Promise<{ port: number | null; close: () => Promise<void> }> {
  const { metricsPort, host } = app.get(Settings);
  if (metricsPort === null) return { port: null, close: async () => undefined };
  const [metrics, parts] = [app.get(Metrics), app.get(HealthParts)];
  const server = createServer((request, response) => {
    void answerTo(request, metrics, parts)
      .catch(() => problem(500))
      .then((answer) => write(response, answer));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(metricsPort, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : metricsPort,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answerTo(request: IncomingMessage, metrics: Metrics, parts: HealthParts): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') return problem(405);
  switch (request.url?.split('?')[0]) {
    case '/metrics': {
      const { contentType, text } = await metrics.page();
      return { status: 200, contentType, text };
    }
    case '/health/live':
      return { status: 200, contentType: 'application/json', text: JSON.stringify({ status: 'ok' }) };
    case '/health/ready': {
      const readiness = await parts.readiness();
      return {
        status: isReady(readiness) ? 200 : 503,
        contentType: 'application/json',
        text: JSON.stringify(readiness),
      };
    }
    default:
      return problem(404);
  }
}

function problem(status: number): Answer {
  return { status, contentType: PROBLEM_TYPE, text: JSON.stringify(problemOf(status)) };
}

function write(response: ServerResponse, { status, contentType, text }: Answer): void {
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(response.req.method === 'HEAD' ? undefined : text);
}
