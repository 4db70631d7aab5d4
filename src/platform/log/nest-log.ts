import type { LoggerService } from '@nestjs/common';
import type { Log } from './log.js';

/** Sends the framework's own lines through our log, as one static message with the framework's text as a field. */
export class NestLog implements LoggerService {
  constructor(private readonly target: Log) {}

  log(text: unknown, ...more: unknown[]): void {
    this.target.debug('framework', fieldsOf(text, more));
  }

  warn(text: unknown, ...more: unknown[]): void {
    this.target.warn('framework', fieldsOf(text, more));
  }

  error(text: unknown, ...more: unknown[]): void {
    this.target.error('framework', fieldsOf(text, more));
  }

  fatal(text: unknown, ...more: unknown[]): void {
    this.target.error('framework', fieldsOf(text, more));
  }
}

function fieldsOf(text: unknown, more: unknown[]): Record<string, unknown> {
  const context = more.at(-1);
  return {
    said: text instanceof Error ? text : String(text),
    context: typeof context === 'string' ? context : undefined,
  };
}
