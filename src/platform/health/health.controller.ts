import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { HealthParts, type Readiness } from './health-parts.js';

/** Is the process alive, and can it work. */
@Controller('health')
export class HealthController {
  constructor(private readonly parts: HealthParts) {}

  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<Readiness> {
    const readiness = await this.parts.readiness();
    void reply.code(isReady(readiness) ? 200 : 503).header('cache-control', 'no-store');
    return readiness;
  }
}

/** Whether traffic may come: all needed parts are up and the process is not on its way out. */
export function isReady(readiness: Readiness): boolean {
  return readiness.status === 'ok' || readiness.status === 'degraded';
}
