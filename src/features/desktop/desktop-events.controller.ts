import { Controller, Get, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpEventPipe } from '../../platform/http/event-pipe.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { EventsQueryDto } from './desktop.dto.js';
import { AgentScreens } from './agent-screens.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

/** `GET /v1/agent/events`: Server-Sent Events (HTML Living Standard, section 9.2). */
@ApiTags('agents')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/agent')
export class DesktopEventsController {
  constructor(private readonly screens: AgentScreens) {}

  @Get('events')
  @ApiHeader({ name: 'Last-Event-ID', required: false, description: 'the id of the last event seen' })
  @ApiOkResponse({
    description:
      'Server-Sent Events: agent.state, call.connected, call.ended, order.arrived, order.updated, order.withdrawn, screen.state, notice',
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  })
  @UseGuards(SessionGuard)
  async events(
    @SignedInAgent() agent: SessionAgent,
    @Query() query: EventsQueryDto,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const pipe = new HttpEventPipe(request, reply);
    await this.screens.open(agent, { lastEventId: lastEventId(request), name: query.screen ?? null }, pipe);
  }
}

function lastEventId(request: FastifyRequest): number | null {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : null;
}
