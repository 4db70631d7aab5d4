import { Inject, Injectable } from '@nestjs/common';
import type { Telephony } from '../../core/call/telephony.js';
import { Log } from '../../platform/log/log.js';
import { TELEPHONY } from './telephony.provider.js';

/**
 * The groups whose legs this process hears, node by node: only where a group is heard may its calls be placed, since an answer would find nobody.
 * A node that is down when a group is taken hears of it as soon as it is up, without holding up the others.
 */
@Injectable()
export class GroupLinks {
  private readonly wanted = new Set<string>();
  private readonly heard = new Map<Telephony, Set<string>>();
  private readonly running = new Set<string>();

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly log: Log,
  ) {
    for (const node of nodes) {
      this.heard.set(node, new Set());
      node.onFact((fact) => {
        if (fact.kind === 'link.replaced') this.heard.get(node)?.delete(fact.groupId);
      });
    }
  }

  /**
   * Hears the group from now on, on every node. Resolves when its home is heard, or, where it has none that is up, all nodes that are.
   * @throws when such a node cannot be heard
   */
  async attach(groupId: string, home: string | null): Promise<void> {
    this.wanted.add(groupId);
    const up = this.nodes.filter((node) => node.isUp);
    const needed = up.some(({ node }) => node === home) ? up.filter(({ node }) => node === home) : up;
    this.tend(needed);
    await Promise.all(needed.map((node) => this.attachAt(node, groupId)));
  }

  async detach(groupId: string): Promise<void> {
    this.wanted.delete(groupId);
    for (const groups of this.heard.values()) groups.delete(groupId);
    await Promise.all(this.nodes.map((node) => node.detachGroup(groupId)));
  }

  isHeard(node: Telephony, groupId: string): boolean {
    return this.heard.get(node)?.has(groupId) ?? false;
  }

  /** What is not heard yet on a node that is up is asked for, and nobody waits for it. */
  tend(except: readonly Telephony[] = []): void {
    for (const node of this.nodes) {
      if (!node.isUp || except.includes(node)) continue;
      for (const groupId of this.wanted) {
        const key = `${node.node} ${groupId}`;
        if (this.isHeard(node, groupId) || this.running.has(key)) continue;
        this.running.add(key);
        this.attachAt(node, groupId)
          .catch((error: unknown) =>
            this.log.warn('a group cannot be heard on a node yet', { groupId, node: node.node, error }),
          )
          .finally(() => this.running.delete(key));
      }
    }
  }

  private async attachAt(node: Telephony, groupId: string): Promise<void> {
    await node.attachGroup(groupId);
    if (this.wanted.has(groupId)) this.heard.get(node)?.add(groupId);
    else await node.detachGroup(groupId);
  }
}
