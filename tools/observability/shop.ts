import type { DashboardPlan } from './panel.js';

const SHOPS = 'shop=~"$shop"';

/** What one shop gets: orders, outcomes, write-backs. */
export const SHOP: DashboardPlan = {
  uid: 'dialer-shop',
  title: 'Dialer: shop',
  description: 'Orders, outcomes and write-backs of the chosen shops.',
  variables: ['shop'],
  rows: [
    {
      title: 'Orders and outcomes',
      panels: [
        {
          kind: 'timeseries',
          title: 'Messages of the shop',
          description: 'Webhooks a minute that were stored, repeats not counted.',
          unit: 'short',
          width: 12,
          queries: [
            {
              expr: `60 * sum by (shop, type) (rate(dialer_orders_received_total{${SHOPS}}[5m]))`,
              legend: '{{shop}} {{type}}',
            },
          ],
        },
        {
          kind: 'bargauge',
          title: 'Outcomes, last day',
          description: 'Orders that became final within 24 hours, by outcome.',
          unit: 'short',
          width: 12,
          queries: [
            { expr: `sum by (outcome) (increase(dialer_outcomes_total{${SHOPS}}[1d]))`, legend: '{{outcome}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Confirmed, of all that became final',
          description: 'Confirmed or changed, as a share of the orders that became final within the last hour.',
          unit: 'percentunit',
          width: 12,
          max: 1,
          emptyWhen: 'no order became final within the hour',
          queries: [
            {
              expr: `sum by (shop) (rate(dialer_outcomes_total{${SHOPS},outcome=~"confirmed|changed"}[1h])) / (sum by (shop) (rate(dialer_outcomes_total{${SHOPS}}[1h])) > 0)`,
              legend: '{{shop}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Calls by result',
          description:
            'Calls a minute that ended, by result. A machine share far above the usual: people are taken for machines.',
          unit: 'short',
          width: 12,
          isStacked: true,
          queries: [{ expr: `60 * sum by (result) (dialer:calls:rate5m{${SHOPS}})`, legend: '{{result}}' }],
        },
      ],
    },
    {
      title: 'Write-backs',
      panels: [
        {
          kind: 'stat',
          title: 'Parked',
          description: 'Write-backs that are no longer tried and wait for a person.',
          unit: 'short',
          height: 5,
          thresholds: [
            [null, 'green'],
            [1, 'red'],
          ],
          queries: [{ expr: `dialer:writeback_parked{${SHOPS}}`, legend: '{{shop}}' }],
        },
        {
          kind: 'stat',
          title: 'Oldest still to be sent',
          description: 'Age of the oldest write-back that the shop has not acknowledged.',
          unit: 's',
          height: 5,
          thresholds: [
            [null, 'green'],
            [60, 'yellow'],
            [900, 'red'],
          ],
          queries: [{ expr: `dialer:writeback_oldest_seconds{${SHOPS}}`, legend: '{{shop}}' }],
        },
        {
          kind: 'stat',
          title: 'Delivered within 15 s',
          description: 'Write-backs of the last hour that were acknowledged within 15 s of the event.',
          unit: 'percentunit',
          height: 5,
          max: 1,
          thresholds: [
            [null, 'red'],
            [0.9, 'yellow'],
            [0.99, 'green'],
          ],
          emptyWhen: 'nothing was delivered within the hour',
          queries: [
            {
              expr: `sum by (shop) (rate(dialer_writeback_lag_seconds_bucket{${SHOPS},le="15"}[1h])) / (sum by (shop) (rate(dialer_writeback_lag_seconds_count{${SHOPS}}[1h])) > 0)`,
              legend: '{{shop}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Tries by result',
          description: 'Tries of write-backs a minute. retry: the shop did not take it and is asked again.',
          unit: 'short',
          width: 12,
          isStacked: true,
          queries: [
            {
              expr: `60 * sum by (result) (rate(dialer_writeback_deliveries_total{${SHOPS}}[5m]))`,
              legend: '{{result}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Event to acknowledgement',
          description: '95 of 100 write-backs of the last 15 minutes were acknowledged within this time.',
          unit: 's',
          width: 12,
          emptyWhen: 'nothing was delivered within 15 minutes',
          queries: [
            {
              expr: `histogram_quantile(0.95, sum by (shop, le) (rate(dialer_writeback_lag_seconds_bucket{${SHOPS}}[15m])))`,
              legend: '{{shop}} p95',
            },
          ],
        },
      ],
    },
  ],
};
