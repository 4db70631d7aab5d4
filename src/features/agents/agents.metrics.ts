import { Injectable } from '@nestjs/common';
import { AGENT_STATES } from '../../core/agent/agent.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { AgentStore } from './agent.store.js';
import { PresenceStore } from './presence.store.js';

/** `dialer_agents`: read from Postgres at each scrape, so that all processes tell the same. */
@Injectable()
export class AgentsMetrics {
  constructor(metrics: Metrics, transactions: Transactions, agents: AgentStore, presences: PresenceStore) {
    metrics.gauge<'group' | 'state'>({
      name: 'dialer_agents',
      help: 'Agents by group and state; an agent of two groups counts in both',
      labels: ['group', 'state'],
      collect: async (gauge) => {
        const [groups, counts] = await transactions.read((tx) => Promise.all([agents.groups(tx), presences.count(tx)]));
        gauge.reset();
        gauge.declare({ group: groups.map((group) => group.groupId), state: AGENT_STATES });
        for (const { groupId, state, count } of counts) gauge.set({ group: groupId, state }, count);
      },
    });
  }
}
