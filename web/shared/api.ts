import type { FieldError, Problem } from '../../src/features/desktop/desktop.protocol.js';

/** What the server refused. */
export class Refusal extends Error {
  readonly code: string;
  readonly errors: readonly FieldError[];

  constructor(
    readonly status: number,
    problem: Partial<Problem>,
    readonly retryAfterSeconds: number,
  ) {
    super(problem.detail ?? problem.title ?? String(status));
    this.code = problem.code ?? '';
    this.errors = problem.errors ?? [];
  }
}

const LIMIT_MS = 8_000;
/** This tab, for the server's rule that one screen of a session acts at a time. */
export const SCREEN_ID = screenId();

let clockSkewMs = 0;

/** The server's clock: times of states come from there. */
export function serverNow(): number {
  return Date.now() + clockSkewMs;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Asks the agent API. Throws `Refusal`, or a TypeError or DOMException when the server cannot be reached. */
export function ask<T>(method: Method, path: string, body?: unknown): Promise<T> {
  return request(method, `/v1/agent/${path}`, body);
}

/** Asks the supervisor's API; throws as {@link ask}. */
export function askSupervisor<T>(method: Method, path: string, body?: unknown): Promise<T> {
  return request(method, `/v1/supervisor/${path}`, body);
}

async function request<T>(method: Method, address: string, body?: unknown): Promise<T> {
  const response = await fetch(address, {
    method,
    credentials: 'same-origin',
    headers: {
      'x-screen': SCREEN_ID,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  readClock(response.headers.get('date'));
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const answer = (isJson ? await response.json() : {}) as T;
  if (!response.ok) {
    throw new Refusal(response.status, answer as Partial<Problem>, Number(response.headers.get('retry-after') ?? 0));
  }
  return answer;
}

/** The header has whole seconds: smaller differences are noise. */
function readClock(date: string | null): void {
  const skew = date === null ? 0 : Date.parse(date) + 500 - Date.now();
  if (!Number.isNaN(skew)) clockSkewMs = Math.abs(skew) > 2_000 ? skew : 0;
}

/** Survives a reload, and is not shared with other tabs: a duplicated tab gets one of its own. */
function screenId(): string {
  if (typeof sessionStorage === 'undefined') return '';
  const entry = performance.getEntriesByType('navigation')[0] as PerformanceNavigationTiming | undefined;
  const old = entry?.type === 'reload' ? sessionStorage.getItem('screen') : null;
  const id = old ?? crypto.randomUUID();
  sessionStorage.setItem('screen', id);
  return id;
}
