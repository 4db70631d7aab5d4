import { pino, type DestinationStream, type Logger } from 'pino';
import type { LogLevel } from '../config/env-formats.js';
import { redact } from './redact.js';
import { currentTrace } from './trace.js';

export { currentTrace, newTraceId, traceIdOrNew, withTrace } from './trace.js';

/** Values of one log line; numbers carry their unit in the name. Personal data do not belong here, and are hidden if they get here. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The log of the service: one JSON line per call on stdout, with the trace of the running work.
 *
 * `message` is a static sentence (values go into `fields`), so that equal events can be counted. How often a level may occur:
 * `debug` per request or event; `info` per order, call or start of something; `warn` when something heals itself (a retry, a reconnect);
 * `error` when a person has to look.
 */
export class Log {
  private readonly pino: Logger;

  constructor(level: LogLevel, destination?: DestinationStream) {
    const options = {
      level,
      base: undefined,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label: string) => ({ level: label }) },
    };
    this.pino = destination === undefined ? pino(options) : pino(options, destination);
  }

  debug(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('debug')) this.pino.debug(line(fields), message);
  }

  info(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('info')) this.pino.info(line(fields), message);
  }

  warn(message: string, fields: LogFields = {}): void {
    if (this.pino.isLevelEnabled('warn')) this.pino.warn(line(fields), message);
  }

  /** Pass the cause as field `error`. */
  error(message: string, fields: LogFields = {}): void {
    this.pino.error(line(fields), message);
  }

  /** Writes out what is still buffered; for the last line before an exit. */
  flush(): void {
    this.pino.flush();
  }
}

function line(fields: LogFields): object {
  return { ...currentTrace(), ...(redact(fields) as object) };
}
