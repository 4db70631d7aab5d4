import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { AGENT_STATES } from '../../core/agent/agent.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { Metrics, type Counter } from '../../platform/metrics/metrics.js';
import { AgentStore } from './agent.store.js';
import { PresenceStore } from './presence.store.js';

/** Agents as operators see them. `dialer_agents` is read from Postgres at each scrape, so that all processes tell the same. */
@Injectable()
export class AgentsMetrics implements OnApplicationBootstrap {
  private readonly silent: Counter<'group'>;

  constructor(
    metrics: Metrics,
    private readonly transactions: Transactions,
    private readonly agents: AgentStore,
    presences: PresenceStore,
    private readonly log: Log,
  ) {
    this.silent = metrics.counter({
      name: 'dialer_agents_not_responding_total',
      help: 'How often a phone that did not take a call has put its agent on a break; counted in each group of the agent',
      labels: ['group'],
    });
    metrics.gauge<'group' | 'state'>({
      name: 'dialer_agents',
      help: 'Agents by group and state; an agent of two groups counts in both',
      labels: ['group', 'state'],
      collect: async (gauge) => {
        const [groups, counts] = await transactions.read((tx) => Promise.all([agents.groups(tx), presences.count(tx)]));
        const group = groups.map(({ groupId }) => groupId);
        this.silent.declare({ group });
        gauge.reset();
        gauge.declare({ group, state: AGENT_STATES });
        for (const { groupId, state, count } of counts) gauge.set({ group: groupId, state }, count);
      },
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    try {
      const groups = await this.transactions.read((tx) => this.agents.groups(tx));
      this.silent.declare({ group: groups.map(({ groupId }) => groupId) });
    } catch (error) {
      this.log.warn('the groups for the metrics cannot be read', { error });
    }
  }

  /** The agent's phone did not take a call, and the agent is on a break for it. */
  notResponding(groups: readonly string[]): void {
    for (const group of groups) this.silent.inc({ group });
  }
}
