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
  type AgentSeconds,
} from '../../../src/core/kpi/kpi.js';
import type { Scenario } from '../scenario/scenario.js';
import { mostInTime, worstWindow } from './capacity.js';
import { SLICE_MS, sumOf, type Ledger, type LedgerCall, type LedgerOrder, type Slice } from './ledger.js';

/** The numbers of a run; shares are 0–1, times in seconds, null = nothing was counted. */
export interface Figures {
  readonly orders: number;
  readonly final: number;
  readonly calls: number;
  readonly answered: number;
  readonly answeredRatio: number | null;
  readonly occupancy: number | null;
  /** While orders waited that could have been called, and the share of the agents' time that this was. */
  readonly occupancyWhileWaiting: number | null;
  readonly waitingRatio: number | null;
  readonly abandoned: number;
  readonly abandonedRatio: number | null;
  /** The highest abandoned share of any window of a cap that had enough answers. */
  readonly abandonedWorstWindow: number | null;
  readonly firstCallSeconds: { readonly p50: number | null; readonly p95: number | null; readonly p99: number | null };
  readonly withinFiveMinutes: number | null;
  readonly withinTenMinutes: number | null;
  /** What the agents could have done at most: {@link mostInTime}. */
  readonly possibleWithinFiveMinutes: number | null;
  readonly possibleWithinTenMinutes: number | null;
  readonly confirmedRatio: number | null;
  readonly callsPerOrder: number | null;
  readonly lines: { readonly most: number; readonly mean: number | null };
  readonly outcomes: Readonly<Record<string, number>>;
  readonly results: Readonly<Record<string, number>>;
  readonly hours: readonly HourFigures[];
  readonly shops: Readonly<Record<string, ShopFigures>>;
}

type OfAll =
  | 'shops'
  | 'occupancy'
  | 'occupancyWhileWaiting'
  | 'waitingRatio'
  | 'possibleWithinFiveMinutes'
  | 'possibleWithinTenMinutes'
  | 'lines'
  | 'hours';
export type ShopFigures = Omit<Figures, OfAll>;

/** One hour of the day: was there more to do than the agents can, and what became of it. */
export interface HourFigures {
  readonly fromMs: number;
  readonly orders: number;
  /** At work on average, breaks left out. */
  readonly agents: number;
  /** The agents' time that its orders will have taken in all, those calls included that nobody answers, as a share of the time there was: above 1 is more than can be done. */
  readonly load: number | null;
  readonly occupancy: number | null;
  readonly occupancyWhileWaiting: number | null;
  readonly withinFiveMinutes: number | null;
  readonly withinTenMinutes: number | null;
  readonly answered: number;
  readonly abandoned: number;
}

export function figuresOf(ledger: Ledger, scenario: Scenario): Figures {
  const orders = ledger.orders();
  const calls = ledger.calls();
  const figures = (of: string | null): ShopFigures => {
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
      abandonedWorstWindow: worstOf(theirCalls, scenario),
      firstCallSeconds: { p50: percentile(waits, 0.5), p95: percentile(waits, 0.95), p99: percentile(waits, 0.99) },
      withinFiveMinutes: shareWithin(theirOrders, 300),
      withinTenMinutes: shareWithin(theirOrders, 600),
      confirmedRatio: confirmedRatio(theirOrders),
      callsPerOrder: callsPerOrder(theirOrders),
      outcomes: count(theirOrders.map(({ outcome }) => outcome ?? 'open')),
      results: count(theirCalls.map(({ result }) => result)),
    };
  };
  const waiting = sumOf(ledger.slices.map((slice) => slice.whileWaiting));
  const seconds = ledger.agentSeconds();
  const possible = possibleFirstCalls(orders, calls, ledger.slices);
  return {
    ...figures(null),
    occupancy: occupancy(seconds),
    occupancyWhileWaiting: occupancy(waiting),
    waitingRatio: atWork(seconds) > 0 ? atWork(waiting) / atWork(seconds) : null,
    possibleWithinFiveMinutes: possible(300),
    possibleWithinTenMinutes: possible(600),
    lines: linesUsed(calls, scenario.hours * 3_600),
    hours: hoursOf(ledger.slices, atWork({ ...seconds, ready: 0, reserved: 0 }) / Math.max(1, orders.length)),
    shops: Object.fromEntries(scenario.shops.map(({ shop }) => [shop, figures(shop)])),
  };
}

