import { Injectable } from '@nestjs/common';
import { Settings } from '../../platform/config/settings.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { NodeAdmin, type NodeView } from './node-admin.js';

/** What is on each node of the exchange, over all dialers. */
@Injectable()
export class NodeMetrics {
  private looking: Promise<NodeView[]> | null = null;

  constructor(
    metrics: Metrics,
    settings: Settings,
    private readonly nodes: NodeAdmin,
  ) {
    // One role tells it, so that no series comes from every process.
    if (!settings.roles.has('dialer')) return;
    this.gauge(metrics, 'dialer_node_calls', 'Live calls on each node of the exchange.', ({ calls }) => calls);
    this.gauge(metrics, 'dialer_node_lines', 'Agents whose line stands on the node.', ({ agents }) => agents);
    this.gauge(
      metrics,
      'dialer_node_drained',
      'Whether the node takes no new calls and lines, as an administrator wished (1 or 0).',
      ({ isDrained }) => (isDrained ? 1 : 0),
    );
  }

  private gauge(metrics: Metrics, name: string, help: string, valueOf: (node: NodeView) => number): void {
    metrics.gauge({
      name,
      help,
      labels: ['node'],
      collect: async (gauge) => {
        // All gauges of one scrape share one look.
        this.looking ??= this.nodes.list().finally(() => (this.looking = null));
        const nodes = await this.looking;
        gauge.reset();
        for (const node of nodes) gauge.set({ node: node.node }, valueOf(node));
      },
    });
  }
}
