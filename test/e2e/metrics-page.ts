/** A metric that operators are promised. */
export interface PromisedMetric {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
}

const metric = (type: PromisedMetric['type'], name: string, ...labels: string[]): PromisedMetric => ({
  name,
  type,
  labels,
});

export const CONTRACT_METRICS: readonly PromisedMetric[] = [
  metric('counter', 'dialer_orders_received_total', 'shop', 'type'),
  metric('histogram', 'dialer_order_first_call_seconds', 'shop'),
  metric('gauge', 'dialer_orders_waiting', 'shop'),
  metric('gauge', 'dialer_orders_overdue', 'shop'),
  metric('counter', 'dialer_calls_total', 'shop', 'result'),
  metric('gauge', 'dialer_calls_live', 'shop', 'state'),
  metric('histogram', 'dialer_answer_to_agent_seconds', 'shop'),
  metric('gauge', 'dialer_abandoned_ratio', 'shop', 'window'),
  metric('gauge', 'dialer_agents', 'group', 'state'),
  metric('gauge', 'dialer_pacing_calls_allowed', 'group'),
  metric('counter', 'dialer_outcomes_total', 'shop', 'outcome'),
  metric('counter', 'dialer_writeback_deliveries_total', 'shop', 'result'),
  metric('histogram', 'dialer_writeback_lag_seconds', 'shop'),
  metric('gauge', 'dialer_writeback_parked', 'shop'),
  metric('gauge', 'dialer_ari_connected', 'node'),
  metric('counter', 'dialer_ari_gap_seconds_total', 'node'),
  metric('gauge', 'dialer_trunk_channels', 'trunk'),
  metric('counter', 'dialer_leaked_channels_total'),
];

type Labels = Readonly<Record<string, string>>;

/** A page in Prometheus' text format, read back. */
export interface MetricsPage {
  readonly text: string;
  typeOf(name: string): string | null;
  /** The series of a metric; of a histogram those of its count. */
  series(name: string): { readonly labels: Labels; readonly value: number }[];
  /** The value of one series; null when it is not there. */
  value(name: string, labels: Labels): number | null;
}

export function readMetrics(text: string): MetricsPage {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type] as const));
  const samples = [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', word = '']) => [key, word])),
    value: Number(value),
  }));
  const series = (name: string) => samples.filter((sample) => sample.name === name);
  return {
    text,
    typeOf: (name) => types.get(name) ?? null,
    series: (name) => series(types.get(name) === 'histogram' ? `${name}_count` : name),
    value: (name, labels) => {
      const isIt = (one: { labels: Labels }): boolean =>
        Object.keys(one.labels).length === Object.keys(labels).length &&
        Object.entries(labels).every(([key, word]) => one.labels[key] === word);
      return series(name).find(isIt)?.value ?? null;
    },
  };
}
