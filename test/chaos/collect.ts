import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Judgement } from './check/checker.js';
import { matchInvites, type Evidence } from './check/evidence.js';
import type { ShopClients } from './load/client.js';
import type { Floor } from './load/floor.js';
import type { Load } from './load/load.js';
import type { FaultRecord } from './nemesis/fault.js';
import type { Unsettled } from './stack/database-ledger.js';
import type { Stack } from './stack/stack.js';

export interface Figures {
  readonly ordersTaken: number;
  readonly ordersFinal: number;
  readonly calls: number;
  readonly invites: number;
  readonly talks: number;
  readonly deliveries: number;
  readonly refusedPosts: number;
  /** Of the answers to posts that were taken, in ms. */
  readonly intakeMs: { readonly p50: number; readonly p99: number };
  /** From the answer at the carrier to agent or message, by the exchange's ledger, in ms. */
  readonly servedMs: { readonly p50: number; readonly p99: number; readonly most: number };
  readonly settleSeconds: number;
}

/** Whatever is due comes to an end within it, also while agents are short; what is not due yet is left out by {@link settle}. */
const STALLED_MS = 120_000;

/** Waits until nothing is under way any more, for as long as things come to their end. */
export async function settle(
  stack: Stack,
  limitSeconds: number,
  say: (line: string) => void,
): Promise<{ seconds: number; left: Unsettled | null }> {
  const from = performance.now();
  let left: Unsettled | null = null;
  let toldAt = from;
  let fewest = Infinity;
  let forwardAt = from;
  while (performance.now() - from < limitSeconds * 1_000 && performance.now() - forwardAt < STALLED_MS) {
    left = await stack.database.unsettled().catch(() => null);
    if (left !== null && left.openOrders + left.pendingDeliveries < fewest) {
      fewest = left.openOrders + left.pendingDeliveries;
      forwardAt = performance.now();
    }
    if (left !== null && Object.values(left).every((count) => count === 0)) {
      left = null;
      break;
    }
    if (performance.now() - toldAt > 15_000) {
      say(`still under way: ${JSON.stringify(left)}`);
      toldAt = performance.now();
    }
    await pause(500);
  }
  // Orders whose next call is due later have come as far as they can.
  if (
    left !== null &&
    left.openOrders === left.notYetDue &&
    left.liveCalls + left.pendingDeliveries + left.busyAgents === 0
  )
    left = null;
  // The exchange's and the carrier's ledgers are written a moment later, and the metric is counted anew every few seconds.
  await pause(6_000);
  return { seconds: Math.round((performance.now() - from) / 1_000), left };
}

/** All ledgers of a run, read once everything has come to its end. */
export async function collect(
  stack: Stack,
  run: {
    readonly clients: ShopClients;
    readonly load: Load;
    readonly floor: Floor;
    readonly faults: readonly FaultRecord[];
    readonly runId: string;
  },
): Promise<Evidence> {
  stack.watch.looks.push(await stack.watch.look());
  const metrics = await Promise.all(
    stack.services.map(async ({ name, url }) => ({
      where: `metrics of ${name}`,
      text: await (await fetch(`${url}/metrics`)).text(),
    })),
  );
  const orders = [...run.load.orders.values()];
  const personal = orders.flatMap((order) => [
    order.customer.phone.slice(1),
    order.customer.phone.slice(4),
    order.customer.name,
    ...(order.delivery.address === null ? [] : [order.delivery.address]),
  ]);
  return {
    posts: run.clients.posts,
    said: run.floor.said,
    phones: new Map(orders.map((order) => [order.orderId, order.customer.phone])),
    shops: new Map(stack.shops.map((shop) => [shop.name, shop.settings])),
    trunk: stack.carrier.trunkLedger(),
    records: stack.carrier.callRecords(),
    tries: stack.shops.flatMap(({ name, shop }) => shop.deliveries().map((one) => ({ ...one, shop: name }))),
    shopProblems: stack.shops.flatMap(({ name, shop }) => shop.problems().map((problem) => `${name}: ${problem}`)),
    exchange: stack.exchange.read(),
    looks: stack.watch.looks,
    rows: await stack.database.read(),
    faults: run.faults,
    ends: stack.services.flatMap((service) => service.ends),
    texts: [
      ...metrics,
      ...stack.services.map(({ name, logFile }) => ({
        where: `log of ${name}`,
        text: readFileSync(logFile, 'utf8'),
      })),
    ],
    secrets: [...personal, `${run.runId}-`, ...stack.agents.map((agent) => agent.password), stack.pbx.ariPassword],
    abandonedRatios: ratiosIn(metrics[0]?.text ?? ''),
    limits: { maxChannels: stack.limits.maxChannels, reservedSeconds: 60, maxTalkSeconds: stack.limits.maxTalkSeconds },
  };
}

