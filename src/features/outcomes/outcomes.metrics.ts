import { Injectable, type OnModuleInit } from '@nestjs/common';
import { OUTCOMES, type Outcome } from '../../core/order/order.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Log } from '../../platform/log/log.js';
import { Metrics, type Counter } from '../../platform/metrics/metrics.js';
import { SHOPS_CHANNEL, ShopsService } from '../shops/shops.service.js';

/** Final outcomes as operators see them. */
@Injectable()
export class OutcomesMetrics implements OnModuleInit {
  private readonly outcomes: Counter<'shop' | 'outcome'>;
  private readonly declared = new Set<string>();

  constructor(
    metrics: Metrics,
    private readonly shops: ShopsService,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {
    this.outcomes = metrics.counter({
      name: 'dialer_outcomes_total',
      help: 'Orders that became final, by outcome; a correction does not count again.',
      labels: ['shop', 'outcome'],
    });
  }

  onModuleInit(): void {
    this.notifications.listen(SHOPS_CHANNEL, () => {
      this.declareShops().catch((error: unknown) =>
        this.log.warn('the shops for the metrics cannot be read', { error }),
      );
    });
  }

  final(
    shop: string,
    outcome: Outcome,
    fields: { orderRef: string; traceId: string; sequence: number; attempts: number },
  ): void {
    this.declare(shop);
    this.outcomes.inc({ shop, outcome });
    this.log.info('an order became final', { shop, outcome, ...fields });
  }

  corrected(
    shop: string,
    before: Outcome | null,
    outcome: Outcome,
    fields: { orderRef: string; sequence: number },
  ): void {
    this.log.info('a final outcome was corrected', { shop, before, outcome, ...fields });
  }

  private async declareShops(): Promise<void> {
    for (const { shopId } of await this.shops.list()) this.declare(shopId);
  }

  private declare(shop: string): void {
    if (this.declared.has(shop)) return;
    this.declared.add(shop);
    this.outcomes.declare({ shop: [shop], outcome: OUTCOMES });
  }
}
