import { Controller, Get, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpEventPipe } from '../../platform/http/event-pipe.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { SessionCookie, SignedInAgent } from '../desktop/desktop.service.js';
import { BoardWatchers } from './board-watchers.js';
import { SupervisorGuard } from './supervisor-guard.js';

/** `GET /v1/supervisor/events`: the live board as Server-Sent Events. */
@ApiTags('supervision')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/supervisor')
@UseGuards(SupervisorGuard)
export class BoardController {
  constructor(
    private readonly watchers: BoardWatchers,
    private readonly cookie: SessionCookie,
  ) {}

  @Get('events')
  @ApiOperation({ summary: 'The floor as it stands, at most once a second, and its last hour' })
  @ApiOkResponse({
    description: 'Server-Sent Events: board.now, board.history',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  events(@SignedInAgent() agent: SessionAgent, @Req() request: FastifyRequest, @Res() reply: FastifyReply): void {
    this.watchers.open(agent, this.cookie.token(request) ?? '', new HttpEventPipe(request, reply));
  }
}
