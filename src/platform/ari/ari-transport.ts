import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buildConnector, Pool } from 'undici';

/** Asterisk answered a command with an error status; `status` is the real one and `body` its short explanation. */
export class AriHttpError extends Error {
  override readonly name = 'AriHttpError';
  constructor(
    readonly status: number,
    readonly method: string,
    readonly path: string,
    readonly body: string,
  ) {
    super(`ARI ${method} ${path} answered ${status}`);
  }
}

/** No answer came: refused, cut off or too late. Whether the command was carried out is not known. */
class AriTransportError extends Error {
  override readonly name = 'AriTransportError';
  constructor(method: string, path: string, cause: unknown) {
    super(`ARI ${method} ${path}: ${reasonOf(cause)}`, { cause });
  }
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Error) return (cause as NodeJS.ErrnoException).code ?? cause.message;
  return String(cause);
}

/** What swagger-client, below ari-client, hands to its HTTP layer. */
interface SwaggerRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly on: { error(problem: unknown): void; response(answer: unknown): void };
}

interface Route {
  readonly pool: Pool;
  readonly authorization: string;
  readonly timeoutMs: number;
  users: number;
}

/**
 * How long a command to call may take to be accepted. What was not accepted by then is given up and never arrives: its connection is reset, so that the
 * operating system forgets what it had not delivered yet. Others rely on it before they have the same buyer called again.
 */
export const ORIGINATE_TIMEOUT_MS = 3_000;

/**
 * Connections that have been opened and not answered yet. Asterisk's HTTP server keeps 10 waiting (`listen` in tcptls.c), those of other processes among them;
 * one more in a burst is dropped, and TCP tries it again after a whole second.
 */
const UNANSWERED_AT_ONCE = 6;

/** An idle connection is kept for so long: less than Asterisk's default `session_keep_alive` of 15 s, so that the exchange does not close it under a command. */
const KEEP_ALIVE_MS = 10_000;

/** A command to call that was given no later than this before it would leave; a process that stood still in between sends it no more. */
const LATEST_MS = 1_000;

const routes = new Map<string, Route>();
let isInstalled = false;

/** The value of an `Authorization` header for a name and a password. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/**
 * Opens the connection pool that ari-client's commands to this Asterisk travel through; returns how to close it.
 *
 * swagger-client 2's own transport never settles when the connection fails and loses the status code of errors; its credentials are one
 * global slot for all servers. So it is replaced: one undici pool per host, credentials per host, a time limit on everything.
 * Two connections to the same host share the pool of the first.
 *
 * @param connections  stays below `sessionlimit` of Asterisk's http.conf (100 by default)
 */
export function openTransport(o: {
  origin: string;
  authorization: string;
  timeoutMs: number;
  connections: number;
}): () => Promise<void> {
  install();
  // By host, not by origin: behind TLS Asterisk still describes its API with `http:` addresses.
  const host = new URL(o.origin).host;
  const route = routes.get(host) ?? {
    pool: new Pool(o.origin, {
      connections: o.connections,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: fewAtOnce(resettingConnector(), UNANSWERED_AT_ONCE),
    }),
    authorization: o.authorization,
    timeoutMs: o.timeoutMs,
    users: 0,
  };
  routes.set(host, route);
  route.users += 1;
  return async () => {
    route.users -= 1;
    if (route.users > 0) return;
    routes.delete(host);
    await route.pool.destroy();
  };
}

/** Connections that forget what was not delivered when they are given up: closed in the common way it would be delivered later, even minutes. */
export function resettingConnector(): buildConnector.connector {
  const open = buildConnector({ timeout: 2_000 });
  return (options, callback) =>
    open(options, (...result) => {
      const [, socket] = result;
      // A connection that was refused has no socket at all, whatever the type says.
      if (socket && !('encrypted' in socket)) resetOnError(socket);
      callback(...result);
    });
}

