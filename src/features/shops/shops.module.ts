import { Module } from '@nestjs/common';
import { OutboundModule } from '../../platform/http/outbound.module.js';
import { ShopAdministration } from './shop-administration.js';
import { ShopsController } from './shops.controller.js';
import { ShopsService } from './shops.service.js';

@Module({
  imports: [OutboundModule],
  controllers: [ShopsController],
  providers: [ShopsService, ShopAdministration],
  exports: [ShopsService],
})
export class ShopsModule {}
