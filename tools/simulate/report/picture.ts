import { percentile } from '../../../src/core/kpi/kpi.js';
import type { AttemptResult } from '../../../src/core/call/result.js';
import type { RunResult } from '../run.js';
import type { Scenario } from '../scenario/scenario.js';
import { escape, Panel, roundLabels, type PanelOptions } from './chart.js';
import { SLICE_MS, type Slice } from './ledger.js';

const COLOR = {
  arrivals: 'var(--blue)',
  waiting: 'var(--orange)',
  answered: 'var(--green)',
  abandoned: 'var(--red)',
  machine: 'var(--violet)',
  noAnswer: 'var(--sand)',
  refused: 'var(--grey)',
  failed: 'var(--dark)',
  wrapUp: 'var(--teal)',
  reserved: 'var(--sand)',
  ready: 'var(--pale)',
  pause: 'var(--grey)',
  occupancy: 'var(--ink)',
};

const RESULTS: readonly { name: string; color: string; of: readonly AttemptResult[] }[] = [
  { name: 'answered', color: COLOR.answered, of: ['answered'] },
  { name: 'abandoned', color: COLOR.abandoned, of: ['abandoned'] },
  { name: 'machine', color: COLOR.machine, of: ['machine'] },
  { name: 'no answer', color: COLOR.noAnswer, of: ['no_answer'] },
  {
    name: 'busy, declined, switched off',
    color: COLOR.refused,
    of: ['busy', 'rejected', 'unobtainable', 'invalid_number'],
  },
  { name: 'failed, withdrawn', color: COLOR.failed, of: ['carrier_failure', 'system_failure', 'withdrawn'] },
];

/** The day as a page of its own: figures and five panels over the same hours. */
export function pictureOf(scenario: Scenario, seed: number, result: RunResult): string {
  const { slices } = result;
  const panels = [arrivals, calls, agents, abandoned, firstCalls].map((panel) => panel(scenario, slices).svg());
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(scenario.name)}, seed ${seed}</title><style>${STYLE}</style>
<main><h1>${escape(scenario.name)} <small>seed ${seed}</small></h1><p>${escape(scenario.title)}</p>
<dl>${tiles(result)}</dl>${panels.map((svg) => `<figure>${svg}</figure>`).join('')}
<footer>event log sha256 ${result.hash}</footer></main></html>
`;
}

function tiles({ figures, violations }: RunResult): string {
  const { firstCallSeconds: wait } = figures;
  const list: [string, string][] = [
    ['occupancy', percent(figures.occupancy)],
    ['abandoned', percent(figures.abandonedRatio, 2)],
    ['first call p50', duration(wait.p50)],
    ['p95', duration(wait.p95)],
    ['p99', duration(wait.p99)],
    ['within 5 min', percent(figures.withinFiveMinutes)],
    ['within 10 min', percent(figures.withinTenMinutes)],
    ['confirmed', percent(figures.confirmedRatio)],
    ['orders', figures.orders.toLocaleString('en')],
    ['calls per order', figures.callsPerOrder?.toFixed(2) ?? '–'],
    ['most lines', String(figures.lines.most)],
    ['invariants broken', String(violations.length)],
  ];
  return list.map(([name, value]) => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`).join('');
}

function arrivals(scenario: Scenario, slices: readonly Slice[]): Panel {
  const most = Math.max(1, ...slices.map((slice) => Math.max(slice.arrivals, slice.waiting)));
  const panel = new Panel(
    frame(scenario, slices, {
      title: 'Orders',
      unit: 'per 5 minutes; waiting for a call at their end',
      labels: roundLabels(most),
      legend: [
        { name: 'received', color: COLOR.arrivals },
        { name: 'waiting, pauses between attempts included', color: COLOR.waiting, isLine: true },
      ],
    }),
  );
  panel.bars(
    slices.map((slice) => ({
      ...span(slice),
      values: [slice.arrivals],
      tell: `${clock(scenario, slice.fromMs)}: ${slice.arrivals} received, ${slice.waiting} waiting`,
    })),
    [COLOR.arrivals],
  );
  panel.line(
    slices.map((slice) => ({ atMs: slice.fromMs + SLICE_MS, value: slice.waiting })),
    COLOR.waiting,
  );
  return panel;
}

