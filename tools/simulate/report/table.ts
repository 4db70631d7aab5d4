import type { Figures } from './figures.js';

/** The figures for people. */
export function tableOf(figures: Figures): string {
  const columns = Object.keys(figures.shops).length > 1 ? Object.entries(figures.shops) : [];
  const row = (name: string, value: (of: Omit<Figures, 'shops' | 'occupancy' | 'lines'>) => string): string =>
    `  ${name.padEnd(30)}${value(figures).padStart(22)}${columns.map(([, of]) => value(of).padStart(22)).join('')}`;
  const head =
    columns.length === 0
      ? []
      : [`  ${''.padEnd(30)}${'all'.padStart(22)}${columns.map(([name]) => name.padStart(22)).join('')}`];
  return [
    ...head,
    `  ${'occupancy'.padEnd(30)}${percent(figures.occupancy).padStart(22)}`,
    row('abandoned of answered', (of) => `${of.abandoned} / ${of.answered} = ${percent(of.abandonedRatio, 2)}`),
    row('order → first call p50', (of) => time(of.firstCallSeconds.p50)),
    row('                   p95', (of) => time(of.firstCallSeconds.p95)),
    row('                   p99', (of) => time(of.firstCallSeconds.p99)),
    row('first call within 5 min', (of) => percent(of.withinFiveMinutes)),
    row('               10 min', (of) => percent(of.withinTenMinutes)),
    row('confirmed of final', (of) => percent(of.confirmedRatio)),
    row('orders (final)', (of) => `${of.orders} (${of.final})`),
    row('calls (answered)', (of) => `${of.calls} (${percent(of.answeredRatio)})`),
    row('calls per order', (of) => (of.callsPerOrder === null ? '–' : of.callsPerOrder.toFixed(2))),
    `  ${'lines used, most (mean)'.padEnd(30)}${`${figures.lines.most} (${figures.lines.mean?.toFixed(1) ?? '–'})`.padStart(22)}`,
    `  outcomes   ${words(figures.outcomes)}`,
    `  results    ${words(figures.results)}`,
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
