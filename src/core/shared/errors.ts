/** Codes of expected refusals and failures. One table in `platform/http` maps them to HTTP statuses. */
export type ErrorCode =
  | 'input.invalid'
  | 'auth.failed'
  | 'auth.forbidden'
  | 'auth.origin'
  | 'auth.throttled'
  | 'webhook.conflict'
  | 'shop.not_found'
  | 'shop.destination_not_found'
  | 'article.not_found'
  | 'order.not_found'
  | 'order.state_refused'
  | 'do_not_call.not_found'
  | 'agent.not_found'
  | 'agent.state_refused'
  | 'agent.no_softphone'
  | 'session.elsewhere'
  | 'screen.not_active'
  | 'call.not_found'
  | 'call.closed'
  | 'call.state_refused'
  | 'delivery.not_found'
  | 'delivery.state_refused'
  | 'group.not_found'
  | 'trunk.not_found'
  | 'node.not_found'
  | 'busy.retry_later'
  | 'telephony.unavailable'
  | 'telephony.refused'
  | 'internal';

/** One wrong field of a request: `pointer` is a JSON Pointer from the body's root (RFC 6901), `detail` says what is wrong and what to send. */
export interface FieldError {
  readonly pointer: string;
  readonly detail: string;
}

/**
 * The one error class of the product.
 *
 * `details` never holds personal data: it may reach logs and error bodies. `isRetryable` says whether the same request may succeed later.
 */
export class DialerError extends Error {
  override readonly name = 'DialerError';
  readonly isRetryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly fieldErrors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    readonly code: ErrorCode,
    message: string,
    more: {
      isRetryable?: boolean;
      details?: Record<string, unknown>;
      fieldErrors?: readonly FieldError[];
      retryAfterSeconds?: number;
      cause?: unknown;
    } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.isRetryable = more.isRetryable ?? false;
    this.details = more.details ?? {};
    this.fieldErrors = more.fieldErrors ?? [];
    this.retryAfterSeconds = more.retryAfterSeconds;
  }
}
