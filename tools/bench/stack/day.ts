import { seededRandom } from '../../demo-shop/demo-orders.js';
import { percentile } from '../../../src/core/kpi/kpi.js';
import { acceptedTimes, callsOf, countOrders, mostAtOnce, occupancyOf, waitsOf } from './call-rows.js';
import { checkDay, type DayLedger } from './day-check.js';
import { ordersOfDay, type DayOrder } from './day-plan.js';
import { pause, round, spreadOf, type Spread } from './figures.js';
import { onFullFloor, type FullFloor } from './full-floor.js';
import { LoadSeries, type LoadPoint } from './load-series.js';
import { sendPlanned } from './order-load.js';
import { StackCost, type CostPerCall } from './stack-cost.js';
import { storageOf, type TableUse } from './storage.js';

export interface DayPlan {
  readonly orders: number;
  readonly minutes: number;
  readonly agents: number;
  /** Mean of a talk, milliseconds; a third of it is added for the writing. */
  readonly talkMs: number;
  readonly seed: number;
  readonly say: (message: string) => void;
}

export interface DayFigures {
  readonly orders: number;
  readonly minutes: number;
  readonly agents: number;
  readonly talkMs: number;
  /** From the first order to the last outcome. */
  readonly seconds: number;
  readonly calls: number;
  readonly answered: number;
  readonly abandonedRatio: number | null;
  readonly mostCallsAtOnce: number;
  /** Seconds; within a day pressed together so, nobody waits for hours to open. */
  readonly orderToInvite: Spread;
  readonly answerToAgentMs: Spread;
  readonly occupancy: number;
  /** While as many orders waited as there are agents, or more. */
  readonly occupancyAtPeak: number | null;
  readonly results: Readonly<Record<string, number>>;
  readonly cost: CostPerCall;
  readonly memoryMb: { readonly begin: number; readonly most: number; readonly end: number };
  readonly loopDelayMs: { readonly p50: number | null; readonly p99: number | null; readonly most: number | null };
  readonly scrapeMs: Spread;
  readonly ledger: DayLedger;
  readonly storage: readonly TableUse[];
  readonly series: readonly LoadPoint[];
}

const PREFIX = 'D';
const LOOK_EVERY_MS = 5_000;
/** Retries wait half a minute; beyond this after the last order something is stuck. */
const LIMIT_MS = 900_000;
const SHOP = {
  dialing: 'predictive',
  abandon: [{ maxRatio: 0.03, windowHours: 24 }],
  retry: { maxAttempts: 2, maxPer24Hours: 100, gapMinutes: 0.5 },
};

/** A shop's day with a sale, pressed into minutes, on the real stack: every order to its end. */
export async function measureDay(plan: DayPlan): Promise<DayFigures> {
  const { agents, say } = plan;
  return onFullFloor({ agents, callsPerSecond: 60, shopSettings: SHOP, say }, (floor) => playDay(floor, plan));
}

async function playDay({ network, database, seat }: FullFloor, plan: DayPlan): Promise<DayFigures> {
  const orders = ordersOfDay(plan);
  await seat(workOf(plan));
  const cost = await StackCost.of(network, database);
  const series = new LoadSeries(network, LOOK_EVERY_MS);
  const begin = performance.now();
  plan.say(`${orders.length} orders in ${plan.minutes} min for ${plan.agents} agents`);
  const intake = { apiUrl: network.apiUrl, shop: network.shopName, webhookSecret: network.access.webhookSecret };
  const accepted = await sendPlanned(intake, orders, PREFIX);
  plan.say(`${accepted.size} orders accepted, ${round((performance.now() - begin) / 1_000)} s`);
  const until = performance.now() + LIMIT_MS;
  let last = -1;
  while (performance.now() < until) {
    const { final } = await countOrders(database, PREFIX);
    if (final >= accepted.size) break;
    if (final !== last) plan.say(`${final} of ${accepted.size} orders have ended`);
    last = final;
    await pause(5_000);
  }
  const seconds = (performance.now() - begin) / 1_000;
  const spent = await cost.perCall(orders.length);
  // The last outcomes are on their way to the shop.
  await pause(3_000);
  const points = await series.stop();
  return {
    ...plan,
    orders: orders.length,
    seconds: round(seconds),
    cost: spent,
    ...(await figuresOf({ network, database }, plan, orders, points, accepted)),
  };
}

