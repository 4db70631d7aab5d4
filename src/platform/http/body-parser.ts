import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpProblem } from './problem.js';

/** Largest body of any request, in bytes (contract, section 2). */
export const BODY_LIMIT_BYTES = 65_536;

/** Addresses whose bodies are handed on as they came: signatures are over bytes, not over JSON. */
const RAW = /^\/v1\/shops\//;

const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

/**
 * How bodies are read.
 *
 * Below `/v1/shops/` a controller gets the bytes whatever their media type: declare `@Body() body: Buffer` and check media type, signature and JSON
 * in the order that the contract demands (only 413 has been checked before). An absent body is an empty Buffer or undefined.
 * Everywhere else a body must be `application/json` in UTF-8 without Content-Encoding (415) and is parsed (400); `__proto__` is refused.
 */
export function readBodies(instance: FastifyInstance): void {
  const parse = instance.getDefaultJsonParser('error', 'error');
  instance.removeAllContentTypeParsers();
  instance.addHook('onRequest', (request, _reply, done) => {
    // Fastify refuses a malformed media type before it reads the body; a body that is too large has to be told first.
    const contentType = request.headers['content-type'];
    if (contentType !== undefined && !MEDIA_TYPE.test(contentType) && RAW.test(request.routeOptions.url ?? '')) {
      request.headers['content-type'] = 'application/octet-stream';
    }
    done();
  });
  instance.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES }, (request, body, done) => {
    const bytes = body as Buffer;
    if (RAW.test(request.routeOptions.url ?? '')) {
      done(null, bytes);
      return;
    }
    if (bytes.length === 0) {
      done(null, undefined);
      return;
    }
    if (!isPlainJson(request)) {
      done(new HttpProblem(415));
      return;
    }
    const text = decodeUtf8(bytes);
    if (text === null) done(new HttpProblem(400));
    else void parse(request, text, (error, value) => done(error === null ? null : new HttpProblem(400), value));
  });
}

/** Whether the headers promise JSON in UTF-8, not compressed. Parameters other than `charset` do not matter. */
export function isPlainJson(request: Pick<FastifyRequest, 'headers'>): boolean {
  if (request.headers['content-encoding'] !== undefined) return false;
  const [mediaType = '', ...parameters] = (request.headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  if (mediaType !== 'application/json') return false;
  return parameters.every((parameter) => !parameter.startsWith('charset=') || /^charset="?utf-?8"?$/.test(parameter));
}

/** The text of UTF-8 bytes, or null when they are not UTF-8. */
export function decodeUtf8(bytes: Buffer): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}