function ratiosIn(text: string): Map<string, number> {
  const found = text.matchAll(/^dialer_abandoned_ratio\{(?=[^}]*window="24h")[^}]*shop="([^"]+)"[^}]*\} (\S+)$/gm);
  return new Map([...found].map(([, shop = '', value]) => [shop, Number(value)]));
}

/** For each violation that names an order, the order's history goes into the run's log. */
export async function tellHistories(stack: Stack, { rows }: Evidence, judgements: readonly Judgement[]): Promise<void> {
  const refs = new Map(rows.orders.map((order) => [order.orderId, order.id]));
  for (const { id, violations } of judgements) {
    for (const violation of violations.slice(0, 5)) {
      stack.note(`${id}: ${violation.what}${violation.at === undefined ? '' : ` (${violation.at.toISOString()})`}`);
      const orderRef = refs.get(violation.orderId ?? '');
      if (orderRef === undefined) continue;
      for (const line of await stack.database.historyOf(orderRef)) stack.note(`   ${JSON.stringify(line)}`);
    }
  }
}

/** Everything that a person needs to find out what happened. */
export function keepLedgers({ folder, carrier, pbx, postgres, redis }: Stack, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(folder)) {
    if (/\.(log|json)$/.test(name)) copyFileSync(join(folder, name), join(to, name));
  }
  for (const [name, file] of [
    ['carrier-calls.log', join(carrier.instance.folder, 'log', 'calls.log')],
    ['carrier-trunk.jsonl', join(carrier.instance.folder, 'log', 'trunk.jsonl')],
    ['exchange.log', pbx.instance.logFile],
    ['exchange-legs.log', join(pbx.instance.folder, 'log', 'cel-custom', 'legs.log')],
    ['postgres-server.log', postgres.logFile],
    ['redis-server.log', redis.logFile],
  ] as const) {
    if (existsSync(file)) copyFileSync(file, join(to, name));
  }
}

/** What a run was like, in numbers. */
export function figuresOf(evidence: Evidence, settleSeconds: number): Figures {
  const { posts, rows, tries } = evidence;
  const taken = posts.filter((post) => post.status === 202 && post.kind === 'created');
  const invites = matchInvites(evidence);
  const first = new Map<string, number>();
  for (const { event, app, legId, at } of evidence.exchange) {
    if (event !== 'BRIDGE_ENTER' && !(event === 'APP_START' && app === 'playback')) continue;
    if (!first.has(legId)) first.set(legId, at.getTime());
  }
  const served = invites.flatMap(({ record, call }) => {
    const at = call === null ? undefined : first.get(call.id);
    return record?.answeredAt == null || at === undefined ? [] : [at - record.answeredAt.getTime()];
  });
  const intake = taken.map((post) => post.answeredAt.getTime() - post.sentAt.getTime());
  return {
    ordersTaken: new Set(taken.map((post) => `${post.shop} ${post.orderId}`)).size,
    ordersFinal: rows.orders.filter((order) => order.status === 'final').length,
    calls: rows.calls.length,
    invites: invites.length,
    talks: rows.calls.filter((call) => call.connectedAt !== null).length,
    deliveries: tries.filter((one) => one.status === 200).length,
    refusedPosts: posts.filter((post) => post.status === 0 || post.status >= 500).length,
    intakeMs: { p50: quantile(intake, 0.5), p99: quantile(intake, 0.99) },
    servedMs: { p50: quantile(served, 0.5), p99: quantile(served, 0.99), most: quantile(served, 1) },
    settleSeconds,
  };
}

function quantile(list: readonly number[], share: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
