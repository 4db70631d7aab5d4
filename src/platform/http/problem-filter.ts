import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { asDialerError } from '../database/database-errors.js';
import type { Log } from '../log/log.js';
import { HttpProblem, PROBLEM_TYPE, STATUS_OF, problemOf, type Problem } from './problem.js';
import type { RouteTable } from './route-table.js';

const RETRY_AFTER_SECONDS = 2;

/** Turns every error into a problem document: our refusals by the table, the framework's by their status, the rest into a 500 that tells nothing. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(
    private readonly log: Log,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const { problem, headers } = this.answerTo(error, request);
    if (problem.status >= 500) {
      const fields = { status: problem.status, method: request.method, route: request.routeOptions?.url, error };
      if (problem.status === 503) this.log.warn('a request was refused for now', fields);
      else this.log.error('a request failed', fields);
    }
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    sendProblem(reply, problem, headers);
  }

  private answerTo(raw: unknown, request: FastifyRequest): { problem: Problem; headers: Record<string, string> } {
    const error = asDialerError(raw);
    if (error instanceof DialerError) {
      const status = STATUS_OF[error.code];
      const retryAfter = error.retryAfterSeconds ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined);
      return {
        problem: problemOf(status, status === 500 ? undefined : error.message, {
          code: error.code,
          errors: error.fieldErrors,
        }),
        headers: {
          ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
          ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
        },
      };
    }
    if (error instanceof HttpProblem)
      return { problem: problemOf(error.status, error.detail), headers: { ...error.headers } };
    const status = statusOf(error);
    const allowed = status === 404 ? this.routes.otherMethods(request.method, request.url) : [];
    if (allowed.length > 0) return { problem: problemOf(405), headers: { allow: allowed.join(', ') } };
    return {
      problem: problemOf(status),
      headers: status === 503 || status === 429 ? { 'retry-after': String(RETRY_AFTER_SECONDS) } : {},
    };
  }
}

/** Writes a problem as the answer. */
export function sendProblem(
  reply: FastifyReply,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): void {
  void reply
    .code(problem.status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .header('content-type', PROBLEM_TYPE)
    .serializer(JSON.stringify)
    .send(problem);
}

function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  // Only Fastify's own errors say a status; anybody else's property of that name is a coincidence.
  if (typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_')) return statusCode;
  if (error instanceof SyntaxError && statusCode === 400) return 400;
  return 500;
}
