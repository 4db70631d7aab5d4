import { Controller, Delete, Get, HttpCode, Param, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { HeldOrderPageDto, HeldOrdersQuery } from './held-order.dto.js';
import { OrderDesk } from './order-desk.js';

/** Orders that wait for a person, and buyers who wish no calls, for the administrator. */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin')
@UseGuards(AdminGuard)
export class OrdersController {
  constructor(private readonly desk: OrderDesk) {}

  @Get('orders')
  @ApiOperation({ summary: 'Orders that are held until a person has looked, newest first' })
  @ApiOkResponse({ type: HeldOrderPageDto })
  list(@Query() query: HeldOrdersQuery) {
    return this.desk.held({ shopId: query.shop ?? null, before: query.before ?? null, limit: query.limit ?? 50 });
  }

  @Post('shops/:shop/orders/:orderId/release')
  @HttpCode(200)
  @ApiOperation({ summary: 'Put a held order back into the dial queue' })
  async release(@Param('shop') shop: string, @Param('orderId') orderId: string) {
    await this.desk.release(shop, orderId);
    return { shop, orderId, status: 'scheduled' };
  }

  @Post('shops/:shop/orders/:orderId/close')
  @HttpCode(200)
  @ApiOperation({ summary: 'End a held order with the outcome `failed`; the shop is told' })
  async close(@Param('shop') shop: string, @Param('orderId') orderId: string) {
    await this.desk.close(shop, orderId);
    return { shop, orderId, status: 'final', outcome: 'failed' };
  }

  @Delete('shops/:shop/do-not-call/:phone')
  @HttpCode(204)
  @ApiOperation({ summary: 'Let a buyer be called again who had asked for no more calls' })
  @ApiNoContentResponse({ description: 'later orders of this number are called; ended ones stay as they are' })
  lift(@Param('shop') shop: string, @Param('phone') phone: string): Promise<void> {
    return this.desk.liftNumber(shop, phone);
  }
}
