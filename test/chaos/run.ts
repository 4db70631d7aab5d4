import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { judgeAll, type Judgement } from './check/checker.js';
import { collect, figuresOf, keepLedgers, settle, tellHistories, type Figures } from './collect.js';
import { ShopClients } from './load/client.js';
import { Floor } from './load/floor.js';
import { Load } from './load/load.js';
import { measure, type Figure } from './figures.js';
import type { Fault, FaultRecord } from './nemesis/fault.js';
import { Nemesis } from './nemesis/nemesis.js';
import type { Unsettled } from './stack/database-ledger.js';
import { startStack, type Stack } from './stack/stack.js';

export interface RunPlan {
  readonly seconds: number;
  readonly seed: number;
  readonly ordersPerSecond: number;
  readonly agents: number;
  readonly faults: readonly Fault[];
  /** How long the installation may take to bring everything to its end once all is healed. */
  readonly settleSeconds: number;
  /** Into the environment of every process of the service. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Logs and ledgers of a run that is not green are copied here; of a green one too with `keepsAlways`. */
  readonly keepIn: string;
  readonly keepsAlways?: boolean;
  readonly say: (line: string) => void;
}

/** What came out of a run. */
export interface RunResult {
  readonly seed: number;
  readonly faults: readonly FaultRecord[];
  readonly judgements: readonly Judgement[];
  readonly figures: Figures;
  /** What the faults have cost, by the ledgers. */
  readonly measured: readonly Figure[];
  /** What was still under way when the time was over; null when all had come to its end. */
  readonly unsettled: Unsettled | null;
  /** Where logs and ledgers lie; null when they were not kept. */
  readonly folder: string | null;
}

const WARM_UP_MS = 6_000;
const TRUNK = { maxChannels: 60, callsPerSecond: 20 };
const SHOPS = [
  { name: 'alder' },
  { name: 'birch' },
  { name: 'cedar', maxConcurrentCalls: 6 },
  { name: 'elm' },
  { name: 'fir' },
  { name: 'night', isClosed: true },
];

/**
 * One run: the installation under load while faults are done to it; then everything is healed, has its time to come to its end, and is judged by the
 * ledgers.
 */
export async function run(plan: RunPlan): Promise<RunResult> {
  const stack = await startStack({
    agents: plan.agents,
    shops: SHOPS,
    services: ['north', 'south'].map((name) => ({ name, more: plan.environment ?? {} })),
    wrapUpSeconds: 5,
    hasSmallDisk: plan.faults.some(({ name }) => name === 'postgres_full'),
    trunk: TRUNK,
    progress: plan.say,
  });
  try {
    const result = await runOn(stack, plan);
    const isKept = plan.keepsAlways === true || !isGreen(result);
    if (isKept) keepLedgers(stack, plan.keepIn);
    return { ...result, folder: isKept ? plan.keepIn : null };
  } finally {
    await stack.stop();
  }
}

/** Whether a run shows what it is meant to show: every invariant held, and all came to its end. */
export function isGreen({ judgements, unsettled }: Pick<RunResult, 'judgements' | 'unsettled'>): boolean {
  return unsettled === null && judgements.every(({ violations }) => violations.length === 0);
}

async function runOn(stack: Stack, plan: RunPlan): Promise<Omit<RunResult, 'folder'>> {
  const say = (line: string): void => {
    stack.note(line);
    plan.say(line);
  };
  const runId = randomBytes(3).toString('hex');
  const clients = new ShopClients();
  const open = stack.shops.filter((shop) => shop.settings.isOpen);
  const load = new Load(open, clients, { ordersPerSecond: plan.ordersPerSecond, seed: plan.seed, run: runId });
  const floor = new Floor({
    apiUrl: stack.door.url,
    agents: stack.agents,
    seed: plan.seed,
    talkMs: { least: 600, most: 1_800 },
  });
  const nemesis = new Nemesis(stack, floor, plan.faults, plan.seed, say);
  try {
    say(`${plan.agents} agents sign in`);
    await floor.open();
    stack.watch.begin();
    const closed = await postToClosedShops(stack, load, clients);
    say(`${plan.ordersPerSecond} orders a second for ${plan.seconds} s`);
    const untilMs = performance.now() + plan.seconds * 1_000;
    load.begin();
    await pause(Math.min(WARM_UP_MS, plan.seconds * 500));
    await nemesis.run(untilMs);
    await pause(Math.max(0, untilMs - performance.now()));
    load.end();
    say('everything is healed, and what is under way may come to its end');
    await nemesis.healAll();
    for (const { shop, order } of closed) await clients.cancel(shop, order);
    await clients.settled();
    const settled = await settle(stack, plan.settleSeconds, say);
    const evidence = await collect(stack, { clients, load, floor, faults: nemesis.records, runId });
    const judgements = judgeAll(evidence);
    const { texts: _, ...told } = evidence;
    writeFileSync(
      join(stack.folder, 'evidence.json'),
      JSON.stringify(told, (_key, value: unknown) => (value instanceof Map ? [...value] : value)),
    );
    await tellHistories(stack, evidence, judgements);
    return {
      seed: plan.seed,
      faults: nemesis.records,
      judgements,
      figures: figuresOf(evidence, settled.seconds),
      measured: measure(evidence, settled.seconds),
      unsettled: settled.left,
    };
  } finally {
    load.end();
    stack.watch.end();
    await floor.close();
  }
}

/** Orders that nobody may be called for; they are withdrawn in the end. */
async function postToClosedShops(stack: Stack, load: Load, clients: ShopClients) {
  const closed = stack.shops
    .filter((shop) => !shop.settings.isOpen)
    .flatMap((shop) => ['00', '06', '12'].map((ending) => ({ shop, order: load.make(ending) })));
  for (const { shop, order } of closed) await clients.order(shop, order);
  return closed;
}
