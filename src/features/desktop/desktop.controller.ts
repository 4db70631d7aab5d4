import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Post,
  Put,
  Query,
  Req,
  Res,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCookieAuth,
  ApiHeader,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Settings } from '../../platform/config/settings.js';
import { Transactions } from '../../platform/database/transaction.js';
import type { Agent, SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService } from '../calls/calls.service.js';
import { FiguresQueryDto, SignInDto, StateDto } from './desktop.dto.js';
import type { FiguresMessage, SessionMessage, SoftphoneMessage } from './desktop.protocol.js';
import { FiguresReadModel } from './figures.read-model.js';
import { stateMessage } from './message-composer.js';
import { SIP_ADDRESS } from './sip-gate.js';
import { SessionCookie } from './session-cookie.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** The host part of phones' addresses: a name of the exchange's own, nothing that is looked up. */
const SIP_DOMAIN = 'confirm-dialer.invalid';
const REGISTER_SECONDS = 60;
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
    private readonly calls: CallsService,
    private readonly settings: Settings,
    private readonly transactions: Transactions,
    private readonly figuresOf: FiguresReadModel,
    private readonly clock: DatabaseClock,
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
    const { login, password, takeOver } = body;
    const { token, agent, presence } = await this.agents.signIn(login, password, request.ip, takeOver !== false);
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
    return stateMessage(await this.agents.wish(agent.agentId, body.state, reason ? reason : null, body.callId));
  }

  /** The agent's own work since an instant of the last 24 hours: the page asks from the start of its day. */
  @Get('figures')
  @UseGuards(SessionGuard)
  async figures(@SignedInAgent() agent: SessionAgent, @Query() query: FiguresQueryDto): Promise<FiguresMessage> {
    const earliest = this.clock.now().getTime() - DAY_MS;
    const since = new Date(Math.max(earliest, query.since === undefined ? earliest : Date.parse(query.since)));
    return this.transactions.read((tx) => this.figuresOf.since(tx, agent.agentId, since));
  }

  /** Makes the screen named in `X-Screen` the one that acts. */
  @Post('screen')
  @HttpCode(204)
  @ApiHeader({ name: 'X-Screen', required: true, description: 'the name that the screen gave to `GET events`' })
  @UseGuards(SessionGuard)
  async takeScreen(@SignedInAgent() agent: SessionAgent, @Headers('x-screen') screen?: string): Promise<void> {
    if (screen === undefined || !UUID.test(screen)) {
      throw new DialerError(
        'input.invalid',
        'The header X-Screen must be the UUID that the screen gave to GET events.',
      );
    }
    await this.agents.takeScreen(agent, screen);
  }

  @Get('softphone')
  @UseGuards(SessionGuard)
  async softphone(
    @SignedInAgent() agent: SessionAgent,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SoftphoneMessage> {
    reply.header('cache-control', 'no-store');
    const phone = await this.agents.phone(agent);
    // The virtual network calls the phone all the same; there is only nothing to hear.
    if (phone === null || this.settings.isTelephonyVirtual) {
      throw new DialerError(
        'agent.no_softphone',
        'The agent takes calls on the phone that the administrator has set as `endpoint`; `softphone` is the one in the browser.',
      );
    }
    return {
      url: new URL(SIP_ADDRESS, this.settings.publicUrl.replace(/^http/, 'ws')).href,
      uri: `sip:${phone.name}@${SIP_DOMAIN}`,
      username: phone.name,
      password: phone.password,
      registerSeconds: REGISTER_SECONDS,
    };
  }

  /** The browser's phone has lost its line and is there again: the line that the exchange still holds is given up, and the phone called anew. */
  @Post('softphone/line')
  @HttpCode(202)
  @UseGuards(SessionGuard)
  async renewLine(@SignedInAgent() agent: SessionAgent): Promise<void> {
    await this.calls.renewLine(agent.agentId);
  }
}

function shownAgent({ agentId, login, name, role, groupIds, skills, connection, endpoint }: Agent) {
  return { agentId, login, name, role, groups: groupIds, skills, connection, endpoint };
}
