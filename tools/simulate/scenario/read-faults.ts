import type { Distribution } from '../engine/chance.js';
import type { JsonReader } from './json-reader.js';
import type { FaultPlan } from './scenario.js';

const RATIOS = [
  'factsLostRatio',
  'factsLateRatio',
  'factsDoubledRatio',
  'wakeUpsLostRatio',
  'jobsLostRatio',
  'jobsDoubledRatio',
] as const;
const RATES = [
  'killsPerHour',
  'freezesPerHour',
  'linkCutsPerHour',
  'exchangeDeathsPerHour',
  'databaseOutagesPerHour',
  'agentLegsLostPerHour',
] as const;
const LENGTHS = {
  factsLateSeconds: { kind: 'uniform', from: 0.05, to: 3 },
  jobSeconds: { kind: 'uniform', from: 0.005, to: 0.05 },
  downSeconds: { kind: 'uniform', from: 2, to: 25 },
  frozenSeconds: { kind: 'uniform', from: 3, to: 60 },
  linkCutSeconds: { kind: 'uniform', from: 1, to: 30 },
  databaseOutageSeconds: { kind: 'uniform', from: 1, to: 12 },
} as const satisfies Record<string, Distribution>;

/** What goes wrong in a scenario; nothing by default. */
export function readFaults(reader: JsonReader, distribution: (reader: JsonReader) => Distribution): FaultPlan {
  const lengths = Object.keys(LENGTHS) as (keyof typeof LENGTHS)[];
  const m = reader.members(['dialers', ...RATIOS, ...RATES, ...lengths, 'trunkOutages']);
  const take = <K extends string, V>(names: readonly K[], read: (name: K) => V): Record<K, V> =>
    Object.fromEntries(names.map((name) => [name, read(name)])) as Record<K, V>;
  return {
    dialers: m['dialers']!.or(1, (r) => r.whole(1, 5)),
    ...take(RATIOS, (name) => m[name]!.or(0, (r) => r.ratio())),
    ...take(RATES, (name) => m[name]!.or(0, (r) => r.number(0, 1_000))),
    ...take(lengths, (name) => m[name]!.or<Distribution>(LENGTHS[name], distribution)),
    trunkOutages: m['trunkOutages']!.or([], (r) =>
      r.list((one) => {
        const outage = one.members(['trunk', 'at', 'minutes']);
        return {
          trunk: outage['trunk']!.text(),
          at: outage['at']!.timeOfDay(),
          minutes: outage['minutes']!.number(0.1),
        };
      }),
    ),
  };
}
