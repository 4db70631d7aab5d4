import { Module } from '@nestjs/common';
import { ShopsModule } from '../shops/shops.module.js';
import { DoNotCallList } from './do-not-call-list.js';
import { OrderCards } from './order-cards.js';
import { OrderDesk } from './order-desk.js';
import { DialQueue } from './dial-queue.js';
import { OrderMessages } from './order-messages.js';
import { OrdersController } from './orders.controller.js';
import { OrdersHandlers } from './orders.handlers.js';
import { OrdersMetrics } from './orders.metrics.js';
import { OrderTries } from './order-tries.js';
import { OrdersService } from './orders.service.js';

export { OrderDesk } from './order-desk.js';

@Module({
  imports: [ShopsModule],
  controllers: [OrdersController],
  providers: [
    OrdersService,
    DialQueue,
    OrderMessages,
    DoNotCallList,
    OrderCards,
    OrderDesk,
    OrderTries,
    OrdersHandlers,
    OrdersMetrics,
  ],
  exports: [OrdersService, DoNotCallList, OrderCards, OrderDesk, OrderTries],
})
export class OrdersModule {}
