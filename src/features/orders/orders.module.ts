import { Module } from '@nestjs/common';
import { ShopsModule } from '../shops/shops.module.js';
import { OrderMessages } from './order-messages.js';
import { OrdersHandlers } from './orders.handlers.js';
import { OrdersMetrics } from './orders.metrics.js';
import { OrdersService } from './orders.service.js';

@Module({
  imports: [ShopsModule],
  providers: [OrdersService, OrderMessages, OrdersHandlers, OrdersMetrics],
  exports: [OrdersService],
})
export class OrdersModule {}
