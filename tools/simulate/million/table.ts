import type { Figures } from '../report/figures.js';
import type { GroupKind } from './groups.js';

/** One group's day, as `--json` prints it. */
export interface PlayedGroup {
  readonly seconds: number;
  /** Most resident memory of the process that has played it. */
  readonly memoryMb: number;
  readonly steps: number;
  readonly violations: readonly { readonly id: string; readonly text: string }[];
  readonly figures: Figures;
}

type Played = readonly (readonly [kind: GroupKind, groups: readonly PlayedGroup[]])[];

/** What the groups together have done: each kind by itself, and all of them as if all had been played. */
export function millionTable(played: Played): string {
  const names = [...played.map(([{ name, count }, groups]) => `${name}, ${groups.length} of ${count}`), 'all'];
  const row = (name: string, values: readonly string[]): string =>
    `  ${name.padEnd(34)}${values.map((value) => value.padStart(24)).join('')}`;
  const sums = (of: (group: PlayedGroup) => number | null): (number | null)[] => {
    const each = played.map(([{ count }, groups]) =>
      groups.length === 0 ? null : (groups.reduce((sum, group) => sum + (of(group) ?? 0), 0) / groups.length) * count,
    );
    return [...each, each.some((one) => one === null) ? null : each.reduce<number>((sum, one) => sum + (one ?? 0), 0)];
  };
  const whole = (name: string, of: (group: PlayedGroup) => number): string =>
    row(
      name,
      sums(of).map((value) => (value === null ? '–' : Math.round(value).toLocaleString('en'))),
    );
  const shares = (
    name: string,
    of: (group: PlayedGroup) => number | null,
    weight: (group: PlayedGroup) => number,
    digits = 1,
  ): string => {
    const parts = sums((group) => (of(group) ?? 0) * weight(group));
    const all = sums((group) => (of(group) === null ? 0 : weight(group)));
    return row(
      name,
      parts.map((part, i) => (part === null || !all[i] ? '–' : `${((100 * part) / all[i]).toFixed(digits)} %`)),
    );
  };
  const most = (name: string, of: (group: PlayedGroup) => number | null, show: (value: number) => string): string => {
    const each = played.map(([, groups]) => Math.max(0, ...groups.map((group) => of(group) ?? 0)));
    return row(name, [...each, Math.max(...each)].map(show));
  };
  const agents = ({ figures }: PlayedGroup): number => Math.max(...figures.hours.map((hour) => hour.agents));
  const orders = ({ figures }: PlayedGroup): number => figures.orders;
  return [
    row('groups played', names),
    whole('orders', orders),
    whole('  in the busiest hour', ({ figures }) => Math.max(...figures.hours.map((hour) => hour.orders))),
    whole('agents at work, most', agents),
    whole('calls', ({ figures }) => figures.calls),
    whole('  answered', ({ figures }) => figures.answered),
    whole('lines, most of each group', ({ figures }) => figures.lines.most),
    whole('lines, mean', ({ figures }) => figures.lines.mean ?? 0),
    shares('first call within 5 min', ({ figures }) => figures.withinFiveMinutes, orders),
    shares('  possible with the agents', ({ figures }) => figures.possibleWithinFiveMinutes, orders),
    shares('first call within 10 min', ({ figures }) => figures.withinTenMinutes, orders),
    shares('  possible with the agents', ({ figures }) => figures.possibleWithinTenMinutes, orders),
    shares('occupancy', ({ figures }) => figures.occupancy, agents),
    shares('  while orders waited', ({ figures }) => figures.occupancyWhileWaiting, agents),
    shares(
      'abandoned of answered',
      ({ figures }) => figures.abandonedRatio,
      ({ figures }) => figures.answered,
      2,
    ),
    most(
      '  worst window of a cap',
      ({ figures }) => figures.abandonedWorstWindow,
      (value) => `${(value * 100).toFixed(2)} %`,
    ),
    whole('final', ({ figures }) => figures.final),
    most(
      'played in, s, longest group',
      ({ seconds }) => seconds,
      (value) => value.toFixed(1),
    ),
    most(
      'memory, MB, largest process',
      ({ memoryMb }) => memoryMb,
      (value) => value.toFixed(0),
    ),
  ].join('\n');
}
