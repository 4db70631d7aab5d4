import { Agent, request } from 'undici';
import type { DestinationGuard } from './destination-guard.js';

/** Limits of one exchange with somebody else's server (contract, section 3). */
export const CONNECT_LIMIT_MS = 3_000;
export const EXCHANGE_LIMIT_MS = 10_000;
/** Of an answer's body, which nobody reads, no more is taken than this. */
export const BODY_LIMIT_BYTES = 65_536;

/**
 * How an exchange ended. An answer counts once its status line has come; what follows is drained within the limits so that the connection can be
 * used again, and cut beyond them. `reason` is one word of a fixed kind or an error code, without personal data.
 */
export type Exchange =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter: string | null }
  | { readonly kind: 'failed'; readonly reason: string };

/** Sends requests to servers that we do not trust: guarded addresses, no redirects, bounded time and size. One per process. */
export class OutboundClient {
  private readonly agent: Agent;

  constructor(
    private readonly guard: DestinationGuard,
    private readonly limits = { connectMs: CONNECT_LIMIT_MS, exchangeMs: EXCHANGE_LIMIT_MS },
  ) {
    this.agent = new Agent({
      connect: { lookup: guard.lookup, timeout: limits.connectMs },
      headersTimeout: limits.exchangeMs,
      bodyTimeout: limits.exchangeMs,
      keepAliveTimeout: 4_000,
      keepAliveMaxTimeout: 10_000,
      maxHeaderSize: 16_384,
      pipelining: 1,
      connections: 32,
    });
  }

  /**
   * Posts a body as it is; never throws for anything the other side or the network does.
   * @param breakOff  ends the exchange before its time
   */
  async post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    breakOff?: AbortSignal,
  ): Promise<Exchange> {
    const refusal = this.guard.refuseUrl(url);
    if (refusal !== null) return { kind: 'failed', reason: 'address_refused' };
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), this.limits.exchangeMs);
    try {
      const answer = await request(url, {
        method: 'POST',
        headers,
        body,
        dispatcher: this.agent,
        signal: breakOff === undefined ? deadline.signal : AbortSignal.any([deadline.signal, breakOff]),
      });
      await drain(answer.body);
      const retryAfter = answer.headers['retry-after'];
      return {
        kind: 'answered',
        status: answer.statusCode,
        retryAfter: (Array.isArray(retryAfter) ? retryAfter[0] : retryAfter) ?? null,
      };
    } catch (error) {
      return { kind: 'failed', reason: deadline.signal.aborted ? 'timeout' : reasonOf(error) };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends all connections; called once, when nothing is in flight any more. */
  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/** Reads the body away up to the limit; whatever goes wrong here no longer changes the answer. */
async function drain(body: AsyncIterable<Buffer> & { destroy(): unknown }): Promise<void> {
  let size = 0;
  try {
    for await (const chunk of body) {
      size += chunk.length;
      if (size > BODY_LIMIT_BYTES) break;
    }
  } catch {
    // cut off in the middle: the status has been read
  } finally {
    if (size > BODY_LIMIT_BYTES) body.destroy();
  }
}

const CODES: Readonly<Record<string, string>> = {
  EADDRREFUSED: 'address_refused',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
};

function reasonOf(error: unknown): string {
  const errors = error instanceof AggregateError ? error.errors : [error];
  for (const one of errors as { code?: unknown; cause?: { code?: unknown } }[]) {
    const code = one.code ?? one.cause?.code;
    if (typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code)) return CODES[code] ?? code.toLowerCase();
  }
  return 'connection_failed';
}
