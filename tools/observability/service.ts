import type { DashboardPlan } from './panel.js';

const JOB = 'job="confirm-dialer"';

/** The processes themselves. */
export const SERVICE: DashboardPlan = {
  uid: 'dialer-service',
  title: 'Dialer: service',
  description: 'Processes, queues, requests.',
  variables: [],
  rows: [
    {
      title: 'Processes',
      panels: [
        {
          kind: 'stat',
          title: 'Processes',
          description: 'Whether each process answers.',
          unit: 'bool_on_off',
          height: 5,
          thresholds: [
            [null, 'red'],
            [1, 'green'],
          ],
          queries: [{ expr: `up{${JOB}}`, legend: '{{instance}}' }],
        },
        {
          kind: 'table',
          title: 'Alerts',
          description: 'What Prometheus would tell somebody now.',
          unit: 'short',
          width: 16,
          height: 5,
          emptyWhen: 'nothing is wrong',
          queries: [{ expr: 'ALERTS{alertname=~"Dialer.*",alertstate="firing"}', legend: '{{alertname}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Memory',
          description: 'Resident memory of each process.',
          unit: 'bytes',
          queries: [{ expr: `process_resident_memory_bytes{${JOB}}`, legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'CPU',
          description: 'Cores that each process uses; one process uses little more than one.',
          unit: 'short',
          queries: [{ expr: `rate(process_cpu_seconds_total{${JOB}}[5m])`, legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Clock',
          description:
            'By how much the clock of each process is ahead of that of Postgres. Deadlines, hours and signatures are judged by clocks.',
          unit: 's',
          mayBeNegative: true,
          queries: [{ expr: `dialer_clock_skew_seconds{${JOB}}`, legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Words on the disk',
          description: 'Words of agents that Postgres does not have yet, because it was away.',
          unit: 'short',
          thresholds: [
            [null, 'green'],
            [1, 'yellow'],
          ],
          queries: [{ expr: `dialer_spool_waiting{${JOB}}`, legend: '{{instance}}' }],
        },
        {
          kind: 'timeseries',
          title: 'What became of them',
          description:
            'Words that were kept on the disk, and what became of them. set_aside or refused: a person has to look.',
          unit: 'short',
          queries: [{ expr: `sum by (result) (increase(dialer_spool_total{${JOB}}[15m]))`, legend: '{{result}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Event loop',
          description: 'By how much everything in the process is late. Answered buyers wait for it.',
          unit: 's',
          thresholds: [
            [null, 'green'],
            [0.2, 'red'],
          ],
          queries: [{ expr: `dialer_event_loop_lag_seconds{${JOB}}`, legend: '{{instance}}' }],
        },
      ],
    },
    {
      title: 'Queues and requests',
      panels: [
        {
          kind: 'timeseries',
          title: 'Oldest job',
          description: 'How long the oldest due job of each queue has been waiting, in the outbox or in Redis.',
          unit: 's',
          thresholds: [
            [null, 'green'],
            [60, 'red'],
          ],
          queries: [{ expr: 'dialer:queue_oldest_seconds', legend: '{{queue}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Jobs',
          description: 'Jobs a second by how they went. given_up: the sweep goes on with their work.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (exported_job, result) (rate(dialer_jobs_total[5m]))',
              legend: '{{exported_job}} {{result}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Requests',
          description: 'Requests a second by class of answer.',
          unit: 'reqps',
          isStacked: true,
          queries: [{ expr: 'sum by (status) (rate(dialer_http_request_seconds_count[5m]))', legend: '{{status}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Slow requests',
          description: 'Share of the requests of each route that took longer than 250 ms, streams left out.',
          unit: 'percentunit',
          queries: [
            {
              expr: 'topk(8, 1 - sum by (route) (rate(dialer_http_request_seconds_bucket{le="0.25",route!="/v1/agent/events"}[15m])) / (sum by (route) (rate(dialer_http_request_seconds_count{route!="/v1/agent/events"}[15m])) > 0))',
              legend: '{{route}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Failed requests',
          description: 'Share of the requests that ended with 5xx.',
          unit: 'percentunit',
          thresholds: [
            [null, 'green'],
            [0.05, 'red'],
          ],
          emptyWhen: 'no request failed since the start',
          queries: [{ expr: 'dialer:http_errors:ratio_rate5m', legend: '5xx' }],
        },
        {
          kind: 'timeseries',
          title: 'Scrape',
          description: 'How long the metrics of each process take, and how many series they are.',
          unit: 's',
          queries: [{ expr: `scrape_duration_seconds{${JOB}}`, legend: '{{instance}}' }],
        },
      ],
    },
  ],
};
