import type { DashboardPlan } from './panel.js';

/** Nodes, trunks, results. */
export const TELEPHONY: DashboardPlan = {
  uid: 'dialer-telephony',
  title: 'Dialer: telephony',
  description: 'The links to Asterisk, the trunks, and how calls end.',
  variables: ['node', 'shop'],
  rows: [
    {
      title: 'Nodes',
      panels: [
        {
          kind: 'stat',
          title: 'Nodes heard',
          description: 'Whether any dialer hears the node, judged by an event that came round.',
          unit: 'bool_on_off',
          height: 5,
          thresholds: [
            [null, 'red'],
            [1, 'green'],
          ],
          queries: [{ expr: 'max by (node) (dialer_ari_connected{node=~"$node"})', legend: '{{node}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Seconds not heard',
          description:
            'Seconds of each 10 minutes in which a process did not hear the node. No calls are placed meanwhile.',
          unit: 's',
          height: 5,
          queries: [
            {
              expr: 'sum by (node, instance) (increase(dialer_ari_gap_seconds_total{node=~"$node"}[10m]))',
              legend: '{{node}} {{instance}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Channels without an owner',
          description:
            'Channels and bridges that the reconciler ended. Expected after a kill of a dialer, else a fault of ours.',
          unit: 'short',
          height: 5,
          queries: [{ expr: 'sum(increase(dialer_leaked_channels_total[15m]))', legend: 'ended' }],
        },
        {
          kind: 'timeseries',
          title: 'Calls by node',
          description: 'Live calls on each node, whichever dialer runs them.',
          unit: 'short',
          queries: [{ expr: 'max by (node) (dialer_node_calls{node=~"$node"})', legend: '{{node}}' }],
        },
        {
          kind: 'timeseries',
          title: "Agents' lines by node",
          description:
            'Agents whose line stands on the node. A drained node loses them one by one, as their talks end.',
          unit: 'short',
          queries: [{ expr: 'max by (node) (dialer_node_lines{node=~"$node"})', legend: '{{node}}' }],
        },
        {
          kind: 'stat',
          title: 'Drained',
          description: 'Nodes that take no new calls and lines because an administrator wished so.',
          unit: 'bool_on_off',
          thresholds: [
            [null, 'green'],
            [1, 'yellow'],
          ],
          queries: [{ expr: 'max by (node) (dialer_node_drained{node=~"$node"})', legend: '{{node}}' }],
        },
      ],
    },
    {
      title: 'Trunks and calls',
      panels: [
        {
          kind: 'timeseries',
          title: 'Channels in use',
          description: 'Channels of each trunk.',
          unit: 'short',
          width: 12,
          queries: [{ expr: 'max by (trunk) (dialer_trunk_channels)', legend: '{{trunk}}' }],
        },
        {
          kind: 'stat',
          title: 'Circuits open',
          description: 'On: the carrier has refused call after call, the trunk is tried with single calls only.',
          unit: 'bool_on_off',
          width: 12,
          thresholds: [
            [null, 'green'],
            [1, 'red'],
          ],
          queries: [{ expr: 'dialer:trunk_circuit_open', legend: '{{trunk}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Calls by result',
          description: 'Calls a minute that ended.',
          unit: 'short',
          width: 12,
          isStacked: true,
          queries: [{ expr: '60 * sum by (result) (dialer:calls:rate5m{shop=~"$shop"})', legend: '{{result}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Answered, of all calls',
          description:
            'Answer seizure ratio: answered by a person or abandoned, as a share of the calls of the last 15 minutes.',
          unit: 'percentunit',
          width: 12,
          max: 1,
          emptyWhen: 'no call ended within 15 minutes',
          queries: [
            {
              expr: 'sum by (shop) (rate(dialer_calls_total{shop=~"$shop",result=~"answered|abandoned"}[15m])) / (sum by (shop) (rate(dialer_calls_total{shop=~"$shop"}[15m])) > 0)',
              legend: '{{shop}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Refused and failed',
          description: 'Shares of calls that the carrier refused, and that failed on our side.',
          unit: 'percentunit',
          width: 12,
          thresholds: [
            [null, 'green'],
            [0.05, 'yellow'],
            [0.2, 'red'],
          ],
          emptyWhen: 'no call ended within 15 minutes',
          queries: [
            { expr: 'dialer:calls_refused:ratio_rate15m', legend: 'refused by the carrier' },
            { expr: 'dialer:calls_failed:ratio_rate15m', legend: 'failed on our side' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Calls placed a second',
          description: 'First calls and further ones: all that ended, a second.',
          unit: 'ops',
          width: 12,
          queries: [{ expr: 'sum(dialer:calls:rate5m{shop=~"$shop"})', legend: 'calls' }],
        },
      ],
    },
  ],
};
