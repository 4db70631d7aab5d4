import { DialerError } from '../../core/shared/errors.js';

/** SQLSTATE classes and codes that may be gone at the next try (PostgreSQL, appendix A). */
const PASSING = /^(08...|53...|57P0[1-4]|57014|55P03|40001|40P01|25P0[34]|25006)$/;
const PASSING_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);
const PASSING_TEXT =
  /connection terminated|timeout exceeded when trying to connect|query read timeout|connection error|client was closed|not queryable/i;

/** Whether Postgres (or the way to it) failed in a manner that a later try may not meet: lost connection, time limit, lock, deadlock, overload. */
export function isPassingDatabaseError(error: unknown): boolean {
  const { code, message, driverError } = error as { code?: unknown; message?: unknown; driverError?: unknown };
  if (driverError !== undefined && driverError !== error && isPassingDatabaseError(driverError)) return true;
  if (error instanceof AggregateError && error.errors.some(isPassingDatabaseError)) return true;
  if (typeof code === 'string' && (PASSING.test(code) || PASSING_SYSTEM.has(code))) return true;
  return typeof message === 'string' && PASSING_TEXT.test(message);
}

/** The driver gave up waiting: the connection is in an unknown state and must not be used again. */
export function isUnansweredQuery(error: unknown): boolean {
  return /query read timeout/i.test((error as Error).message);
}

/** Whether a lock of somebody else's was in the way: it says nothing about whether the database is there. */
export function isLockInTheWay(error: unknown): boolean {
  return hasCode(error, ['55P03', '40P01']);
}

/** A statement of a transaction that had failed before: it says nothing of itself. */
export function isAfterFailure(error: unknown): boolean {
  return hasCode(error, ['25P02']);
}

/** Whether the error, or what it came from, has one of these SQLSTATEs. */
function hasCode(error: unknown, codes: readonly string[]): boolean {
  const { code, cause, driverError } = error as { code?: unknown; cause?: unknown; driverError?: unknown };
  if (typeof code === 'string' && codes.includes(code)) return true;
  return [cause, driverError].some((inner) => inner instanceof Error && inner !== error && hasCode(inner, codes));
}

/** True when a unique constraint or index of this name refused the row. */
export function isDuplicate(error: unknown, constraint?: string): boolean {
  const cause = ((error as { driverError?: unknown }).driverError ?? error) as { code?: unknown; constraint?: unknown };
  return cause.code === '23505' && (constraint === undefined || cause.constraint === constraint);
}

/** Turns a passing failure into `busy.retry_later`; hands back everything else as it is. */
export function asDialerError(error: unknown): unknown {
  if (error instanceof DialerError || !(error instanceof Error) || !isPassingDatabaseError(error)) return error;
  return connectionLost(error);
}

/** The refusal for work that the database did not carry out, or did not say that it did. */
export function connectionLost(cause: unknown): DialerError {
  return new DialerError('busy.retry_later', 'The database did not answer in time.', {
    isRetryable: true,
    retryAfterSeconds: 2,
    cause,
  });
}
