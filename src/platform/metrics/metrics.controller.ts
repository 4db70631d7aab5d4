import { Controller, Get, NotFoundException, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Settings } from '../config/settings.js';
import { Metrics } from './metrics.js';

/** `GET /metrics` for Prometheus; not here while METRICS_PORT gives it a port of its own. */
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly settings: Settings,
  ) {}

  @Get()
  async page(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    if (this.settings.metricsPort !== null) throw new NotFoundException();
    const { contentType, text } = await this.metrics.page();
    void reply.header('content-type', contentType);
    return text;
  }
}
