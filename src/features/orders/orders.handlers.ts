import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Notifications } from '../../platform/database/notifications.js';
import { withTrace } from '../../platform/log/log.js';
import { Events } from '../../platform/outbox/events.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { shopStored } from '../shops/shops.events.js';
import { OrderDesk } from './order-desk.js';
import { OrderTries } from './order-tries.js';
import { scheduleOrder } from './orders.jobs.js';
import { OrdersService } from './orders.service.js';
import { lookAgain } from './put-off.store.js';

/**
 * Puts accepted orders into the dial queue, by a job each and by a sweep behind it; lets orders be judged anew when their shop was changed; ends orders of buyers
 * who wish no more calls.
 */
@Injectable()
export class OrdersHandlers implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly sweeps: Sweeps,
    private readonly orders: OrdersService,
    private readonly desk: OrderDesk,
    private readonly tries: OrderTries,
    private readonly events: Events,
    private readonly notifications: Notifications,
  ) {}

  onModuleInit(): void {
    this.events.on(shopStored, async (tx, { shopId }) => {
      if ((await lookAgain(tx, { shopId })) > 0) await this.notifications.notify(tx, 'dialer', `shop:${shopId}`);
    });
    this.jobs.handle(
      scheduleOrder,
      ({ orderRef }) =>
        withTrace({ orderRef }, async () => {
          await this.orders.schedule(orderRef);
          await this.tries.survived(orderRef);
        }),
      ({ orderRef }) => this.tries.mayRunAgain(orderRef),
    );
    this.sweeps.every('orders.schedule-forgotten', 1_000, async () => {
      while ((await this.orders.scheduleForgotten()) === 500);
    });
    this.sweeps.every('orders.block-listed', 5_000, () => this.desk.blockListed());
    this.sweeps.every('orders.block-refused', 60_000, () => this.desk.blockRefused());
    this.sweeps.every('orders.forget-tries', 3_600_000, () => this.tries.forgetOld());
  }
}
