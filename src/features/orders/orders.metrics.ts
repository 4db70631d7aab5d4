import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Metrics, type Counter, type Gauge } from '../../platform/metrics/metrics.js';
import { SHOPS_CHANNEL, ShopsService } from '../shops/shops.service.js';
import { countWaiting, type WaitingCount } from './dial-queue.store.js';

/** What a shop can send; the values of the label `type`. */
export const MESSAGE_TYPES = ['order.created', 'order.updated', 'order.cancelled'] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

type Counts = Map<string, Omit<WaitingCount, 'shopId'>>;

/** Counts of orders. Series of every known shop exist, at 0 from the start. */
@Injectable()
export class OrdersMetrics implements OnModuleInit {
  private readonly received: Counter<'shop' | 'type'>;
  private counting: Promise<Counts> | null = null;

  constructor(
    metrics: Metrics,
    private readonly transactions: Transactions,
    private readonly shops: ShopsService,
    private readonly notifications: Notifications,
    private readonly log: Log,
    private readonly settings: Settings,
  ) {
    this.received = metrics.counter({
      name: 'dialer_orders_received_total',
      help: 'Messages of shops that were stored, repeats not counted',
      labels: ['shop', 'type'],
    });
    metrics.gauge({
      name: 'dialer_orders_waiting',
      help: 'Orders that wait for a call: accepted or scheduled',
      labels: ['shop'],
      collect: (gauge) => this.collect(gauge, 'waiting'),
    });
    metrics.gauge({
      name: 'dialer_orders_overdue',
      help: 'Orders that are not final, were never called and whose callBy has passed',
      labels: ['shop'],
      collect: (gauge) => this.collect(gauge, 'overdue'),
    });
    metrics.gauge({
      name: 'dialer_orders_late',
      help: 'Orders that were never called, may be called now, and whose deadline, counted from when they may be called, has passed',
      labels: ['shop'],
      collect: (gauge) => this.collect(gauge, 'late'),
    });
    metrics.gauge({
      name: 'dialer_orders_held',
      help: 'Orders that are not called until a person has looked at them',
      labels: ['shop'],
      collect: (gauge) => this.collect(gauge, 'held'),
    });
  }

  onModuleInit(): void {
    // Other roles hear nothing of shops.
    if (!this.settings.roles.has('api')) return;
    this.notifications.listen(SHOPS_CHANNEL, () => {
      this.declareShops().catch((error: unknown) =>
        this.log.warn('the shops for the metrics cannot be read', { error }),
      );
    });
  }

  /** A message was stored and answered with 202. */
  countReceived(shop: string, type: MessageType): void {
    this.received.inc({ shop, type });
  }

  private async declareShops(): Promise<void> {
    this.received.declare({ shop: (await this.shops.list()).map(({ shopId }) => shopId), type: MESSAGE_TYPES });
  }

  private async collect(gauge: Gauge<'shop'>, which: keyof Omit<WaitingCount, 'shopId'>): Promise<void> {
    // All gauges of one scrape share one query.
    this.counting ??= this.count().finally(() => (this.counting = null));
    for (const [shop, counts] of await this.counting) gauge.set({ shop }, counts[which]);
  }

  private async count(): Promise<Counts> {
    const counts: Counts = new Map(
      (await this.shops.list()).map(({ shopId }) => [shopId, { waiting: 0, overdue: 0, late: 0, held: 0 }]),
    );
    for (const row of await this.transactions.read((tx) => countWaiting(tx))) counts.set(row.shopId, row);
    return counts;
  }
}
