import { Injectable } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions } from '../../platform/database/transaction.js';
import { NODES_CHANGED } from './node-homes.js';
import { NodeStore } from './node.store.js';

/**
 * How a node stands: `draining` while there are calls or lines on it yet, `drained` when nothing is left, so that it may be stopped; `down` when no dialer
 * reaches it.
 */
export type NodeState = 'up' | 'draining' | 'drained' | 'down';

/** A node as administrators see it. */
export interface NodeView {
  readonly node: string;
  readonly state: NodeState;
  /** Takes no new calls and lines, whether it is up or not. */
  readonly isDrained: boolean;
  /** For how long it has been up, or down; null: it was never seen up. */
  readonly forSeconds: number | null;
  readonly weight: number;
  /** Groups at home there, by their ids. */
  readonly groups: readonly string[];
  /** Live calls there. */
  readonly calls: number;
  /** Agents whose line stands there. */
  readonly agents: number;
  /** Channels of ours there, when it was last looked at. */
  readonly channels: number;
}

/** The nodes of the exchange, and draining them. */
@Injectable()
export class NodeAdmin {
  constructor(
    private readonly transactions: Transactions,
    private readonly store: NodeStore,
    private readonly notifications: Notifications,
  ) {}

  /** All nodes that a dialer has known within a day, by name. */
  async list(): Promise<NodeView[]> {
    const [nodes, homes, uses] = await this.transactions.read(async (tx) => [
      await this.store.list(tx),
      await this.store.homes(tx),
      await this.store.use(tx),
    ]);
    return nodes.map(({ name, isUp, isDrained, forSeconds, weight, legs }) => {
      const { calls, agents } = uses.find(({ node }) => node === name) ?? { calls: 0, agents: 0 };
      const drained = calls + agents === 0 ? 'drained' : 'draining';
      return {
        node: name,
        state: !isUp ? 'down' : isDrained ? drained : 'up',
        isDrained,
        forSeconds: forSeconds === null ? null : Math.round(forSeconds),
        weight,
        groups: [...homes].flatMap(([groupId, node]) => (node === name ? [groupId] : [])).sort(),
        calls,
        agents,
        channels: legs,
      };
    });
  }

  /**
   * From now on the node takes no new calls and lines, or does again; what is on it goes on. Asking twice is harmless.
   * @throws DialerError `node.not_found`
   */
  async setDrained(name: string, isDrained: boolean): Promise<NodeView> {
    const isKnown = await this.transactions.run(async (tx) => {
      const isThere = await this.store.setDrained(tx, name, isDrained);
      await this.notifications.notify(tx, 'dialer', NODES_CHANGED);
      return isThere;
    });
    const node = (await this.list()).find((one) => one.node === name);
    if (!isKnown || node === undefined) throw new DialerError('node.not_found', 'No dialer knows a node of this name.');
    return node;
  }
}
