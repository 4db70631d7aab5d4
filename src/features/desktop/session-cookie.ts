import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { DialerError } from '../../core/shared/errors.js';
import { bearerToken } from '../../platform/auth/tokens.js';
import { Settings } from '../../platform/config/settings.js';

/** As long as the longest session. */
const MAX_AGE_SECONDS = 12 * 3600;

/** How a request says whose it is, and the cookie that browsers keep (contract, section 5). */
@Injectable()
export class SessionCookie {
  private readonly name: string;
  private readonly attributes: string;

  constructor(private readonly settings: Settings) {
    this.name = settings.isHttps ? '__Host-dialer_session' : 'dialer_session';
    this.attributes = `Path=/; HttpOnly; SameSite=Strict${settings.isHttps ? '; Secure' : ''}`;
  }

  /**
   * The token of the request, or null. A bearer token goes before the cookie.
   * Throws `auth.origin` when the cookie comes with a write that is not from our own pages: other sites can send requests, but not this header.
   */
  token(request: FastifyRequest): string | null {
    const bearer = bearerToken(request.headers.authorization);
    if (bearer !== null) return bearer;
    const token = request.cookies[this.name] ?? null;
    if (token !== null && request.method !== 'GET') this.demandOwnOrigin(request);
    return token;
  }

  /** The token of a request for a WebSocket, which browsers let any page make: with the cookie it counts from our own pages only. */
  tokenOfUpgrade({ headers }: IncomingMessage): string | null {
    const bearer = bearerToken(headers.authorization);
    if (bearer !== null) return bearer;
    const cookies = (headers.cookie ?? '').split(';').map((part) => part.trim().split('='));
    const token = cookies.find(([name]) => name === this.name)?.[1] ?? null;
    return this.isOwnOrigin(headers) ? token : null;
  }

  /** Throws `auth.origin` unless the request says that it comes from our own pages. */
  demandOwnOrigin(request: FastifyRequest): void {
    if (!this.isOwnOrigin(request.headers)) {
      throw new DialerError(
        'auth.origin',
        'A write with the session cookie needs the header Origin of this server. Tools send a bearer token.',
      );
    }
  }

  private isOwnOrigin({ origin, host }: IncomingHttpHeaders): boolean {
    return origin !== undefined && (origin === new URL(this.settings.publicUrl).origin || isSameHost(origin, host));
  }

  set(token: string): string {
    return `${this.name}=${token}; ${this.attributes}; Max-Age=${MAX_AGE_SECONDS}`;
  }

  clear(): string {
    return `${this.name}=; ${this.attributes}; Max-Age=0`;
  }
}

function isSameHost(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