/** The worst window of the caps of all shops whose calls these are. */
function worstOf(calls: readonly LedgerCall[], scenario: Scenario): number | null {
  const worst = scenario.shops.flatMap(({ shop, settings, past }) => {
    const counted = calls
      .filter((call) => call.shopId === shop && isLiveAnswered(call))
      .map(({ endedAt, result }) => ({ endedMs: endedAt.getTime(), isAbandoned: result === 'abandoned' }));
    return settings.abandon.flatMap((cap) => worstWindow(counted, cap, past) ?? []);
  });
  return worst.length === 0 ? null : Math.max(...worst);
}

/** The bound for a limit in seconds, from what a first call took of the agents' time in this very run. */
function possibleFirstCalls(
  orders: readonly LedgerOrder[],
  calls: readonly LedgerCall[],
  slices: readonly Slice[],
): (withinSeconds: number) => number | null {
  const talks = calls.flatMap(({ number, connectedAt, endedAt, wrappedUpAt }) =>
    connectedAt === null
      ? []
      : [{ number, seconds: ((wrappedUpAt ?? endedAt).getTime() - connectedAt.getTime()) / 1_000 }],
  );
  const ofFirst = talks.filter(({ number }) => number === 1);
  const firstCalls = calls.filter(({ number }) => number === 1).length;
  const dialed = calls.flatMap(({ dialedAt }) => dialedAt?.getTime() ?? []);
  const firstCall = ofFirst.reduce((sum, { seconds }) => sum + seconds, 0) / Math.max(1, firstCalls);
  const counted = orders.filter(({ firstCallAt, outcome }) => firstCallAt !== null || outcome !== 'withdrawn');
  const due = counted.map(({ registeredAt, withdrawnAt, firstCallAt }) => ({
    registeredMs: registeredAt.getTime(),
    goneMs: firstCallAt === null ? (withdrawnAt?.getTime() ?? null) : null,
  }));
  const staffing = slices.map(({ fromMs, agentSeconds }) => ({
    fromMs,
    toMs: fromMs + SLICE_MS,
    agents: atWork(agentSeconds) / (SLICE_MS / 1_000),
  }));
  const opensMs = dialed.reduce((least, ms) => Math.min(least, ms), Infinity);
  return (withinSeconds) =>
    mostInTime(due, staffing, {
      withinSeconds,
      firstCallSeconds: firstCall,
      talkSeconds: talks.reduce((sum, { seconds }) => sum + seconds, 0) / Math.max(1, talks.length),
      opensMs,
    });
}

const SLICES_OF_HOUR = 3_600_000 / SLICE_MS;

/** @param secondsOfOrder  an agent's talks and wrap-ups for one order, all its calls together, on average */
function hoursOf(slices: readonly Slice[], secondsOfOrder: number): HourFigures[] {
  const hours: HourFigures[] = [];
  for (let i = 0; i < slices.length; i += SLICES_OF_HOUR) {
    const hour = slices.slice(i, i + SLICES_OF_HOUR);
    const seconds = sumOf(hour.map((slice) => slice.agentSeconds));
    const orders = hour.reduce((sum, slice) => sum + slice.arrivals, 0);
    const waits = hour.flatMap((slice) => slice.firstCalls);
    const within = (limit: number): number | null =>
      orders === 0 ? null : waits.filter((waited) => waited <= limit).length / orders;
    const [before, last] = [slices[i - 1], hour.at(-1)!];
    hours.push({
      fromMs: hour[0]!.fromMs,
      orders,
      agents: atWork(seconds) / (hour.length * (SLICE_MS / 1_000)),
      load: atWork(seconds) > 0 ? (orders * secondsOfOrder) / atWork(seconds) : null,
      occupancy: occupancy(seconds),
      occupancyWhileWaiting: occupancy(sumOf(hour.map((slice) => slice.whileWaiting))),
      withinFiveMinutes: within(300),
      withinTenMinutes: within(600),
      answered: last.answered - (before?.answered ?? 0),
      abandoned: last.abandoned - (before?.abandoned ?? 0),
    });
  }
  return hours;
}

function atWork({ ready, reserved, talking, wrapUp }: AgentSeconds): number {
  return ready + reserved + talking + wrapUp;
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}
