import { Injectable } from '@nestjs/common';
import { chargedAttempts, outcomeInTime } from '../../core/attempt/next-attempt.js';
import { effectiveRetry } from '../../core/calling-hours/jurisdiction.js';
import type { Outcome } from '../../core/order/order.js';
import { DialerError } from '../../core/shared/errors.js';
import { Log } from '../../platform/log/log.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { OrdersService, type OrderRow } from '../orders/orders.service.js';
import { ShopsService } from '../shops/shops.service.js';
import { AttemptHistory } from './attempt-history.read-model.js';

/** Orders ended at once; the others of a rush follow with the next sweep. */
const BATCH = 200;

/** Ends orders that would wait in vain: their time has run out, or they have had all their attempts. */
@Injectable()
export class OrderEnds {
  constructor(
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
    private readonly orders: OrdersService,
    private readonly history: AttemptHistory,
    private readonly log: Log,
  ) {}

  /** Sweep: orders whose time has run out. No call was possible: `expired`; called in vain: `unreachable`. */
  async giveUpOverdue(): Promise<void> {
    await this.finishWaiting(await this.transactions.read((tx) => this.history.overdue(tx, BATCH)), async (tx, order) =>
      outcomeInTime(await this.history.ended(tx, order.orderRef)),
    );
  }

  /** Sweep: orders that have had as many attempts as their shop allows by now; it may have allowed more when the last of them ended. */
  async finishUsedUp(): Promise<void> {
    for (const { shopId, settings } of await this.shops.list()) {
      const { maxAttempts } = effectiveRetry(settings);
      const usedUp = await this.transactions.read((tx) => this.history.usedUp(tx, shopId, maxAttempts, BATCH));
      await this.finishWaiting(usedUp, async (_tx, { results, callbackAt }) =>
        callbackAt === null && chargedAttempts(results, null) >= maxAttempts ? 'unreachable' : null,
      );
    }
  }

  private async finishWaiting(
    orderRefs: readonly string[],
    judge: (tx: Tx, order: OrderRow) => Promise<Outcome | null>,
  ): Promise<void> {
    for (const orderRef of orderRefs) {
      try {
        await this.transactions.run(async (tx) => {
          const order = await this.orders.lock(tx, orderRef);
          if (order.status !== 'accepted' && order.status !== 'scheduled') return;
          const outcome = await judge(tx, order);
          if (outcome !== null) await this.orders.finish(tx, orderRef, { outcome });
        });
      } catch (error) {
        if (error instanceof DialerError && error.isRetryable) throw error;
        // What fails on one order must not keep the others from their end.
        this.log.error('an order that waits in vain cannot be ended', { orderRef, error });
      }
    }
  }
}
