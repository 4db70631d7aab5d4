import type { CallRun } from './minimal-client.js';
import type { CallFigures } from './calls.js';
import type { DayFigures } from './day.js';
import { round, type Spread } from './figures.js';
import type { IntakeFigures } from './intake.js';
import type { MemoryFigures } from './memory.js';
import type { ServiceRun } from './service-rate.js';
import { PARTS, type CostPerCall } from './stack-cost.js';

/** What one run has measured; null: left out. */
export interface Figures {
  readonly machine: {
    readonly cores: number;
    readonly model: string;
    readonly memoryGb: number;
    readonly node: string;
  };
  readonly at: string;
  readonly intake: IntakeFigures | null;
  readonly calls: CallFigures | null;
  readonly memory: MemoryFigures | null;
  readonly day: DayFigures | null;
}

/** The figures as Markdown, to be read in a terminal and put into docs/performance.md. */
export function tableOf({ machine, at, intake, calls, memory, day }: Figures): string {
  return [
    `${at.slice(0, 10)}, ${machine.cores} cores of ${machine.model.trim()}, ${machine.memoryGb} GB, Node ${machine.node.slice(1)}`,
    ...(intake === null ? [] : ['', ...intakeTable(intake)]),
    ...(calls === null ? [] : ['', ...callTable(calls)]),
    ...(memory === null ? [] : ['', ...memoryTable(memory)]),
    ...(day === null ? [] : ['', ...dayTable(day)]),
  ].join('\n');
}

const ms = ({ n, p50, p95, p99 }: Spread): string => `${p50 ?? '–'} / ${p95 ?? '–'} / ${p99 ?? '–'} (${n})`;

function intakeTable(o: IntakeFigures): string[] {
  const rows: [string, string][] = [
    ['start to first answer, s', String(o.startUpSeconds)],
    ['at 200 orders a second: accepted', `${o.atRate.accepted} of ${o.atRate.sent}`],
    ['their answer, ms: p50 / p95 / p99', ms(o.atRate.answerMs)],
    ['as many as it takes, 64 senders: orders a second', String(o.atMost.acceptedPerSecond)],
    ['their answer, ms: p50 / p95 / p99', ms(o.atMost.answerMs)],
    [`bare inserts a second into the same Postgres (${o.bare.by})`, String(o.bare.perSecond)],
    ['orders for each bare insert', String(o.ofBare)],
    [
      'CPU for an order, ms: service / Postgres / Redis / senders',
      `${o.cpuMsPerOrder} / ${o.postgresCpuMsPerOrder} / ${o.redisCpuMsPerOrder} / ${o.sendersCpuMsPerOrder}`,
    ],
    ['event-loop delay p99 under that load, ms', String(o.eventLoopP99Ms ?? '–')],
    ['memory before / with the orders waiting, MB', `${o.memoryEmptyMb} / ${o.memoryFullMb} (${o.waiting} orders)`],
    ['memory for 1,000 waiting orders, MB', String(o.memoryPerThousandWaitingMb)],
    ['/metrics, ms: p50 / p95 / p99', ms(o.scrapeMs)],
  ];
  return ['| intake | |', '| --- | --- |', ...rows.map(([name, value]) => `| ${name} | ${value} |`)];
}

function callTable(o: CallFigures): string[] {
  const common = ({ offeredPerSecond, calls, bridged, placedPerSecond, answerToAgentMs, atOnce }: CallRun): string =>
    `${offeredPerSecond} | ${placedPerSecond} | ${bridged} of ${calls} | ${atOnce} | ${ms(answerToAgentMs)}`;
  const ofService = (run: ServiceRun): string =>
    `${ms(run.orderToInviteMs)} | ${run.told} in ${run.seconds} s | ${run.memoryMb} | ${run.longestLoopDelayMs ?? '–'}`;
  return [
    `${o.agents} agents on standing legs, talks of ${o.talkMs} ms; carried (99 of 100 bridged): minimal client ${o.minimalCarries ?? 'none'}, service ${o.serviceCarries ?? 'none'} calls a second`,
    '',
    '| who | offered/s | placed/s | bridged in 2 s | at once | answer → agent, ms | order → INVITE, ms | told the shop | MB | loop, longest, ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...o.minimal.map((run) => `| minimal | ${common(run)} | | | | |`),
    ...o.service.map((run) => `| service | ${common(run)} | ${ofService(run)} |`),
    '',
    ...costTable(o.service.map(({ offeredPerSecond, cost }) => [`${offeredPerSecond} orders/s`, cost])),
  ];
}

