import { Inject, Injectable } from '@nestjs/common';
import type { Telephony } from '../../core/call/telephony.js';
import { Transactions } from '../../platform/database/transaction.js';
import { takesCalls, type PresenceView } from '../agents/agents.events.js';
import { NodeHomes } from './node-homes.js';
import { NodeStore } from './node.store.js';
import { TELEPHONY } from './telephony.provider.js';

/** States in which no call needs the agent's line. */
const AT_REST: readonly string[] = ['connecting', 'ready', 'break', 'wrap_up'];
/** Of those on the old node, these stay the longest. */
const MOVED_FIRST: readonly string[] = ['connecting', 'break', 'wrap_up', 'ready'];

/** On which node each agent's line should stand, and whose has to move there. */
@Injectable()
export class LineNodes {
  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly transactions: Transactions,
    private readonly store: NodeStore,
    private readonly homes: NodeHomes,
  ) {}

  /** Where the agent's line should stand: with a call, beside the buyer; else at the home of their first group. Null: nowhere known. */
  async nameFor(agent: PresenceView): Promise<string | null> {
    const { callId } = agent;
    const isAtCall = callId !== null && !AT_REST.includes(agent.state);
    const ofCall = isAtCall ? await this.transactions.read((tx) => this.store.ofCall(tx, callId)) : null;
    return ofCall ?? this.homes.homeOf(agent.groupIds[0] ?? '');
  }

  /** The exchange to call the agent through; null while it is not up. */
  async nodeFor(agent: PresenceView): Promise<Telephony | null> {
    const name = await this.nameFor(agent);
    return this.nodes.find(({ node, isUp }) => node === name && isUp) ?? null;
  }

  /**
   * Agents whose line has to be given up for one at their group's home, now: nobody who is needed where they are, be it by a call at hand or by buyers who
   * are being called there.
   */
  async toMove(floor: readonly PresenceView[]): Promise<PresenceView[]> {
    const away = floor.filter((agent) => this.isAway(agent));
    if (away.length === 0) return [];
    const due: PresenceView[] = [];
    for (const node of new Set(away.map((agent) => agent.legNode ?? ''))) {
      const there = away.filter((agent) => agent.legNode === node);
      due.push(...(this.homes.lostForSeconds(node) > 0 ? there : await this.notNeeded(node, there)));
    }
    return due;
  }

  /** Nobody reaches the node, and the agent's group has gone on to another. */
  isLost(node: string, groupId: string): boolean {
    const home = this.homes.homeOf(groupId);
    return home !== null && home !== node && this.homes.lostForSeconds(node) > 0;
  }

  private async notNeeded(node: string, there: readonly PresenceView[]): Promise<PresenceView[]> {
    const agents = there
      .filter(({ role }) => takesCalls(role))
      .sort((a, b) => MOVED_FIRST.indexOf(a.state) - MOVED_FIRST.indexOf(b.state));
    const others = there.filter(({ role }) => !takesCalls(role));
    const groupIds = [...new Set(agents.flatMap((agent) => agent.groupIds))];
    const { unassigned, calls } = await this.transactions.read(async (tx) => ({
      unassigned: await this.store.unassigned(tx, node, groupIds),
      calls: others.length === 0 ? 0 : ((await this.store.use(tx)).find((one) => one.node === node)?.calls ?? 0),
    }));
    // Supervisors hear talks on the node where their line stands: they stay until the last one is over.
    return [...agents.slice(0, Math.max(0, agents.length - unassigned)), ...(calls === 0 ? others : [])];
  }

  private isAway({ connection, isLegUp, legNode, state, groupIds }: PresenceView): boolean {
    if (connection !== 'persistent' || !isLegUp || legNode === null || !AT_REST.includes(state)) return false;
    const home = this.homes.homeOf(groupIds[0] ?? '');
    return home !== null && home !== legNode && this.nodes.some(({ node, isUp }) => node === home && isUp);
  }
}
