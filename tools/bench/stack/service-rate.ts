import type pg from 'pg';
import type { Network } from '../../dev-env/network.js';
import { acceptedTimes, callsOf, countOrders, mostAtOnce, waitsOf } from './call-rows.js';
import { pause, round, spreadOf, type Spread } from './figures.js';
import { LoadSeries, type LoadPoint } from './load-series.js';
import type { CallRun } from './minimal-client.js';
import { sendOrders } from './order-load.js';
import { StackCost, type CostPerCall } from './stack-cost.js';

export interface ServiceRun extends CallRun {
  /** From the order's acceptance to its INVITE at the carrier. */
  readonly orderToInviteMs: Spread;
  /** Orders that came to their end within {@link LIMIT_MS} of the last one sent. */
  readonly final: number;
  /** Outcomes that the shop acknowledged, and how many of them a second while calls were placed. */
  readonly told: number;
  readonly writeBacksPerSecond: number;
  /** From the first order to the last outcome. */
  readonly seconds: number;
  readonly cost: CostPerCall;
  /** Most resident memory, MB. */
  readonly memoryMb: number;
  readonly longestLoopDelayMs: number | null;
  readonly series: readonly LoadPoint[];
}

/** So long after the last order is waited for what is still to come. */
const LIMIT_MS = 90_000;
const CONNECT_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 5_000;

/** Orders at a rate, each of them called at once if there is an agent, and all that follows of them up to the shop's acknowledgement. */
export async function playRate(
  network: Network,
  database: pg.Client,
  plan: { perSecond: number; seconds: number; prefix: string; phoneOf: (i: number) => string },
): Promise<ServiceRun> {
  const { perSecond, prefix, phoneOf } = plan;
  const toldBefore = acknowledged(network);
  const cost = await StackCost.of(network, database);
  const series = new LoadSeries(network, LOOK_EVERY_MS);
  const begin = performance.now();
  const count = Math.round(perSecond * plan.seconds);
  await sendOrders(
    { apiUrl: network.apiUrl, shop: network.shopName, webhookSecret: network.access.webhookSecret },
    { perSecond, seconds: plan.seconds, phoneOf, prefix },
  );
  const until = performance.now() + LIMIT_MS;
  const isDone = async (): Promise<boolean> =>
    (await countOrders(database, prefix)).final >= count && acknowledged(network) - toldBefore >= count;
  while (performance.now() < until && !(await isDone())) await pause(500);
  const seconds = (performance.now() - begin) / 1_000;
  const spent = await cost.perCall(count);
  const points = await series.stop();
  const calls = await callsOf(database, prefix);
  const waits = waitsOf(calls);
  const accepted = await acceptedTimes(database, prefix);
  const invited = firstInvites(network);
  const placing = Math.max(1, (calls.at(-1)?.dialed ?? 0) - (calls[0]?.dialed ?? 0));
  const told = acknowledged(network) - toldBefore;
  return {
    offeredPerSecond: perSecond,
    calls: count,
    bridged: waits.filter((ms) => ms <= CONNECT_WITHIN_MS).length,
    placedPerSecond: round(calls.length / placing),
    answerToAgentMs: spreadOf(waits),
    atOnce: mostAtOnce(calls),
    orderToInviteMs: spreadOf(
      [...accepted].flatMap(([i, at]) => {
        const invitedAt = invited.get(phoneOf(i));
        return invitedAt === undefined ? [] : [invitedAt - at];
      }),
    ),
    final: (await countOrders(database, prefix)).final,
    told,
    writeBacksPerSecond: round(told / seconds),
    seconds: round(seconds),
    cost: spent,
    memoryMb: Math.max(...points.map(({ memoryMb }) => memoryMb)),
    longestLoopDelayMs: points.reduce<number | null>(
      (most, { loopDelayMs }) => (loopDelayMs === null ? most : Math.max(most ?? 0, loopDelayMs)),
      null,
    ),
    series: points,
  };
}

/** Deliveries that the shop took, each counted once. */
const acknowledged = (network: Network): number =>
  network.shop.deliveries().filter(({ status, isRepeat }) => status === 200 && !isRepeat).length;

function firstInvites(network: Network): Map<string, number> {
  const first = new Map<string, number>();
  for (const { method, number, at } of network.telephony?.carrier?.trunkLedger() ?? [])
    if (method === 'INVITE' && number !== undefined && !first.has(number)) first.set(number, at.getTime());
  return first;
}
