/** What the server refused: `status`, and the problem's texts (RFC 9457). */
export class Refusal extends Error {
  constructor(status, problem, retryAfterSeconds) {
    super(problem.detail ?? '');
    this.status = status;
    this.code = problem.code ?? '';
    this.errors = problem.errors ?? [];
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const LIMIT_MS = 8000;

/** Asks the agent API. Throws `Refusal`, or a TypeError/DOMException when the server cannot be reached. */
export async function ask(method, path, body) {
  const response = await fetch(`/v1/agent/${path}`, {
    method,
    credentials: 'same-origin',
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  const answer = isJson ? await response.json() : {};
  if (!response.ok) throw new Refusal(response.status, answer, Number(response.headers.get('retry-after') ?? 0));
  return answer;
}
