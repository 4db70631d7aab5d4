import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  FAILPOINT_MODES,
  FAILPOINTS,
  type Failpoint,
  type FailpointMode,
} from '../../../src/platform/failpoints/failpoints.js';
import { makePrivateFolder, removePrivateFolder } from '../../../tools/dev-env/processes.js';
import { waitFor } from '../../support/wait.js';
import { judgeAll } from '../check/checker.js';
import type { Violation } from '../check/evidence.js';
import { collect, keepLedgers, tellHistories } from '../collect.js';
import { ShopClients } from '../load/client.js';
import { Floor } from '../load/floor.js';
import { Load } from '../load/load.js';
import { HandOver } from './hand-over.js';
import type { Service } from '../stack/service.js';
import { startStack, type Stack } from '../stack/stack.js';

/** One cell: a process dies, fails or stands still at one instant of an order's way. */
export interface Cell {
  readonly point: Failpoint;
  readonly mode: FailpointMode;
}

export interface CellResult extends Cell {
  /** Whether the instant was met at all; a cell that was not shows nothing. */
  readonly isMet: boolean;
  /** From the instant to the outcome that the shop acknowledged; null when none came. */
  readonly outcomeMs: number | null;
  /** From the instant until nothing was under way any more; null when something stayed. */
  readonly settledMs: number | null;
}

export interface MatrixResult {
  readonly cells: readonly CellResult[];
  readonly violations: readonly (Violation & { readonly invariant: string })[];
  readonly seconds: number;
}

const MET_WITHIN_MS = 30_000;
/** A call that was lost while it rang is not repeated before the carrier has surely let go of it. */
const OUTCOME_WITHIN_MS = 240_000;
const SETTLED_WITHIN_MS = 45_000;
/** An agent who was reserved to take a buyer over, for a call that never heard of it, is so for a minute. */
const RESERVED_WITHIN_MS = 75_000;
/** Instants of a buyer's way from one agent to the other, which the first one asks for. */
const NEEDS_HAND_OVER: ReadonlySet<Failpoint> = new Set([
  'transfer_asked',
  'consultation_begun',
  'conference_decided',
  'hand_over_decided',
  'handed_over',
]);
/** Instants that an order alone does not bring about: a leader must die first. */
const NEEDS_NEW_LEADER: ReadonlySet<Failpoint> = new Set(['leadership_taken', 'calls_adopted']);

/** All cells, in an order that puts the instants of one order side by side in different lanes. */
export function allCells(only?: readonly string[]): Cell[] {
  return FAILPOINTS.filter((point) => only?.includes(point) ?? true).flatMap((point) =>
    FAILPOINT_MODES.map((mode) => ({ point, mode })),
  );
}

/** Runs all cells, `lanes` at a time: each lane is an installation with two processes of the service and one order at a time. */
export async function runMatrix(plan: {
  readonly lanes: number;
  readonly only?: readonly string[];
  readonly keepIn: string;
  readonly say: (line: string) => void;
}): Promise<MatrixResult> {
  const beganAt = performance.now();
  const waiting = allCells(plan.only);
  const lanes = await Promise.all(
    Array.from({ length: Math.min(plan.lanes, waiting.length) }, (_, index) =>
      runLane(waiting, join(plan.keepIn, `lane-${index + 1}`), (line) => plan.say(`lane ${index + 1}: ${line}`)),
    ),
  );
  const order = allCells(plan.only).map(({ point, mode }) => `${point} ${mode}`);
  const cells = lanes
    .flatMap((lane) => lane.cells)
    .sort((a, b) => order.indexOf(`${a.point} ${a.mode}`) - order.indexOf(`${b.point} ${b.mode}`));
  return {
    cells,
    violations: lanes.flatMap((lane) => lane.violations),
    seconds: Math.round((performance.now() - beganAt) / 1_000),
  };
}

/** A cell is green when its instant was met, the outcome came, and nothing stayed behind. */
export function isCellGreen({ isMet, outcomeMs, settledMs }: CellResult): boolean {
  return isMet && outcomeMs !== null && settledMs !== null;
}

