import { Body, Controller, Delete, HttpCode, Param, Post, Put, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiCookieAuth, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { SessionAgent } from '../agents/agents.events.js';
import { SignedInAgent } from '../desktop/desktop.service.js';
import { FloorStateDto } from './supervision.dto.js';
import { SupervisionService } from './supervision.service.js';
import { SupervisorGuard } from './supervisor-guard.js';

/** What supervisors do to shops, held orders and agents of their groups. */
@ApiTags('supervision')
@ApiBearerAuth()
@ApiCookieAuth()
@Controller('v1/supervisor')
@UseGuards(SupervisorGuard)
export class FloorController {
  constructor(private readonly supervision: SupervisionService) {}

  @Post('shops/:shop/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Place no new calls for the shop; orders are still taken' })
  async pause(@SignedInAgent() by: SessionAgent, @Param('shop') shop: string) {
    await this.supervision.setPaused(by, shop, true);
    return { shop, isPaused: true };
  }

  @Post('shops/:shop/resume')
  @HttpCode(200)
  @ApiOperation({ summary: 'Call again' })
  async resume(@SignedInAgent() by: SessionAgent, @Param('shop') shop: string) {
    await this.supervision.setPaused(by, shop, false);
    return { shop, isPaused: false };
  }

  @Post('shops/:shop/orders/:orderId/release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Put a held order back into the dial queue' })
  async release(@SignedInAgent() by: SessionAgent, @Param('shop') shop: string, @Param('orderId') orderId: string) {
    await this.supervision.release(by, shop, orderId);
    return { shop, orderId, status: 'scheduled' };
  }

  @Post('shops/:shop/orders/:orderId/close')
  @HttpCode(200)
  @ApiOperation({ summary: 'End a held order with the outcome `failed`; the shop is told' })
  async close(@SignedInAgent() by: SessionAgent, @Param('shop') shop: string, @Param('orderId') orderId: string) {
    await this.supervision.close(by, shop, orderId);
    return { shop, orderId, status: 'final', outcome: 'failed' };
  }

  @Put('agents/:login/state')
  @ApiOperation({ summary: 'Send an agent on a break, at once or after the call at hand' })
  async state(@SignedInAgent() by: SessionAgent, @Param('login') login: string, @Body() body: FloorStateDto) {
    const reason = body.reason?.trim();
    const { state, wish } = await this.supervision.sendToBreak(by, login, reason ? reason : null);
    return { login, state, wanted: wish.to };
  }

  @Delete('agents/:login/session')
  @HttpCode(204)
  @ApiOperation({ summary: 'Sign an agent out; with a call at hand they leave after it' })
  @ApiNoContentResponse({ description: 'signed out, or nobody was signed in' })
  async signOut(@SignedInAgent() by: SessionAgent, @Param('login') login: string): Promise<void> {
    await this.supervision.signOut(by, login);
  }
}
