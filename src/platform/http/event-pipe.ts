import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OutgoingHttpHeaders } from 'node:http';

/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

/** The open end of an HTTP answer that goes on: Server-Sent Events (HTML Living Standard, section 9.2). */
export interface EventPipe {
  /** Sends the head of the answer; once, before anything is written. */
  begin(): void;
  write(text: string): void;
  unsentBytes(): number;
  /** Ends the answer properly. */
  end(): void;
  onClose(listener: () => void): void;
}

/** The answer below Fastify, which would wait for its end. */
export class HttpEventPipe implements EventPipe {
  private readonly listeners: (() => void)[] = [];
  private isClosed = false;

  constructor(
    request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    request.raw.once('close', () => this.close());
    reply.raw.once('close', () => this.close());
  }

  begin(): void {
    const { raw } = this.reply;
    const headers = this.reply.getHeaders() as OutgoingHttpHeaders;
    this.reply.hijack();
    raw.socket?.setNoDelay(true);
    // A browser that is gone has only closed its own direction; without an end of ours the connection would stay half open.
    raw.socket?.once('end', () => this.end());
    raw.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    raw.write(`retry: ${RETRY_MS}\n\n`);
  }

  write(text: string): void {
    if (!this.isClosed) this.reply.raw.write(text);
  }

  unsentBytes(): number {
    return this.reply.raw.writableLength;
  }

  end(): void {
    if (this.isClosed) return;
    this.reply.raw.end();
    this.close();
  }

  onClose(listener: () => void): void {
    this.listeners.push(listener);
    if (this.isClosed) listener();
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const listener of this.listeners) listener();
  }
}
