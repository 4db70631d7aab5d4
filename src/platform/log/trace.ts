import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** What every log line of one piece of work carries. No personal data. */
export interface Trace {
  /** 32 hexadecimal digits, as in W3C Trace Context. */
  readonly traceId?: string;
  /** 16 hexadecimal digits: the span of the request that is being answered; only while traces are exported. */
  readonly spanId?: string;
  readonly orderRef?: string;
  readonly callId?: string;
  readonly deliveryId?: string;
}

const storage = new AsyncLocalStorage<Trace>();

/** Runs `work` with these fields added to the trace; everything it awaits and logs carries them. */
export function withTrace<T>(fields: Trace, work: () => T): T {
  return storage.run({ ...storage.getStore(), ...fields }, work);
}

/** The trace of the work that is running now; empty outside of any. */
export function currentTrace(): Trace {
  return storage.getStore() ?? {};
}

/** A new trace id: 32 hexadecimal digits. */
export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

/** The trace id of the running work, or a new one. */
export function traceIdOrNew(): string {
  return currentTrace().traceId ?? newTraceId();
}
