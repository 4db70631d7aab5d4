import type { DashboardPlan } from './panel.js';

const SHOPS = 'shop=~"$shop"';
const GROUPS = 'group=~"$group"';

/** Agents, live calls, and how the pacer keeps them busy. */
export const FLOOR: DashboardPlan = {
  uid: 'dialer-floor',
  title: 'Dialer: floor',
  description: 'Who is at work, what they do, and how many calls the pacer places for them.',
  variables: ['group', 'shop'],
  rows: [
    {
      title: 'Now',
      panels: [
        {
          kind: 'stat',
          title: 'Agents',
          description: 'Agents of the chosen groups by state. An agent of two groups counts in both.',
          unit: 'short',
          width: 12,
          height: 5,
          queries: [{ expr: `sum by (state) (dialer:agents{${GROUPS},state!="offline"})`, legend: '{{state}}' }],
        },
        {
          kind: 'stat',
          title: 'Occupancy',
          description:
            'Of the agents at work (breaks left out) the share with a call or its wrap-up. 70 to 85 % is a good day; above 90 % people tire.',
          unit: 'percentunit',
          width: 6,
          height: 5,
          thresholds: [
            [null, 'blue'],
            [0.6, 'green'],
            [0.9, 'yellow'],
          ],
          emptyWhen: 'nobody of the group is at work',
          queries: [{ expr: `dialer:agents_occupied:ratio{${GROUPS}}`, legend: '{{group}}' }],
        },
        {
          kind: 'stat',
          title: 'Leader',
          description: 'Whether a dialer leads the group. Off: nobody of its orders is called.',
          unit: 'bool_on_off',
          width: 6,
          height: 5,
          thresholds: [
            [null, 'red'],
            [1, 'green'],
          ],
          queries: [{ expr: `max by (group) (dialer_group_leader{${GROUPS}})`, legend: '{{group}}' }],
        },
      ],
    },
    {
      title: 'Agents and calls',
      panels: [
        {
          kind: 'timeseries',
          title: 'Agents by state',
          description: 'Many connecting or lost: phones. A comb of wrap_up: agents end their words late.',
          unit: 'short',
          width: 12,
          isStacked: true,
          queries: [{ expr: `sum by (state) (dialer:agents{${GROUPS},state!="offline"})`, legend: '{{state}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Live calls',
          description: 'Calls alive by state: waiting are answered buyers for whom no agent is there yet.',
          unit: 'short',
          width: 12,
          isStacked: true,
          queries: [
            { expr: `sum by (state) (max by (shop, state) (dialer_calls_live{${SHOPS}}))`, legend: '{{state}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Calls that the pacer allows',
          description:
            'New calls of the last decision for each group. 0 with agents ready: see the reason in the pacing of the group.',
          unit: 'short',
          width: 12,
          queries: [{ expr: `max by (group) (dialer_pacing_calls_allowed{${GROUPS}})`, legend: '{{group}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Abandoned, of what the cap permits',
          description:
            'Used share of the cap for each window of the shop. The pacer stays below 1; above it the law or the contract is broken.',
          unit: 'percentunit',
          width: 12,
          thresholds: [
            [null, 'green'],
            [0.8, 'yellow'],
            [1, 'red'],
          ],
          queries: [{ expr: `dialer:abandoned_of_cap:ratio{${SHOPS}}`, legend: '{{shop}} {{window}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Phones that did not take a call',
          description: 'How often in 15 minutes a silent phone has put its agent on a break.',
          unit: 'short',
          width: 12,
          thresholds: [
            [null, 'green'],
            [3, 'yellow'],
          ],
          queries: [
            {
              expr: `sum by (group) (increase(dialer_agents_not_responding_total{${GROUPS}}[15m]))`,
              legend: '{{group}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Answer to agent',
          description: 'From the answer of the buyer to the bridge with the agent: median and 99 of 100.',
          unit: 's',
          width: 12,
          thresholds: [
            [null, 'green'],
            [1, 'yellow'],
            [2, 'red'],
          ],
          emptyWhen: 'no buyer was connected within 15 minutes',
          queries: [
            { expr: `dialer:answer_to_agent_seconds:p50_15m{${SHOPS}}`, legend: '{{shop}} p50' },
            { expr: `dialer:answer_to_agent_seconds:p99_15m{${SHOPS}}`, legend: '{{shop}} p99' },
          ],
        },
      ],
    },
  ],
};
