import { createParamDecorator, Injectable, SetMetadata, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { SessionCookie } from './session-cookie.js';

/** Where a screen becomes the active one. */
const SCREEN_ADDRESS = '/v1/agent/screen';

const agents = new WeakMap<FastifyRequest, SessionAgent>();

const WITHOUT_DATABASE = 'may be asked while Postgres is away';

/** What this route takes is judged later: while Postgres is away, agents pass it as they were seen last (`isRemembered`). */
export const JudgedLater = () => SetMetadata(WITHOUT_DATABASE, true);

/** Lets signed-in agents pass, by cookie or bearer token; everybody else is answered 401. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly cookie: SessionCookie,
    private readonly agentsService: AgentsService,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = this.cookie.token(request);
    const agent = token === null ? null : await this.whose(token, context);
    if (!agent) throw new DialerError('auth.failed', 'Sign in first: POST /v1/agent/session.');
    this.demandActiveScreen(request, agent);
    agents.set(request, agent);
    return true;
  }

  private async whose(token: string, context: ExecutionContext): Promise<SessionAgent | null> {
    try {
      return await this.agentsService.authenticate(token);
    } catch (error) {
      const isAway = error instanceof DialerError && error.code === 'busy.retry_later';
      const known = isAway && this.isJudgedLater(context) ? this.agentsService.recall(token) : null;
      if (known === null) throw error;
      return known;
    }
  }

  private isJudgedLater(context: ExecutionContext): boolean {
    return this.reflector.get<boolean | undefined>(WITHOUT_DATABASE, context.getHandler()) === true;
  }

  /** Of several screens of a session one acts; tools name none and may act always. */
  private demandActiveScreen(request: FastifyRequest, { activeScreen }: SessionAgent): void {
    const screen = request.headers['x-screen'];
    if (request.method === 'GET' || screen === undefined || activeScreen === null || screen === activeScreen) return;
    if (request.routeOptions.url === SCREEN_ADDRESS) return;
    throw new DialerError(
      'screen.not_active',
      'The agent works in another tab. Take over first: POST /v1/agent/screen.',
    );
  }
}

/** The agent whom {@link SessionGuard} let pass with this request. */
export function signedInAgent(context: ExecutionContext): SessionAgent {
  const agent = agents.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!agent) throw new Error('a route asks for its agent without SessionGuard');
  return agent;
}

/** The agent whom {@link SessionGuard} let pass. */
export const SignedInAgent = createParamDecorator((_data: unknown, context: ExecutionContext): SessionAgent =>
  signedInAgent(context),
);