async function runLane(
  waiting: Cell[],
  keepIn: string,
  say: (line: string) => void,
): Promise<Pick<MatrixResult, 'cells' | 'violations'>> {
  const arms = makePrivateFolder('failpoints');
  const more = { NODE_ENV: 'test', FAILPOINTS: arms };
  const stack = await startStack({
    agents: 2,
    shops: [{ name: 'alder' }],
    services: ['north', 'south'].map((name) => ({ name, more })),
    wrapUpSeconds: 5,
    trunk: { maxChannels: 10, callsPerSecond: 10 },
    progress: say,
  });
  const clients = new ShopClients();
  const load = new Load(stack.shops, clients, { ordersPerSecond: 1, seed: process.pid, run: `m${process.pid}` });
  /** Of the cell at hand. */
  let handOver: HandOver['begin'] | null = null;
  const floor = new Floor({
    apiUrl: stack.door.url,
    agents: stack.agents,
    seed: 1,
    talkMs: { least: 1_000, most: 1_500 },
    word: { outcome: 'confirmed' },
    inTalk: (agent, call) => handOver?.(agent, call) ?? null,
  });
  try {
    await floor.open();
    stack.watch.begin();
    const cells: CellResult[] = [];
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      handOver = NEEDS_HAND_OVER.has(cell.point) ? new HandOver(stack, cell.point).begin : null;
      const result = await runCell(stack, { clients, load }, arms, cell);
      cells.push(result);
      say(`${cell.point} × ${cell.mode}: ${wordFor(result)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const evidence = await collect(stack, { clients, load, floor, faults: [], runId: `m${process.pid}` });
    const judgements = judgeAll(evidence);
    await tellHistories(stack, evidence, judgements);
    const violations = judgements.flatMap(({ id, violations: list }) => list.map((one) => ({ invariant: id, ...one })));
    if (violations.length > 0 || !cells.every(isCellGreen)) keepLedgers(stack, keepIn);
    return { cells, violations };
  } finally {
    stack.watch.end();
    await floor.close();
    await stack.stop();
    removePrivateFolder(arms);
  }
}

async function runCell(
  stack: Stack,
  { clients, load }: { clients: ShopClients; load: Load },
  arms: string,
  cell: Cell,
): Promise<CellResult> {
  await Promise.all(stack.services.map((service) => service.untilReady()));
  await waitFor('a leader', () => leaderOf(stack), 30_000);
  const shop = stack.shops[0]!;
  stack.note(`${cell.point} × ${cell.mode}`);
  const file = join(arms, cell.point);
  mkdirSync(arms, { recursive: true });
  if (cell.mode === 'kill9') for (const service of stack.services) service.expectEnd();
  // Armed in one step: nobody reads half a word.
  writeFileSync(`${file}.arming`, cell.mode);
  renameSync(`${file}.arming`, file);
  const order = load.make('00');
  void clients.order(shop, order);
  if (NEEDS_NEW_LEADER.has(cell.point)) await replaceLeader(stack, cell.mode);
  const hit = await waitFor('the instant', () => hitOf(arms, cell.point), MET_WITHIN_MS).catch(() => null);
  const metAt = performance.now();
  rmSync(file, { force: true });
  if (hit !== null && cell.mode === 'kill9') await revive(stack, hit);
  const isTold = (): boolean =>
    shop.shop
      .deliveries()
      .some((one) => one.orderId === order.orderId && one.event === 'order.outcome' && one.status === 200);
  const outcome = await waitFor('the outcome', isTold, OUTCOME_WITHIN_MS).catch(() => null);
  const outcomeMs = outcome === null ? null : Math.round(performance.now() - metAt);
  const isSettled = await waitFor(
    'the end of all',
    () => isQuiet(stack),
    NEEDS_HAND_OVER.has(cell.point) ? RESERVED_WITHIN_MS : SETTLED_WITHIN_MS,
  ).catch(() => false);
  const settledMs = isSettled ? Math.round(performance.now() - metAt) : null;
  for (const name of readdirSync(arms)) rmSync(join(arms, name), { force: true });
  return { ...cell, isMet: hit !== null, outcomeMs, settledMs };
}

async function leaderOf(stack: Stack): Promise<Service | undefined> {
  const pid = await stack.database.leaderPid().catch(() => null);
  return stack.services.find((service) => service.isRunning && service.pid === pid);
}

/** The leader dies; the other process takes over and meets the instant. */
async function replaceLeader(stack: Stack, mode: FailpointMode): Promise<void> {
  const leader = await waitFor('a leader', () => leaderOf(stack), 30_000);
  // In a talk, so that there is something to take over.
  await waitFor('a talk', () => stack.database.hasTalk().catch(() => false), 20_000).catch(() => null);
  await leader.kill();
  void leader.start().catch(() => undefined);
  // It may be the one that meets the instant.
  if (mode === 'kill9') leader.expectEnd();
}

function hitOf(arms: string, point: Failpoint): number | null {
  const name = readdirSync(arms).find((one) => one.startsWith(`${point}.hit-`));
  return name === undefined ? null : Number(name.split('.hit-')[1]);
}

async function revive(stack: Stack, pid: number): Promise<void> {
  const service = stack.services.find((one) => one.pid === pid);
  if (service === undefined) return;
  service.expectEnd();
  await waitFor('the end of the process', () => !service.isRunning, 10_000).catch(() => null);
  await service.start();
}

async function isQuiet(stack: Stack): Promise<boolean> {
  const left = await stack.database.unsettled().catch(() => null);
  return left !== null && Object.values(left).every((count) => count === 0);
}

function wordFor(result: CellResult): string {
  if (!result.isMet) return 'NOT MET';
  if (result.outcomeMs === null) return 'NO OUTCOME';
  if (result.settledMs === null) return 'NOT SETTLED';
  return `outcome after ${(result.outcomeMs / 1_000).toFixed(1)} s`;
}

/** The matrix as a table in Markdown. */
export function describeMatrix({ cells, violations, seconds }: MatrixResult): string {
  const word = (point: Failpoint, mode: FailpointMode): string => {
    const cell = cells.find((one) => one.point === point && one.mode === mode);
    if (cell === undefined) return '–';
    if (!isCellGreen(cell)) return `**${wordFor(cell)}**`;
    return `${((cell.outcomeMs ?? 0) / 1_000).toFixed(1)} s`;
  };
  const points = FAILPOINTS.filter((point) => cells.some((cell) => cell.point === point));
  const lines = [
    `| instant | ${FAILPOINT_MODES.join(' | ')} |`,
    `| --- | ${FAILPOINT_MODES.map(() => '---').join(' | ')} |`,
    ...points.map((point) => `| \`${point}\` | ${FAILPOINT_MODES.map((mode) => word(point, mode)).join(' | ')} |`),
    '',
    `${cells.filter(isCellGreen).length} of ${cells.length} cells green, ${violations.length} violations of invariants, ${Math.round(seconds / 60)} min.`,
    ...violations.slice(0, 20).map(({ invariant, what }) => `- ${invariant}: ${what}`),
  ];
  return lines.join('\n');
}

const BEGIN = '<!-- kill matrix: begin -->';
const END = '<!-- kill matrix: end -->';

/** Puts the table into a page, between its two marks. */
export function intoPage(page: string, table: string): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error('the page has no place for the kill matrix');
  return `${page.slice(0, from + BEGIN.length)}\n\n${table}\n\n${page.slice(to)}`;
}