function calls(scenario: Scenario, slices: readonly Slice[]): Panel {
  const counts = slices.map((slice) =>
    RESULTS.map(({ of }) => of.reduce((sum, result) => sum + (slice.calls[result] ?? 0), 0)),
  );
  const most = Math.max(1, ...counts.map((count) => count.reduce((sum, n) => sum + n, 0)));
  const panel = new Panel(
    frame(scenario, slices, {
      title: 'Calls',
      unit: 'placed per 5 minutes',
      labels: roundLabels(most),
      legend: RESULTS,
    }),
  );
  panel.bars(
    slices.map((slice, i) => ({
      ...span(slice),
      values: counts[i]!,
      tell: `${clock(scenario, slice.fromMs)}: ${RESULTS.map(({ name }, j) => `${name} ${counts[i]![j]}`).join(', ')}`,
    })),
    RESULTS.map(({ color }) => color),
  );
  return panel;
}

function agents(scenario: Scenario, slices: readonly Slice[]): Panel {
  const states = [
    { name: 'talking', color: COLOR.answered, of: 'talking' },
    { name: 'wrap-up', color: COLOR.wrapUp, of: 'wrapUp' },
    { name: 'reserved', color: COLOR.reserved, of: 'reserved' },
    { name: 'ready', color: COLOR.ready, of: 'ready' },
    { name: 'break', color: COLOR.pause, of: 'break' },
  ] as const;
  const inState = (slice: Slice, state: (typeof states)[number]['of']): number =>
    slice.agentSeconds[state] / (SLICE_MS / 1_000);
  const totals = slices.map((slice) => states.reduce((sum, { of }) => sum + inState(slice, of), 0));
  const labels = roundLabels(Math.max(1, ...totals));
  const most = labels.at(-1)!.value;
  const panel = new Panel(
    frame(scenario, slices, {
      title: 'Agents',
      unit: 'and their occupancy (line, full height = 100 %)',
      labels,
      legend: [...states, { name: 'occupancy', color: COLOR.occupancy, isLine: true }],
    }),
  );
  panel.stack(
    slices.map((slice) => slice.fromMs + SLICE_MS / 2),
    states.map(({ of, color }) => ({ color, values: slices.map((slice) => inState(slice, of)) })),
  );
  panel.line(
    slices.map(({ fromMs, agentSeconds: s }) => {
      const work = s.talking + s.wrapUp + s.reserved + s.ready;
      return { atMs: fromMs + SLICE_MS / 2, value: work < 30 ? null : ((s.talking + s.wrapUp) / work) * most };
    }),
    COLOR.occupancy,
  );
  return panel;
}

function abandoned(scenario: Scenario, slices: readonly Slice[]): Panel {
  const caps = scenario.shops.flatMap(({ settings }) => settings.abandon.map(({ maxRatio }) => maxRatio));
  const cap = Math.min(...caps);
  const ratios = slices.map(({ answered, abandoned: n }) => (answered === 0 ? null : n / answered));
  const most = Math.max(cap * 1.5, ...ratios.map((ratio) => ratio ?? 0));
  const panel = new Panel(
    frame(scenario, slices, {
      title: 'Abandoned',
      unit: 'share of answered calls since the begin of the day',
      labels: roundLabels(most, (value) => percent(value)),
      legend: [
        { name: 'abandoned', color: COLOR.abandoned, isLine: true },
        { name: `strictest cap, ${percent(cap)}`, color: COLOR.failed, isLine: true },
      ],
    }),
  );
  const ends = { fromMs: slices[0]?.fromMs ?? 0, toMs: (slices.at(-1)?.fromMs ?? 0) + SLICE_MS };
  panel.line(
    [
      { atMs: ends.fromMs, value: cap },
      { atMs: ends.toMs, value: cap },
    ],
    COLOR.failed,
    true,
  );
  panel.line(
    slices.map((slice, i) => ({ atMs: slice.fromMs + SLICE_MS, value: ratios[i] ?? null })),
    COLOR.abandoned,
  );
  return panel;
}

/** Three slices together: one alone has few orders. */
const SLICES_TOGETHER = 3;

