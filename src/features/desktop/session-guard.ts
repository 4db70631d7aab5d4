import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { SessionCookie } from './session-cookie.js';

/** Where a screen becomes the active one. */
const SCREEN_ADDRESS = '/v1/agent/screen';

const agents = new WeakMap<FastifyRequest, SessionAgent>();

/** Lets signed-in agents pass, by cookie or bearer token; everybody else is answered 401. */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly cookie: SessionCookie,
    private readonly agentsService: AgentsService,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = this.cookie.token(request);
    const agent = token === null ? null : await this.agentsService.authenticate(token);
    if (!agent) throw new DialerError('auth.failed', 'Sign in first: POST /v1/agent/session.');
    this.demandActiveScreen(request, agent);
    agents.set(request, agent);
    return true;
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

/** The agent whom {@link SessionGuard} let pass. */
export const SignedInAgent = createParamDecorator((_data: unknown, context: ExecutionContext): SessionAgent => {
  const agent = agents.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!agent) throw new Error('a route asks for its agent without SessionGuard');
  return agent;
});
