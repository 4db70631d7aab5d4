import { Injectable, type OnModuleInit } from '@nestjs/common';
import { withTrace } from '../../platform/log/log.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { OrderDesk } from './order-desk.js';
import { scheduleOrder } from './orders.jobs.js';
import { OrdersService } from './orders.service.js';

/** Puts accepted orders into the dial queue, by a job each and by a sweep behind it; ends orders of buyers who wish no more calls. */
@Injectable()
export class OrdersHandlers implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly sweeps: Sweeps,
    private readonly orders: OrdersService,
    private readonly desk: OrderDesk,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(scheduleOrder, ({ orderRef }) => withTrace({ orderRef }, () => this.orders.schedule(orderRef)));
    this.sweeps.every('orders.schedule-forgotten', 1_000, async () => {
      while ((await this.orders.scheduleForgotten()) === 500);
    });
    this.sweeps.every('orders.block-listed', 5_000, () => this.desk.blockListed());
  }
}
