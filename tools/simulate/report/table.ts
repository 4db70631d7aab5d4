import type { Figures, HourFigures, ShopFigures } from './figures.js';

/** The figures for people. */
export function tableOf(figures: Figures): string {
  const columns = Object.keys(figures.shops).length > 1 ? Object.entries(figures.shops) : [];
  const row = (name: string, value: (of: ShopFigures) => string): string =>
    `  ${name.padEnd(30)}${value(figures).padStart(22)}${columns.map(([, of]) => value(of).padStart(22)).join('')}`;
  const all = (name: string, value: string): string => `  ${name.padEnd(30)}${value.padStart(22)}`;
  const head =
    columns.length === 0
      ? []
      : [`  ${''.padEnd(30)}${'all'.padStart(22)}${columns.map(([name]) => name.padStart(22)).join('')}`];
  return [
    ...head,
    all('occupancy', percent(figures.occupancy)),
    all('  while orders waited', `${percent(figures.occupancyWhileWaiting)}, ${percent(figures.waitingRatio)} of it`),
    row('abandoned of answered', (of) => `${of.abandoned} / ${of.answered} = ${percent(of.abandonedRatio, 2)}`),
    row('  worst window of a cap', (of) => percent(of.abandonedWorstWindow, 2)),
    row('order → first call p50', (of) => time(of.firstCallSeconds.p50)),
    row('                   p95', (of) => time(of.firstCallSeconds.p95)),
    row('                   p99', (of) => time(of.firstCallSeconds.p99)),
    row('first call within 5 min', (of) => percent(of.withinFiveMinutes)),
    all('  possible with the agents', percent(figures.possibleWithinFiveMinutes)),
    row('first call within 10 min', (of) => percent(of.withinTenMinutes)),
    all('  possible with the agents', percent(figures.possibleWithinTenMinutes)),
    row('confirmed of final', (of) => percent(of.confirmedRatio)),
    row('orders (final)', (of) => `${of.orders} (${of.final})`),
    row('calls (answered)', (of) => `${of.calls} (${percent(of.answeredRatio)})`),
    row('calls per order', (of) => (of.callsPerOrder === null ? '–' : of.callsPerOrder.toFixed(2))),
    all('lines used, most (mean)', `${figures.lines.most} (${figures.lines.mean?.toFixed(1) ?? '–'})`),
    `  outcomes   ${words(figures.outcomes)}`,
    `  results    ${words(figures.results)}`,
  ].join('\n');
}

const HOUR_COLUMNS: readonly [string, (hour: HourFigures) => string][] = [
  ['orders', ({ orders }) => String(orders)],
  ['agents', ({ agents }) => agents.toFixed(1)],
  ['load', ({ load }) => percent(load, 0)],
  ['occupancy', ({ occupancy }) => percent(occupancy, 0)],
  ['waiting', ({ occupancyWhileWaiting }) => percent(occupancyWhileWaiting, 0)],
  ['in 5 min', ({ withinFiveMinutes }) => percent(withinFiveMinutes, 0)],
  ['in 10 min', ({ withinTenMinutes }) => percent(withinTenMinutes, 0)],
  ['abandoned', ({ abandoned, answered }) => `${abandoned} / ${answered}`],
];

/** Hour by hour: the work that came in against the agents' time, and what became of it. `waiting` is the occupancy while orders waited. */
export function hoursTable({ hours }: Figures, timeZone: string): string {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
  const line = (first: string, values: readonly string[]): string =>
    `  ${first.padEnd(8)}${values.map((value) => value.padStart(11)).join('')}`;
  return [
    line(
      'from',
      HOUR_COLUMNS.map(([name]) => name),
    ),
    ...hours.map((hour) =>
      line(
        clock.format(hour.fromMs),
        HOUR_COLUMNS.map(([, value]) => value(hour)),
      ),
    ),
  ].join('\n');
}

function percent(share: number | null, digits = 1): string {
  return share === null ? '–' : `${(share * 100).toFixed(digits)} %`;
}

function time(seconds: number | null): string {
  if (seconds === null) return '–';
  if (seconds < 100) return `${seconds.toFixed(1)} s`;
  return seconds < 7_200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3_600).toFixed(1)} h`;
}

function words(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([word, n]) => `${word} ${n}`)
    .join(' · ');
}
