import { createParamDecorator, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { SessionCookie } from './session-cookie.js';

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
    agents.set(request, agent);
    return true;
  }
}

/** The agent whom {@link SessionGuard} let pass. */
export const SignedInAgent = createParamDecorator((_data: unknown, context: ExecutionContext): SessionAgent => {
  const agent = agents.get(context.switchToHttp().getRequest<FastifyRequest>());
  if (!agent) throw new Error('a route asks for its agent without SessionGuard');
  return agent;
});