function firstCalls(scenario: Scenario, slices: readonly Slice[]): Panel {
  const panel = new Panel({
    ...frame(scenario, slices, {
      title: 'Order → first call',
      unit: 'by the time of the order, a quarter of an hour together; logarithmic',
      labels: [
        { value: 1, label: '1 s' },
        { value: 10, label: '10 s' },
        { value: 60, label: '1 min' },
        { value: 300, label: '5 min' },
        { value: 3_600, label: '1 h' },
        { value: 18_000, label: '5 h' },
      ],
      legend: [
        { name: 'p50', color: COLOR.answered, isLine: true },
        { name: 'p95', color: COLOR.waiting, isLine: true },
        { name: 'p99', color: COLOR.abandoned, isLine: true },
      ],
    }),
    least: 0.5,
  });
  for (const [share, color] of [
    [0.99, COLOR.abandoned],
    [0.95, COLOR.waiting],
    [0.5, COLOR.answered],
  ] as const) {
    const points = [];
    for (let i = 0; i < slices.length; i += SLICES_TOGETHER) {
      const waits = slices.slice(i, i + SLICES_TOGETHER).flatMap((slice) => slice.firstCalls);
      waits.sort((a, b) => a - b);
      points.push({ atMs: slices[i]!.fromMs + (SLICE_MS * SLICES_TOGETHER) / 2, value: percentile(waits, share) });
    }
    panel.line(points, color);
  }
  return panel;
}

function frame(
  scenario: Scenario,
  slices: readonly Slice[],
  more: Pick<PanelOptions, 'title' | 'unit' | 'labels' | 'legend'>,
): PanelOptions {
  const fromMs = slices[0]?.fromMs ?? 0;
  const toMs = (slices.at(-1)?.fromMs ?? 0) + SLICE_MS;
  const stepMs = toMs - fromMs > 16 * 3_600_000 ? 7_200_000 : toMs - fromMs > 2 * 3_600_000 ? 3_600_000 : 900_000;
  const ticks = [];
  for (let atMs = Math.ceil(fromMs / stepMs) * stepMs; atMs <= toMs; atMs += stepMs)
    ticks.push({ atMs, label: clock(scenario, atMs) });
  return { ...more, fromMs, toMs, ticks, most: more.labels.at(-1)?.value ?? 1 };
}

function span({ fromMs }: Slice): { fromMs: number; toMs: number } {
  return { fromMs, toMs: fromMs + SLICE_MS };
}

function clock(scenario: Scenario, atMs: number): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone: scenario.timeZone, hour: '2-digit', minute: '2-digit' }).format(
    atMs,
  );
}

function percent(share: number | null, digits = 1): string {
  return share === null ? '–' : `${(share * 100).toFixed(digits)} %`;
}

function duration(seconds: number | null): string {
  if (seconds === null) return '–';
  return seconds < 100 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(1)} min`;
}

const STYLE = `:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6676;--line:#dfe4ea;--page:#fff;--tile:#f5f7f9;--blue:#4c7fd6;--orange:#e0852a;--green:#3f9f6b;--red:#d0443e;--violet:#8e6bbf;--sand:#e3c16f;--grey:#a9b2bd;--dark:#59616d;--teal:#63b6b0;--pale:#d3dfef}
@media(prefers-color-scheme:dark){:root{--ink:#e8ecf2;--soft:#9aa5b4;--line:#2d3440;--page:#14181f;--tile:#1d232c;--blue:#6a9bf0;--grey:#6b7584;--dark:#aeb7c4;--pale:#3a4a63;--sand:#b8964a}}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,sans-serif}main{max-width:1040px;margin:0 auto;padding:28px 20px}
h1{font-size:24px;margin:0}h1 small{font-weight:400;color:var(--soft);font-size:15px}p{margin:4px 0 18px;color:var(--soft)}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:8px;margin:0 0 24px}dl div{background:var(--tile);border-radius:8px;padding:9px 12px}
dt{color:var(--soft);font-size:12.5px}dd{margin:0;font-size:20px;font-variant-numeric:tabular-nums}figure{margin:0 0 22px}svg{width:100%;display:block}
.title{font-size:15px;font-weight:600;fill:var(--ink)}.unit{font-weight:400;font-size:12px;fill:var(--soft)}.axis,.key{font-size:11.5px;fill:var(--soft)}.end{text-anchor:end}.middle{text-anchor:middle}
.grid{stroke:var(--line)}.tick{stroke:var(--soft)}footer{color:var(--soft);font-size:12px;overflow-wrap:anywhere}`;