/** Opens connections so that no more than `most` of them are without a first answer; the others wait for their turn. */
export function fewAtOnce(connect: buildConnector.connector, most: number): buildConnector.connector {
  const waiting: (() => void)[] = [];
  let unanswered = 0;
  const leave = (): void => {
    unanswered -= 1;
    waiting.shift()?.();
  };
  return (options, callback) => {
    const open = (): void => {
      unanswered += 1;
      connect(options, (...result) => {
        const [, socket] = result;
        if (socket) onFirstOf(socket, ['readable', 'close'], leave);
        else leave();
        callback(...result);
      });
    };
    if (unanswered < most) open();
    else waiting.push(open);
  };
}

function onFirstOf(socket: Socket, events: readonly string[], heard: () => void): void {
  const once = (): void => {
    for (const event of events) socket.off(event, once);
    heard();
  };
  for (const event of events) socket.on(event, once);
}

/** `destroy` of a plain TCP socket with an error becomes a reset (RST, pending data dropped). */
export function resetOnError(socket: Socket): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error) => {
    // What `resetAndDestroy` sets; that method itself would first wait for the data to be delivered.
    if (error) (socket as Socket & { resetAndClosing?: boolean }).resetAndClosing = true;
    return destroy(error);
  };
}

function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  const requireHere = createRequire(import.meta.url);
  const requireThere = createRequire(requireHere.resolve('ari-client'));
  const swagger = requireThere('swagger-client') as {
    ShredHttpClient: { prototype: { execute(request: SwaggerRequest): SwaggerRequest } };
  };
  // swagger-client leaks a global `log` that prints to the console and keeps every line for ever.
  (globalThis as { log?: () => void }).log = () => undefined;
  swagger.ShredHttpClient.prototype.execute = (request) => {
    void execute(request);
    return request;
  };
}

async function execute(request: SwaggerRequest): Promise<void> {
  try {
    request.on.response(await send(request));
  } catch (problem) {
    try {
      request.on.error(problem);
    } catch {
      // swagger-client throws again after it has told its caller of the failure.
    }
  }
}

async function send(request: SwaggerRequest): Promise<unknown> {
  const url = new URL(request.url);
  const method = request.method.toUpperCase();
  const route = routes.get(url.host);
  if (route === undefined) throw new AriTransportError(method, url.pathname, 'the transport is closed');
  let status: number;
  let headers: unknown;
  let data: Buffer;
  const sent = { ...withoutCredentials(request.headers ?? {}), authorization: route.authorization };
  const isCall = isOriginate(method, url) && request.body !== undefined;
  try {
    const answer = await route.pool.request({
      method,
      path: url.pathname + url.search,
      headers: isCall ? { ...sent, 'content-length': String(Buffer.byteLength(request.body)) } : sent,
      body: isCall ? Readable.from(inTime(request.body, performance.now())) : (request.body ?? null),
      signal: AbortSignal.timeout(isCall ? ORIGINATE_TIMEOUT_MS : route.timeoutMs),
    });
    status = answer.statusCode;
    headers = answer.headers;
    data = Buffer.from(await answer.body.arrayBuffer());
  } catch (cause) {
    throw new AriTransportError(method, url.pathname, cause);
  }
  if (status >= 300) throw new AriHttpError(status, method, url.pathname, data.toString('utf8').slice(0, 300));
  return { headers, url: request.url, method, status, data, obj: parse(data) };
}

/** swagger-client adds those of whichever server was described last. */
function withoutCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
}

/**
 * The body of a command, asked for when the connection takes it: the last look before it leaves. Nothing of the request has been written by then.
 * @throws when it was given too long ago, by the monotonic clock
 */
export async function* inTime(body: string, givenAtMs: number): AsyncGenerator<string> {
  await Promise.resolve();
  if (performance.now() - givenAtMs > LATEST_MS) throw new Error('given too long ago');
  yield body;
}

function isOriginate(method: string, url: URL): boolean {
  return method === 'POST' && /\/channels(\/[^/]+)?$/.test(url.pathname);
}

/** swagger-client reads the API's description from here; a body that is not JSON is an empty description. */
function parse(data: Buffer): unknown {
  try {
    return data.length === 0 ? {} : JSON.parse(data.toString('utf8'));
  } catch {
    return {};
  }
}
