import type { DashboardPlan } from './panel.js';

const SHOPS = 'shop=~"$shop"';

/** Whether first calls come in time, and what they wait for. */
export const DEADLINE: DashboardPlan = {
  uid: 'dialer-deadline',
  title: 'Dialer: deadline',
  description: 'The objective: 99 of 100 first calls keep their deadline, counted from when the order may be called.',
  variables: ['shop', 'group'],
  rows: [
    {
      title: 'The objective',
      panels: [
        {
          kind: 'stat',
          title: 'In time, last day',
          description: 'First calls of the last 24 hours that kept their deadline.',
          unit: 'percentunit',
          height: 5,
          max: 1,
          thresholds: [
            [null, 'red'],
            [0.97, 'yellow'],
            [0.99, 'green'],
          ],
          emptyWhen: 'no order was called for the first time',
          queries: [{ expr: `1 - dialer:first_calls_missed:ratio_rate1d{${SHOPS}}`, legend: '{{shop}}' }],
        },
        {
          kind: 'stat',
          title: 'Late now',
          description: 'Orders that may be called, were never called, and are beyond their deadline.',
          unit: 'short',
          height: 5,
          thresholds: [
            [null, 'green'],
            [1, 'red'],
          ],
          queries: [{ expr: `dialer:orders_late{${SHOPS}}`, legend: '{{shop}}' }],
        },
        {
          kind: 'stat',
          title: 'callBy has passed',
          description:
            'As the shop sees it: orders never called whose callBy has passed, those of the night and of holidays too.',
          unit: 'short',
          height: 5,
          thresholds: [
            [null, 'green'],
            [1, 'yellow'],
          ],
          queries: [{ expr: `dialer:orders_overdue{${SHOPS}}`, legend: '{{shop}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Burn rate',
          description:
            'How many times faster than the objective permits first calls are late: 1 spends just all of it, 14.4 for an hour wakes somebody.',
          unit: 'short',
          width: 24,
          thresholds: [
            [null, 'green'],
            [6, 'yellow'],
            [14.4, 'red'],
          ],
          emptyWhen: 'no order was called for the first time',
          queries: [
            { expr: `dialer:first_calls_missed:ratio_rate1h{${SHOPS}} / 0.01`, legend: '{{shop}} 1 h' },
            { expr: `dialer:first_calls_missed:ratio_rate6h{${SHOPS}} / 0.01`, legend: '{{shop}} 6 h' },
          ],
        },
      ],
    },
    {
      title: 'Waiting and called',
      panels: [
        {
          kind: 'timeseries',
          title: 'Registration to first call',
          description: 'Median and 95 of 100 of the last 15 minutes, closed hours included.',
          unit: 's',
          width: 12,
          thresholds: [
            [null, 'green'],
            [300, 'yellow'],
            [600, 'red'],
          ],
          emptyWhen: 'no order was called for the first time within 15 minutes',
          queries: [
            { expr: `dialer:first_call_seconds:p50_15m{${SHOPS}}`, legend: '{{shop}} p50' },
            { expr: `dialer:first_call_seconds:p95_15m{${SHOPS}}`, legend: '{{shop}} p95' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Orders in, first calls out',
          description:
            'Orders a minute that came, and first calls a minute. Where the first line stays above the second, the queue grows.',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: `60 * sum(rate(dialer_orders_received_total{${SHOPS},type="order.created"}[5m]))`,
              legend: 'orders',
            },
            { expr: `60 * sum(rate(dialer_first_calls_total{${SHOPS}}[5m]))`, legend: 'first calls' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Orders waiting',
          description: 'Orders that wait for a call, whatever for: agents, lines, hours, the gap between attempts.',
          unit: 'short',
          width: 12,
          queries: [{ expr: `dialer:orders_waiting{${SHOPS}}`, legend: '{{shop}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Orders held',
          description: 'Orders that nobody is called for until a person has looked at them.',
          unit: 'short',
          width: 12,
          queries: [{ expr: `max by (shop) (dialer_orders_held{${SHOPS}})`, legend: '{{shop}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Agents ready',
          description:
            'Ready agents of the chosen groups. Orders that wait while agents are ready: lines, hours, or no leader.',
          unit: 'short',
          width: 12,
          queries: [{ expr: 'dialer:agents{group=~"$group",state="ready"}', legend: '{{group}}' }],
        },
        {
          kind: 'timeseries',
          title: 'First calls by time',
          description: 'First calls of the last 15 minutes by how long after the registration they came.',
          unit: 'short',
          width: 24,
          isStacked: true,
          queries: [
            {
              expr: `sum(increase(dialer_order_first_call_seconds_bucket{${SHOPS},le="300"}[15m]))`,
              legend: 'within 5 min',
            },
            {
              expr: `sum(increase(dialer_order_first_call_seconds_bucket{${SHOPS},le="600"}[15m])) - sum(increase(dialer_order_first_call_seconds_bucket{${SHOPS},le="300"}[15m]))`,
              legend: '5 to 10 min',
            },
            {
              expr: `sum(increase(dialer_order_first_call_seconds_count{${SHOPS}}[15m])) - sum(increase(dialer_order_first_call_seconds_bucket{${SHOPS},le="600"}[15m]))`,
              legend: 'later',
            },
          ],
        },
      ],
    },
  ],
};
