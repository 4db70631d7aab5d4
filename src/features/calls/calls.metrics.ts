import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isInTime, type FirstCallTerms } from '../../core/order/deadline.js';
import { ATTEMPT_RESULTS, type AttemptResult } from '../../core/call/result.js';
import { SHOWN_STATES, shownState } from '../../core/call/shown-state.js';
import { Settings } from '../../platform/config/settings.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Metrics, type Counter, type Histogram } from '../../platform/metrics/metrics.js';
import { Tracing } from '../../platform/tracing/tracing.js';
import { SHOPS_CHANNEL, ShopsService } from '../shops/shops.service.js';
import { CallStore } from './call.store.js';
import { countAnswered, type WindowCount } from './pacing.read-model.js';

type AbandonCount = WindowCount & { readonly maxRatio: number };

/** Counters and gauges of live calls. */
@Injectable()
export class CallsMetrics implements OnModuleInit {
  private readonly calls: Counter<'shop' | 'result'>;
  private readonly answerToAgent: Histogram<'shop'>;
  private readonly firstCalls: Histogram<'shop'>;
  private readonly firstCallsByDeadline: Counter<'shop' | 'deadline'>;
  private readonly leaked: Counter<never>;
  private readonly declared = new Set<string>();
  private counting: Promise<AbandonCount[]> | null = null;

  constructor(
    metrics: Metrics,
    private readonly transactions: Transactions,
    private readonly store: CallStore,
    private readonly shops: ShopsService,
    private readonly notifications: Notifications,
    private readonly log: Log,
    private readonly settings: Settings,
    private readonly tracing: Tracing,
  ) {
    this.calls = metrics.counter({
      name: 'dialer_calls_total',
      help: 'Calls that ended, by result.',
      labels: ['shop', 'result'],
    });
    this.answerToAgent = metrics.histogram({
      name: 'dialer_answer_to_agent_seconds',
      help: "From the buyer's answer to the bridge with the agent, in seconds.",
      labels: ['shop'],
      buckets: [0.005, 0.01, 0.05, 0.1, 0.5, 2, 5],
    });
    this.firstCalls = metrics.histogram({
      name: 'dialer_order_first_call_seconds',
      help: "From the order's registration in the shop to the first INVITE, in seconds.",
      labels: ['shop'],
      buckets: [0.25, 5, 30, 120, 300, 600, 3600],
    });
    this.firstCallsByDeadline = metrics.counter({
      name: 'dialer_first_calls_total',
      help: 'First calls of orders, by whether they kept the deadline, counted from when the order may be called.',
      labels: ['shop', 'deadline'],
    });
    this.leaked = metrics.counter({
      name: 'dialer_leaked_channels_total',
      help: 'Channels and bridges without an owner that the reconciler had to end.',
    });
    this.leaked.declare({} as Record<never, readonly string[]>);
    metrics.gauge({
      name: 'dialer_calls_live',
      help: 'Calls alive now, by state.',
      labels: ['shop', 'state'],
      collect: async (gauge) => {
        const counts = new Map<string, number>();
        for (const { shopId } of await this.shops.list())
          for (const state of SHOWN_STATES) counts.set(`${shopId} ${state}`, 0);
        for (const { shopId, state, count } of await this.transactions.read((tx) => this.store.liveByShop(tx))) {
          const key = `${shopId} ${shownState(state)}`;
          counts.set(key, (counts.get(key) ?? 0) + count);
        }
        gauge.reset();
        for (const [key, count] of counts) {
          const [shop = '', state = ''] = key.split(' ');
          gauge.set({ shop, state }, count);
        }
      },
    });
    this.abandonGauge(
      metrics,
      'dialer_abandoned_ratio',
      "Abandoned calls as a share of live-answered ones, over each of the shop's windows.",
      ({ answered, abandoned }) => (answered === 0 ? 0 : abandoned / answered),
    );
    this.abandonGauge(
      metrics,
      'dialer_abandoned_cap_ratio',
      'Highest share of abandoned calls that the shop permits over each of its windows.',
      ({ maxRatio }) => maxRatio,
    );
    this.abandonGauge(
      metrics,
      'dialer_abandoned_answered',
      "Live-answered calls in each of the shop's windows.",
      ({ answered }) => answered,
    );
  }

  onModuleInit(): void {
    // Other roles run no calls: their series would stand at 0 for ever, in each process and for each shop.
    if (!this.settings.roles.has('dialer')) return;
    this.notifications.listen(SHOPS_CHANNEL, () => {
      this.declareShops().catch((error: unknown) =>
        this.log.warn('the shops for the metrics cannot be read', { error }),
      );
    });
  }

  private abandonGauge(metrics: Metrics, name: string, help: string, valueOf: (count: AbandonCount) => number): void {
    metrics.gauge({
      name,
      help,
      labels: ['shop', 'window'],
      collect: async (gauge) => {
        // All gauges of one scrape share one query.
        this.counting ??= this.count().finally(() => (this.counting = null));
        const counts = await this.counting;
        gauge.reset();
        for (const count of counts) gauge.set({ shop: count.shopId, window: `${count.windowHours}h` }, valueOf(count));
      },
    });
  }

  private async count(): Promise<AbandonCount[]> {
    const windows = (await this.shops.list()).flatMap(({ shopId, settings }) =>
      settings.abandon.map(({ windowHours, maxRatio }) => ({ shopId, windowHours, maxRatio })),
    );
    const counts = await this.transactions.read((tx) => countAnswered(tx, windows));
    const capOf = new Map(windows.map((one) => [`${one.shopId} ${one.windowHours}`, one.maxRatio]));
    return counts.map((count) => ({ ...count, maxRatio: capOf.get(`${count.shopId} ${count.windowHours}`) ?? 1 }));
  }

  private async declareShops(): Promise<void> {
    for (const { shopId } of await this.shops.list()) this.declare(shopId);
  }

  /** Once for each shop: zeroing a histogram that has counted would forget its counts. */
  private declare(shop: string): void {
    if (this.declared.has(shop)) return;
    this.declared.add(shop);
    this.calls.declare({ shop: [shop], result: ATTEMPT_RESULTS });
    this.answerToAgent.declare({ shop: [shop] });
    this.firstCalls.declare({ shop: [shop] });
    this.firstCallsByDeadline.declare({ shop: [shop], deadline: ['kept', 'missed'] });
  }

  connected(shop: string, answeredAt: Date, connectedAt: Date, traceId: string): void {
    this.declare(shop);
    this.observe(this.answerToAgent, shop, connectedAt.getTime() - answeredAt.getTime(), traceId);
  }

  firstCall(shop: string, terms: FirstCallTerms, dialedAt: Date, traceId: string): void {
    this.declare(shop);
    this.observe(this.firstCalls, shop, dialedAt.getTime() - terms.registeredAt.getTime(), traceId);
    this.firstCallsByDeadline.inc({ shop, deadline: isInTime(terms, dialedAt) ? 'kept' : 'missed' });
  }

  private observe(histogram: Histogram<'shop'>, shop: string, ms: number, traceId: string): void {
    histogram.observe({ shop }, Math.max(0, ms) / 1000, this.tracing.keeps(traceId) ? traceId : null);
  }

  ended(shop: string, result: AttemptResult): void {
    this.declare(shop);
    this.calls.inc({ shop, result });
  }

  leak(count: number): void {
    this.leaked.inc({}, count);
  }
}
