import { Controller, Get, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OutgoingHttpHeaders } from 'node:http';
import type { SessionAgent } from '../agents/agents.events.js';
import type { ScreenPipe } from './agent-screen.js';
import { EventsQueryDto } from './desktop.dto.js';
import { AgentScreens } from './agent-screens.js';
import { SessionGuard, SignedInAgent } from './session-guard.js';

/** How long a browser waits before it connects again. */
const RETRY_MS = 1_000;

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
    const pipe = new RawPipe(request, reply);
    await this.screens.open(agent, { lastEventId: lastEventId(request), name: query.screen ?? null }, pipe);
  }
}

/** The answer below Fastify, which would wait for its end. */
class RawPipe implements ScreenPipe {
  private readonly listeners: (() => void)[] = [];
  private isClosed = false;

  constructor(
    request: FastifyRequest,
    private readonly reply: FastifyReply,
  ) {
    request.raw.once('close', () => this.close());
    reply.raw.once('close', () => this.close());
  }

  begin(): void {
    const { raw } = this.reply;
    const headers = this.reply.getHeaders() as OutgoingHttpHeaders;
    this.reply.hijack();
    raw.socket?.setNoDelay(true);
    // A browser that is gone has only closed its own direction; without an end of ours the connection would stay half open.
    raw.socket?.once('end', () => this.end());
    raw.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    raw.write(`retry: ${RETRY_MS}\n\n`);
  }

  write(text: string): void {
    if (!this.isClosed) this.reply.raw.write(text);
  }

  unsentBytes(): number {
    return this.reply.raw.writableLength;
  }

  end(): void {
    if (this.isClosed) return;
    this.reply.raw.end();
    this.close();
  }

  onClose(listener: () => void): void {
    this.listeners.push(listener);
    if (this.isClosed) listener();
  }

  private close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const listener of this.listeners) listener();
  }
}

function lastEventId(request: FastifyRequest): number | null {
  const given = request.headers['last-event-id'];
  return typeof given === 'string' && /^\d{1,15}$/.test(given) ? Number(given) : null;
}