function costTable(runs: readonly (readonly [name: string, cost: CostPerCall])[]): string[] {
  return [
    `| CPU of one order with all that follows, ms | ${PARTS.join(' | ')} | cores used | commits | WAL, kB | Redis commands | notices |`,
    `| --- | ${PARTS.map(() => '---').join(' | ')} | --- | --- | --- | --- | --- |`,
    ...runs.map(
      ([name, { cpuMs, coresUsed, commits, walKb, redisCommands, notices }]) =>
        `| ${name} | ${PARTS.map((part) => cpuMs[part]).join(' | ')} | ${coresUsed} | ${commits} | ${walKb} | ${redisCommands} | ${notices} |`,
    ),
  ];
}

function memoryTable(o: MemoryFigures): string[] {
  const { residentMb: resident, heapMb: heap } = o;
  return [
    `${o.callsLive} calls alive with ${o.agents} agents, ${o.ordersWaiting} orders waiting`,
    '',
    '| MB | started | agents signed in | calls and orders | most | after a collection |',
    '| --- | --- | --- | --- | --- | --- |',
    `| resident | ${resident.started} | ${resident.seated} | ${resident.full} | ${resident.most} | ${resident.collected} |`,
    `| held by the program | ${heap.started} | ${heap.seated} | ${heap.full} | | |`,
    '',
    `an agent ${o.perAgentKb} kB, a live call ${o.perLiveCallKb} kB (orders waiting included); a talk takes ${o.talkShare.pbx} of a core of the exchange, ${o.talkShare.service} of the service`,
  ];
}

function dayTable(o: DayFigures): string[] {
  const share = (value: number | null): string => (value === null ? '–' : `${round(value * 100, 2)} %`);
  const rows: [string, string][] = [
    [
      'orders accepted, told to the shop',
      `${o.ledger.accepted}, ${o.ledger.told} (and ${o.ledger.attemptsTold} attempts)`,
    ],
    ['calls, answered, abandoned', `${o.calls}, ${o.answered}, ${share(o.abandonedRatio)}`],
    ['from the first order to the last outcome, s', String(o.seconds)],
    ['order → INVITE, s: p50 / p95 / p99', ms(o.orderToInvite)],
    ['answer → agent, ms: p50 / p95 / p99', ms(o.answerToAgentMs)],
    ['occupancy, while orders waited', `${share(o.occupancy)}, ${share(o.occupancyAtPeak)}`],
    ['calls at once, most', String(o.mostCallsAtOnce)],
    ['memory at the begin / most / end, MB', `${o.memoryMb.begin} / ${o.memoryMb.most} / ${o.memoryMb.end}`],
    [
      'event loop, longest delay in 5 s, ms: p50 / p99 / most',
      `${o.loopDelayMs.p50} / ${o.loopDelayMs.p99} / ${o.loopDelayMs.most}`,
    ],
    ['/metrics, ms: p50 / p95 / p99', ms(o.scrapeMs)],
    ['does not hold', o.ledger.problems.join('; ') || 'nothing'],
  ];
  return [
    `${o.orders} orders of a day with a sale in ${o.minutes} min, ${o.agents} agents, talks of ${o.talkMs} ms on average`,
    '',
    '| a day | |',
    '| --- | --- |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    ...costTable([['the day', o.cost]]),
    '',
    '| of each order | rows | bytes | bytes of indexes |',
    '| --- | --- | --- | --- |',
    ...o.storage.map(({ table, rows, bytes, indexBytes }) => `| ${table} | ${rows} | ${bytes} | ${indexBytes} |`),
  ];
}
