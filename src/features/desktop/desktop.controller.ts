import { Body, Controller, Delete, Get, HttpCode, Post, Put, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiCreatedResponse, ApiNoContentResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { Transactions } from '../../platform/database/transaction.js';
import type { Agent, SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { FiguresQueryDto, SignInDto, StateDto } from './desktop.dto.js';
import type { FiguresMessage, SessionMessage } from './desktop.protocol.js';
import { FiguresReadModel } from './figures.read-model.js';
import { stateMessage } from './message-composer.js';
import { SessionCookie } from './session-cookie.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

const DAY_MS = 86_400_000;

/** Signing in and out, and the agent's state (contract, section 5). */
@ApiTags('agents')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/agent')
export class DesktopController {
  constructor(
    private readonly agents: AgentsService,
    private readonly cookie: SessionCookie,
    private readonly transactions: Transactions,
    private readonly figuresOf: FiguresReadModel,
  ) {}

  @Post('session')
  @ApiCreatedResponse({
    description: 'signed in: the session cookie, and `{token, agent, state, since, reason, callId, wanted}`',
  })
  async signIn(
    @Body() body: SignInDto,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // A page of another site must not be able to sign somebody in here.
    if (request.headers.origin !== undefined) this.cookie.demandOwnOrigin(request);
    const { token, agent, presence } = await this.agents.signIn(body.login, body.password, request.ip);
    reply.header('set-cookie', this.cookie.set(token)).header('cache-control', 'no-store');
    return { token, agent: shownAgent(agent), ...stateMessage(presence) };
  }

  @Delete('session')
  @HttpCode(204)
  @ApiNoContentResponse({ description: 'signed out' })
  async signOut(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const token = this.cookie.token(request);
    if (token !== null) await this.agents.signOut(token);
    reply.header('set-cookie', this.cookie.clear());
  }

  @Get('session')
  @UseGuards(SessionGuard)
  async whoAmI(
    @SignedInAgent() agent: SessionAgent,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SessionMessage> {
    reply.header('cache-control', 'no-store');
    return { agent: shownAgent(agent), ...stateMessage(await this.agents.presence(agent.agentId)) };
  }

  @Put('state')
  @UseGuards(SessionGuard)
  async state(@SignedInAgent() agent: SessionAgent, @Body() body: StateDto) {
    const reason = body.reason?.trim();
    return stateMessage(await this.agents.wish(agent.agentId, body.state, reason ? reason : null));
  }

  /** The agent's own work since an instant of the last 24 hours: the page asks from the start of its day. */
  @Get('figures')
  @UseGuards(SessionGuard)
  async figures(@SignedInAgent() agent: SessionAgent, @Query() query: FiguresQueryDto): Promise<FiguresMessage> {
    const earliest = Date.now() - DAY_MS;
    const since = new Date(Math.max(earliest, query.since === undefined ? earliest : Date.parse(query.since)));
    return this.transactions.read((tx) => this.figuresOf.since(tx, agent.agentId, since));
  }

  @Get('softphone')
  @UseGuards(SessionGuard)
  softphone(): never {
    throw new DialerError(
      'agent.no_softphone',
      'There is no softphone in the browser yet: the agent takes calls on the phone that the administrator has set as `endpoint`.',
    );
  }
}

function shownAgent({ agentId, login, name, role, groupIds, skills, connection, endpoint }: Agent) {
  return { agentId, login, name, role, groups: groupIds, skills, connection, endpoint };
}
