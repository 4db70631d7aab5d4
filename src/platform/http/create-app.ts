import 'reflect-metadata';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import { NestFactory } from '@nestjs/core';
import type { DynamicModule } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { Settings } from '../config/settings.js';
import { HealthParts } from '../health/health-parts.js';
import type { Log } from '../log/log.js';
import { NestLog } from '../log/nest-log.js';
import { BODY_LIMIT_BYTES, readBodies } from './body-parser.js';
import { HttpMetrics } from './http-metrics.js';
import { serveOpenApi } from './openapi.js';
import { HttpProblem, PROBLEM_TYPE, problemOf } from './problem.js';
import { ProblemFilter, sendProblem } from './problem-filter.js';
import { traceRequests } from './request-trace.js';
import { RouteTable } from './route-table.js';
import { securityHeaders } from './security-headers.js';
import { Tracing } from '../tracing/tracing.js';
import { InputPipe } from './validation.js';

const LONGEST_URL = 2_048;
const HEADER_LIMIT_BYTES = 16_384;

/** The whole HTTP application over a root module, initialised but not listening. Shutdown is the caller's: `app.close()`. */
export async function createHttpApp(root: DynamicModule, log: Log): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: false },
    http: { maxHeaderSize: HEADER_LIMIT_BYTES, headersTimeout: 10_000 },
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, problemOf(error.statusCode ?? 400)),
    clientErrorHandler: answerBrokenRequest,
  });
  const routes = new RouteTable();
  const instance = adapter.getInstance();
  instance.addHook('onRoute', (route) => routes.add(route.url, [route.method].flat()));
  // Requests come only when the application is there.
  let tracing: Tracing | null = null;
  traceRequests(instance, log, () => tracing);

  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: new NestLog(log),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: false,
  });
  tracing = app.get(Tracing);
  const settings = app.get(Settings);
  readBodies(instance);
  refuseWhatIsNotOurs(instance, settings, app.get(HttpMetrics));
  await app.register(helmet, securityHeaders(settings));
  await app.register(cookie);
  app.useGlobalFilters(new ProblemFilter(log, routes));
  app.useGlobalPipes(new InputPipe());
  serveOpenApi(app);
  await app.init();
  await instance.ready();
  return app;
}

/** Listens where the settings say; returns the address with the real port. */
export async function listen(app: NestFastifyApplication): Promise<string> {
  const { host, port } = app.get(Settings);
  await app.listen(port, host);
  const address = app.getHttpServer().address() as { port: number };
  return `http://${host.includes(':') ? `[${host}]` : host}:${address.port}`;
}

/**
 * Ends the application: readiness turns red, rooms drain (`onModuleDestroy`, `beforeApplicationShutdown`) while requests are still answered, then the
 * server closes. Streams that are still open 5 s after that began are cut.
 */
export async function closeApp(app: NestFastifyApplication): Promise<void> {
  app.get(HealthParts).drain();
  const { server } = app.getHttpAdapter().getInstance();
  const cutter = setInterval(() => {
    if (!server.listening) server.closeAllConnections();
  }, 5_000);
  cutter.unref();
  try {
    await app.close();
  } finally {
    clearInterval(cutter);
  }
}

/** In a process without role `api` only health and metrics answer; overlong addresses are refused everywhere. */
function refuseWhatIsNotOurs(instance: FastifyInstance, settings: Settings, metrics: HttpMetrics): void {
  const isApi = settings.roles.has('api');
  instance.addHook('onRequest', (request, _reply, done) => {
    if (request.url.length > LONGEST_URL) done(new HttpProblem(414));
    else if (!isApi && !/^\/(health|metrics)(\/|\?|$)/.test(request.url)) done(new HttpProblem(404));
    else done();
  });
  instance.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    metrics.seconds.observe({ method: request.method, route, status }, reply.elapsedTime / 1_000);
    done();
  });
}

/** What cannot be parsed as HTTP has no request object: the answer is written to the socket. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  const problem = problemOf(status);
  const body = JSON.stringify(problem);
  socket.end(
    `HTTP/1.1 ${status} ${problem.title}\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
