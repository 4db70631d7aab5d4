import {
  abandonedRatio,
  answeredRatio,
  callsPerOrder,
  confirmedRatio,
  firstCallSeconds,
  isLiveAnswered,
  linesUsed,
  occupancy,
  percentile,
  shareWithin,
} from '../../../src/core/kpi/kpi.js';
import type { Scenario } from '../scenario/scenario.js';
import type { Ledger } from './ledger.js';

/** The numbers of a run; shares are 0–1, times in seconds, null = nothing was counted. */
export interface Figures {
  readonly orders: number;
  readonly final: number;
  readonly calls: number;
  readonly answered: number;
  readonly answeredRatio: number | null;
  readonly occupancy: number | null;
  readonly abandoned: number;
  readonly abandonedRatio: number | null;
  readonly firstCallSeconds: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };
  readonly withinFiveMinutes: number | null;
  readonly withinTenMinutes: number | null;
  readonly confirmedRatio: number | null;
  readonly callsPerOrder: number | null;
  readonly lines: { readonly most: number; readonly mean: number | null };
  readonly outcomes: Readonly<Record<string, number>>;
  readonly results: Readonly<Record<string, number>>;
  readonly shops: Readonly<Record<string, Omit<Figures, 'shops' | 'occupancy' | 'lines'>>>;
}

export function figuresOf(ledger: Ledger, scenario: Scenario): Figures {
  const orders = ledger.orders();
  const calls = ledger.calls();
  const figures = (of: string | null): Omit<Figures, 'shops' | 'occupancy' | 'lines'> => {
    const theirOrders = of === null ? orders : orders.filter(({ shopId }) => shopId === of);
    const theirCalls = of === null ? calls : calls.filter(({ shopId }) => shopId === of);
    const waits = firstCallSeconds(theirOrders);
    return {
      orders: theirOrders.length,
      final: theirOrders.filter(({ outcome }) => outcome !== null).length,
      calls: theirCalls.length,
      answered: theirCalls.filter(isLiveAnswered).length,
      answeredRatio: answeredRatio(theirCalls),
      abandoned: theirCalls.filter(({ result }) => result === 'abandoned').length,
      abandonedRatio: abandonedRatio(theirCalls),
      firstCallSeconds: { p50: percentile(waits, 0.5), p95: percentile(waits, 0.95), p99: percentile(waits, 0.99) },
      withinFiveMinutes: shareWithin(theirOrders, 300),
      withinTenMinutes: shareWithin(theirOrders, 600),
      confirmedRatio: confirmedRatio(theirOrders),
      callsPerOrder: callsPerOrder(theirOrders),
      outcomes: count(theirOrders.map(({ outcome }) => outcome ?? 'open')),
      results: count(theirCalls.map(({ result }) => result)),
    };
  };
  return {
    ...figures(null),
    occupancy: occupancy(ledger.agentSeconds()),
    lines: linesUsed(calls, scenario.hours * 3_600),
    shops: Object.fromEntries(scenario.shops.map(({ shop }) => [shop, figures(shop)])),
  };
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}
