import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { withTrace } from '../../platform/log/log.js';
import { Gathering } from '../../platform/gathering/gathering.js';
import { Events } from '../../platform/outbox/events.js';
import { jobBegun, Jobs } from '../../platform/queue/jobs.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { shopStored } from '../shops/shops.events.js';
import { ShopsService } from '../shops/shops.service.js';
import { OrderDesk } from './order-desk.js';
import { OrderTries } from './order-tries.js';
import { scheduleOrder } from './orders.jobs.js';
import { OrdersService } from './orders.service.js';
import { lookAgain } from './put-off.store.js';

/** By then every turn that had begun with the shop's former settings is over. */
const SETTLED_MS = 3_000;
/** A change that nobody has followed up for so long was followed up by another process. */
const OLD_NEWS_MS = 30_000;
const LEAST_FORGOTTEN = 500;
const MOST_FORGOTTEN = 4_000;
/** Far below the limit of a statement. */
const A_MOMENT_MS = 500;

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
    private readonly shops: ShopsService,
    private readonly transactions: Transactions,
    private readonly clock: DatabaseClock,
  ) {}

  /** Shops whose orders were judged anew a while after they had been stored, and when they had. */
  private readonly followedUp = new Map<string, number>();

  /** Jobs that run side by side share a statement. */
  private readonly scheduled = new Gathering<string, void>({
    most: 1_000,
    atOnce: 1,
    ownerOf: () => '',
    work: async (orderRefs) => {
      await this.orders.schedule(...orderRefs);
      return [];
    },
  });

  onModuleInit(): void {
    this.events.on(shopStored, (tx, { shopId }) => this.judgeAnew(tx, shopId));
    this.jobs.handle(
      scheduleOrder,
      async ({ orders }) => {
        await Promise.all(orders.map(({ orderRef }) => this.scheduled.add(orderRef)));
      },
      // One at a time, so that only the order that ends the worker is blamed for it.
      async ({ orders }) => {
        for (const { orderRef, traceId } of orders) {
          await withTrace({ orderRef, traceId }, () =>
            this.tries.again(orderRef, async () => {
              await jobBegun({ orderRef });
              await this.orders.schedule(orderRef);
            }),
          );
        }
      },
    );
    this.sweeps.every('orders.schedule-forgotten', 1_000, () => this.scheduleForgotten());
    this.sweeps.every('orders.judge-anew', 1_000, () => this.followUp());
    this.sweeps.every('orders.block-listed', 5_000, () => this.desk.blockListed());
    this.sweeps.every('orders.block-refused', 60_000, () => this.desk.blockRefused());
    this.sweeps.every('orders.forget-tries', 3_600_000, () => this.tries.forgetOld());
  }

  private async judgeAnew(tx: Tx, shopId: string): Promise<void> {
    if ((await lookAgain(tx, { shopId })) > 0) await this.notifications.notify(tx, 'dialer', `shop:${shopId}`);
  }

  /** A turn that was going on when a shop was stored may have put orders off by its former settings since: they are judged anew once more. */
  private async followUp(): Promise<void> {
    const nowMs = this.clock.now().getTime();
    const stored = await this.shops.storedSince(new Date(nowMs - OLD_NEWS_MS));
    for (const { shopId, at } of stored) {
      if (nowMs - at.getTime() < SETTLED_MS || this.followedUp.get(shopId) === at.getTime()) continue;
      await this.transactions.run((tx) => this.judgeAnew(tx, shopId));
      this.followedUp.set(shopId, at.getTime());
    }
  }

  /** As many at once as the database does in a moment: after Redis has forgotten everything there may be 100,000. */
  private async scheduleForgotten(): Promise<void> {
    let limit = LEAST_FORGOTTEN;
    for (;;) {
      const beganMs = performance.now();
      const count = await this.orders.scheduleForgotten(limit);
      if (count < limit) return;
      const tookMs = performance.now() - beganMs;
      if (tookMs < A_MOMENT_MS / 2) limit = Math.min(2 * limit, MOST_FORGOTTEN);
      else if (tookMs > A_MOMENT_MS) limit = Math.max(Math.floor(limit / 2), LEAST_FORGOTTEN);
    }
  }
}
