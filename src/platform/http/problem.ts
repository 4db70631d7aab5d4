import type { ErrorCode, FieldError } from '../../core/shared/errors.js';

/** An error body (RFC 9457). `code` is our own word for it; `errors` names wrong fields. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code?: string;
  readonly errors?: readonly FieldError[];
}

export const PROBLEM_TYPE = 'application/problem+json';

/** The one table from error codes to HTTP statuses. */
export const STATUS_OF: Readonly<Record<ErrorCode, number>> = {
  'input.invalid': 422,
  'auth.failed': 401,
  'auth.forbidden': 403,
  'auth.origin': 403,
  'auth.throttled': 429,
  'webhook.conflict': 409,
  'shop.not_found': 404,
  'shop.destination_not_found': 404,
  'article.not_found': 404,
  'order.not_found': 404,
  'order.state_refused': 409,
  'do_not_call.not_found': 404,
  'agent.not_found': 404,
  'agent.state_refused': 409,
  'agent.no_softphone': 404,
  'session.elsewhere': 409,
  'screen.not_active': 409,
  'call.not_found': 404,
  'call.closed': 409,
  'call.state_refused': 409,
  'delivery.not_found': 404,
  'delivery.state_refused': 409,
  'group.not_found': 404,
  'trunk.not_found': 404,
  'node.not_found': 404,
  'busy.retry_later': 503,
  'telephony.unavailable': 503,
  'telephony.refused': 502,
  internal: 500,
};

/** Statuses that may come from the framework, with the words we use for them: its own texts repeat what was sent. */
const WORDS: Readonly<Record<number, readonly [title: string, detail: string]>> = {
  400: ['Bad Request', 'The request cannot be read: send well-formed HTTP and, in the body, well-formed JSON.'],
  401: ['Unauthorized', 'Authentication failed.'],
  403: ['Forbidden', 'This is not allowed.'],
  404: ['Not Found', 'There is nothing here.'],
  405: ['Method Not Allowed', 'This address does not answer to this method; see the header Allow.'],
  406: ['Not Acceptable', 'The answer cannot be given in the form that was asked for.'],
  408: ['Request Timeout', 'The request did not arrive in time.'],
  409: ['Conflict', 'This does not fit the present state.'],
  413: ['Content Too Large', 'The body is larger than 65,536 bytes.'],
  414: ['URI Too Long', 'The address is longer than 2,048 characters.'],
  415: ['Unsupported Media Type', 'Send the body as application/json in UTF-8, without Content-Encoding.'],
  416: ['Range Not Satisfiable', 'This part of the file does not exist.'],
  417: ['Expectation Failed', 'The header Expect cannot be met.'],
  422: ['Unprocessable Content', 'A field is wrong.'],
  429: ['Too Many Requests', 'Try again later; see the header Retry-After.'],
  431: ['Request Header Fields Too Large', 'The headers are larger than 16,384 bytes.'],
  500: [
    'Internal Server Error',
    'Something went wrong on our side. The trace id in the header X-Trace-Id finds it in our log.',
  ],
  502: ['Bad Gateway', 'The telephone exchange refused.'],
  503: ['Service Unavailable', 'Try again later; see the header Retry-After.'],
};

/** A refusal that is only about HTTP. Domain refusals are `DialerError`s. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  constructor(
    readonly status: number,
    /** What to do instead; never repeats what was sent. */
    readonly detail?: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail ?? `status ${status}`);
  }
}

/** The body for a status, with our own words for it. Unknown 4xx are told as 400, everything else as 500. */
export function problemOf(
  status: number,
  detail?: string,
  more: { code?: string; errors?: readonly FieldError[] } = {},
): Problem {
  const known = WORDS[status] === undefined ? (status >= 400 && status < 500 ? 400 : 500) : status;
  const [title, usual] = WORDS[known] as readonly [string, string];
  return {
    type: more.code === undefined ? 'about:blank' : `urn:confirm-dialer:problem:${more.code}`,
    title,
    status: known,
    detail: detail ?? usual,
    ...(more.code === undefined ? {} : { code: more.code }),
    ...(more.errors === undefined || more.errors.length === 0 ? {} : { errors: more.errors }),
  };
}
