import { Controller, Get, HttpCode, Param, ParseUUIDPipe, Post, Query, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DialerError } from '../../core/shared/errors.js';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { DeliveriesQuery, DeliveryDto, DeliveryPageDto } from './delivery.dto.js';
import { WritebackService, type DeliveryView } from './writeback.service.js';

/** Write-backs for the administrator (contract, section 4). */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin/deliveries')
@UseGuards(AdminGuard)
export class WritebackController {
  constructor(private readonly writeback: WritebackService) {}

  @Get()
  @ApiOperation({ summary: 'Write-backs, newest first, without their content' })
  @ApiOkResponse({ type: DeliveryPageDto })
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
  @ApiOperation({ summary: 'Send a parked or disabled write-back again, under its id' })
  @ApiOkResponse({ type: DeliveryDto, description: '`superseded` when a later event was acknowledged meanwhile' })
  replay(@Param('id', knownForm()) id: string): Promise<DeliveryView> {
    return this.writeback.replay(id);
  }
}

/** Whatever is no UUID is no delivery of ours. */
function knownForm(): ParseUUIDPipe {
  return new ParseUUIDPipe({
    exceptionFactory: () => new DialerError('delivery.not_found', 'There is no such delivery.'),
  });
}
