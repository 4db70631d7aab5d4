import type { CallRun } from './minimal-client.js';
import type { CallFigures, ServiceRun } from './calls.js';
import type { Spread } from './figures.js';
import type { IntakeFigures } from './intake.js';

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
}

/** The figures as Markdown, to be read in a terminal and put into docs/performance.md. */
export function tableOf({ machine, at, intake, calls }: Figures): string {
  return [
    `${at.slice(0, 10)}, ${machine.cores} cores of ${machine.model.trim()}, ${machine.memoryGb} GB, Node ${machine.node.slice(1)}`,
    ...(intake === null ? [] : ['', ...intakeTable(intake)]),
    ...(calls === null ? [] : ['', ...callTable(calls)]),
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
    `${ms(run.orderToInviteMs)} | ${run.writeBacksPerSecond} | ${run.memoryMb} | ${run.cpuShare} | ${run.eventLoopP99Ms ?? '–'}`;
  return [
    `${o.agents} agents on standing legs, talks of ${o.talkMs} ms; carried (99 of 100 bridged): minimal client ${o.minimalCarries ?? 'none'}, service ${o.serviceCarries ?? 'none'} calls a second`,
    '',
    '| who | offered/s | placed/s | bridged in 2 s | at once | answer → agent, ms | order → INVITE, ms | write-backs/s | MB | cores | loop p99, ms |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...o.minimal.map((run) => `| minimal | ${common(run)} | | | | | |`),
    ...o.service.map((run) => `| service | ${common(run)} | ${ofService(run)} |`),
  ];
}
