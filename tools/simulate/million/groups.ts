/** Groups of one size, of a day of a million orders. */
export interface GroupKind {
  readonly name: string;
  readonly scenario: string;
  /** Times as many agents, orders and lines as the scenario has. */
  readonly factor: number;
  readonly count: number;
}

/** A day of a million orders as a contact centre would share it out: a few large groups, some middling ones, many small shops with people of their own. */
export const MILLION: readonly GroupKind[] = [
  { name: '300 agents', scenario: 'big-day', factor: 300 / 110, count: 8 },
  { name: '110 agents', scenario: 'big-day', factor: 1, count: 18 },
  { name: '10 agents', scenario: 'ten-agents', factor: 1, count: 104 },
];

interface ScenarioFile {
  title: string;
  agents: { count: number }[];
  shops: { settings: { maxConcurrentCalls?: number }; orders: { count: number; overnight?: number } }[];
  trunks: { maxChannels: number; callsPerSecond: number }[];
}

/** The scenario of a group that is `factor` times as large: as many more people, orders and lines, with the same hours, talks and buyers. */
export function scaled(json: string, factor: number): string {
  const scenario = JSON.parse(json) as ScenarioFile;
  const times = (value: number): number => Math.round(value * factor);
  for (const agents of scenario.agents) agents.count = times(agents.count);
  for (const { settings, orders } of scenario.shops) {
    orders.count = times(orders.count);
    if (orders.overnight !== undefined) orders.overnight = times(orders.overnight);
    if (settings.maxConcurrentCalls !== undefined) settings.maxConcurrentCalls = times(settings.maxConcurrentCalls);
  }
  for (const trunk of scenario.trunks) {
    trunk.maxChannels = times(trunk.maxChannels);
    trunk.callsPerSecond = times(trunk.callsPerSecond);
  }
  return JSON.stringify(scenario);
}

/** All groups of the kinds: first one of each, then so mixed that any part is made up as the whole. */
export function mixed(kinds: readonly GroupKind[]): { readonly kind: GroupKind; readonly seed: number }[] {
  return kinds
    .flatMap((kind) => Array.from({ length: kind.count }, (_, i) => ({ kind, seed: i + 1, place: i / kind.count })))
    .sort((a, b) => a.place - b.place)
    .map(({ kind, seed }) => ({ kind, seed }));
}
