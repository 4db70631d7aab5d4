import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, UseGuards } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { DeliveriesQuery } from './delivery.dto.js';
import { WritebackService, type DeliveryView } from './writeback.service.js';

const deliveryId = new ParseUUIDPipe({
  exceptionFactory: () => new DialerError('delivery.not_found', 'There is no such delivery.'),
});

/** Write-backs for the administrator (contract, section 4). */
@Controller('v1/admin/deliveries')
@UseGuards(AdminGuard)
export class WritebackController {
  constructor(private readonly writeback: WritebackService) {}

  @Get()
  list(@Query() query: DeliveriesQuery): Promise<{ deliveries: DeliveryView[]; next: string | null }> {
    return this.writeback.list({
      shopId: query.shop ?? null,
      state: query.state ?? null,
      before: query.before ?? null,
      limit: query.limit ?? 50,
    });
  }

  @Post(':id/replay')
  @HttpCode(200)
  replay(@Param('id', deliveryId) id: string): Promise<DeliveryView> {
    return this.writeback.replay(id);
  }
}
