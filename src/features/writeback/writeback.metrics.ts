import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Metrics, type Counter, type Histogram } from '../../platform/metrics/metrics.js';
import { SHOPS_CHANNEL, ShopsService } from '../shops/shops.service.js';
import { DeliveryReadModel } from './delivery.read-model.js';

const RESULTS = ['delivered', 'retry', 'parked', 'disabled'] as const;
type Result = (typeof RESULTS)[number];

/** Write-backs as operators see them; log lines say which delivery, labels never do. */
@Injectable()
export class WritebackMetrics implements OnModuleInit {
  private readonly deliveries: Counter<'shop' | 'result'>;
  private readonly lag: Histogram<'shop'>;

  constructor(
    metrics: Metrics,
    transactions: Transactions,
    readModel: DeliveryReadModel,
    private readonly shops: ShopsService,
    private readonly notifications: Notifications,
    private readonly log: Log,
    private readonly settings: Settings,
  ) {
    this.deliveries = metrics.counter({
      name: 'dialer_writeback_deliveries_total',
      help: 'Write-backs by how a try ended.',
      labels: ['shop', 'result'],
    });
    this.lag = metrics.histogram({
      name: 'dialer_writeback_lag_seconds',
      help: 'From the event to the acknowledgement of the shop, in seconds.',
      labels: ['shop'],
      buckets: [1, 15, 300, 3600],
    });
    metrics.gauge({
      name: 'dialer_writeback_oldest_seconds',
      help: 'How long the oldest write-back that is still to be sent has been waiting, in seconds; 0 when none is.',
      labels: ['shop'],
      collect: async (gauge) => {
        const oldest = await transactions.read((tx) => readModel.oldestByShop(tx));
        const shop = (await this.shops.list()).map(({ shopId }) => shopId);
        gauge.reset();
        gauge.declare({ shop });
        for (const { shopId, seconds } of oldest) gauge.set({ shop: shopId }, Math.max(0, seconds));
      },
    });
    metrics.gauge({
      name: 'dialer_writeback_parked',
      help: 'Write-backs that are no longer tried and wait for a person.',
      labels: ['shop'],
      collect: async (gauge) => {
        const counts = await transactions.read((tx) => readModel.parkedByShop(tx));
        const shop = (await this.shops.list()).map(({ shopId }) => shopId);
        gauge.reset();
        gauge.declare({ shop });
        for (const { shopId, count } of counts) gauge.set({ shop: shopId }, count);
      },
    });
  }

  onModuleInit(): void {
    // Other roles deliver nothing.
    if (!this.settings.roles.has('worker')) return;
    this.notifications.listen(SHOPS_CHANNEL, () => {
      this.declareShops().catch((error: unknown) =>
        this.log.warn('the shops for the metrics cannot be read', { error }),
      );
    });
  }

  delivered(shop: string, lagMs: number, tries: number): void {
    this.deliveries.inc({ shop, result: 'delivered' });
    this.lag.observe({ shop }, lagMs / 1000);
    this.log.info('a write-back was delivered', { shop, tries, lagMs: Math.round(lagMs) });
  }

  failed(
    shop: string,
    result: Exclude<Result, 'delivered'>,
    fields: { because: string; tries: number; nextTryAt?: Date },
  ): void {
    this.deliveries.inc({ shop, result });
    if (result === 'retry') this.log.warn('a write-back failed and will be tried again', { shop, ...fields });
    else this.log.error('a write-back is no longer tried', { shop, result, ...fields });
  }

  private async declareShops(): Promise<void> {
    const shop = (await this.shops.list()).map(({ shopId }) => shopId);
    this.deliveries.declare({ shop, result: RESULTS });
    this.lag.declare({ shop });
  }
}