/** Short and long talks, and some words of each kind. */
function workOf(plan: DayPlan): Parameters<FullFloor['seat']>[0] {
  const random = seededRandom(plan.seed + 1);
  return {
    talkMs: () => plan.talkMs * (0.5 + 2 * random() * random()),
    decide: () => {
      const share = random();
      if (share < 0.85) return { outcome: 'confirmed' };
      return share < 0.95 ? { outcome: 'declined' } : { outcome: 'no_decision' };
    },
  };
}

async function figuresOf(
  { network, database }: Pick<FullFloor, 'network' | 'database'>,
  plan: DayPlan,
  orders: readonly DayOrder[],
  points: readonly LoadPoint[],
  accepted: ReadonlySet<string>,
) {
  const calls = await callsOf(database, PREFIX);
  const times = await acceptedTimes(database, PREFIX);
  const first = new Map<number, number>();
  const numberOf = new Map(orders.map(({ phone }, i) => [phone, i]));
  for (const { method, number = '', at } of network.telephony?.carrier?.trunkLedger() ?? []) {
    const i = numberOf.get(number);
    if (method === 'INVITE' && i !== undefined && !first.has(i)) first.set(i, at.getTime());
  }
  const answered = calls.filter(({ result }) => result === 'answered' || result === 'abandoned');
  const abandoned = answered.filter(({ result }) => result === 'abandoned').length;
  const [from, to] = [calls[0]?.dialed ?? 0, calls.at(-1)?.dialed ?? 0];
  const busy = points.filter(({ ordersWaiting }) => ordersWaiting >= plan.agents);
  const at = (seconds: number | undefined): number => from + (seconds ?? 0) - (points[0]?.atSeconds ?? 0);
  const delays = points.flatMap(({ loopDelayMs }) => (loopDelayMs === null ? [] : [loopDelayMs])).sort((a, b) => a - b);
  const memory = points.map(({ memoryMb }) => memoryMb);
  return {
    calls: calls.length,
    answered: answered.length,
    abandonedRatio: answered.length === 0 ? null : round(abandoned / answered.length, 4),
    mostCallsAtOnce: mostAtOnce(calls),
    orderToInvite: spreadOf([...first].flatMap(([i, ms]) => (times.has(i) ? [(ms - times.get(i)!) / 1_000] : []))),
    answerToAgentMs: spreadOf(waitsOf(calls)),
    occupancy: round(occupancyOf(calls, plan.agents, from, to), 3),
    occupancyAtPeak:
      busy.length < 2
        ? null
        : round(occupancyOf(calls, plan.agents, at(busy[0]?.atSeconds), at(busy.at(-1)?.atSeconds)), 3),
    results: Object.fromEntries(
      [...new Set(calls.map(({ result }) => result ?? 'live'))].map((result) => [
        result,
        calls.filter((call) => (call.result ?? 'live') === result).length,
      ]),
    ),
    memoryMb: { begin: memory[0] ?? 0, most: Math.max(...memory), end: memory.at(-1) ?? 0 },
    loopDelayMs: { p50: percentile(delays, 0.5), p99: percentile(delays, 0.99), most: delays.at(-1) ?? null },
    scrapeMs: spreadOf(points.map(({ scrapeMs }) => scrapeMs)),
    ledger: await checkDay(network, database, accepted),
    storage: await storageOf(database, accepted.size),
    series: points,
  };
}
