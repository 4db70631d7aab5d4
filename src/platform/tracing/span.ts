import { createHash, randomBytes } from 'node:crypto';

/** `server`: a request to us; `producer` and `consumer`: work put into and taken out of a queue; `client`: a request of ours; `internal`: all else. */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** A piece of an order's way that is over. */
export interface SpanPlan {
  /** One of few: values go into `attributes`. */
  readonly name: string;
  readonly kind: SpanKind;
  /** 32 hexadecimal digits: that of the order, stored with it. */
  readonly traceId: string;
  /** 16 hexadecimal digits; left out: a new one. Those that others hang on come from {@link spanIdOf}. */
  readonly id?: string;
  /** Null for the first span of a trace. */
  readonly parentId: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Ids, codes, counts, names of our own things. No personal data. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly isError?: boolean;
}

/**
 * The span id of a thing that later spans hang on, by its own id: whoever knows the order or the call knows the parent, in whatever process and after
 * whatever restart, and nothing but the trace id has to be stored.
 * @returns 16 hexadecimal digits
 */
export function spanIdOf(thing: 'order' | 'call', id: string): string {
  return createHash('sha256').update(`${thing} ${id}`).digest('hex').slice(0, 16);
}

/** A new span id: 16 hexadecimal digits. */
export function newSpanId(): string {
  return randomBytes(8).toString('hex');
}
