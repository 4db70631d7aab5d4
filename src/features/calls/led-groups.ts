import { Inject, Injectable } from '@nestjs/common';
import type { Telephony } from '../../core/call/telephony.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { AgentLegs } from './agent-legs.js';
import { GroupLinks } from './group-links.js';
import { LiveCalls } from './live-calls.js';
import { LostNodes } from './lost-nodes.js';
import { NodeHomes } from './node-homes.js';
import { Reconciler } from './reconciler.js';
import { StrayCalls } from './stray-calls.js';
import { Tenures } from './tenures.js';
import { TELEPHONY } from './telephony.provider.js';

/** How often belief and exchange are compared. */
const RECONCILE_EVERY_MS = 5_000;
/** The same while there are calls that cannot be judged yet. */
const LOOK_AGAIN_MS = 1_000;

/**
 * How much of what a group needs of the exchange a process reaches: `FULL` its home and every node that lives and may carry calls of the group, `HOME` its
 * home at least, `SOME` another node, `NONE` none.
 */
export const REACH = { NONE: 0, SOME: 1, HOME: 2, FULL: 3 } as const;

/** The groups that this process leads, on the nodes of the exchange. */
@Injectable()
export class LedGroups {
  private reconciledAt = 0;
  /** The epoch of each. */
  private readonly led = new Map<string, number>();

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly live: LiveCalls,
    private readonly strays: StrayCalls,
    private readonly agentLegs: AgentLegs,
    private readonly reconciler: Reconciler,
    private readonly tenures: Tenures,
    private readonly links: GroupLinks,
    private readonly homes: NodeHomes,
    private readonly lostNodes: LostNodes,
  ) {
    for (const node of nodes) {
      node.onFact((fact) => {
        // After a gap the exchange may hold other legs than we believe: compare at the next turn.
        if (fact.kind === 'link.up') this.reconciledAt = Number.NEGATIVE_INFINITY;
        // Another process may take a group from one that reaches less of what it needs: what the lease says must be asked anew.
        if (fact.kind === 'link.down') this.tenures.endWhere((groupId) => this.isNeeded(groupId, node));
        // Who hears the group's legs now serves them: from this moment on two would act on one buyer.
        if (fact.kind === 'link.replaced') this.standAside(fact.groupId);
      });
    }
  }

  /** See {@link REACH}. */
  reachOf(groupId: string): number {
    const isAnyUp = this.nodes.some((node) => node.isUp);
    const home = this.homes.homeOf(groupId);
    if (home === null) return isAnyUp ? REACH.FULL : REACH.NONE;
    if (!this.isUp(home)) return isAnyUp ? REACH.SOME : REACH.NONE;
    // Of a node that others reach, the leader alone knows whether the group has calls there.
    const beyond = this.nodes.filter((node) => !node.isUp && this.homes.lostForSeconds(node.node) === 0);
    const isFull = beyond.every((node) => this.led.has(groupId) && !this.isNeeded(groupId, node));
    return isFull ? REACH.FULL : REACH.HOME;
  }

  /** The node to place the group's next call on; null while that is not possible. */
  chooseNode(groupId: string): string | null {
    const home = this.homes.homeOf(groupId);
    const node = this.nodes.find((one) => one.node === home);
    if (node === undefined || !node.isUp || this.homes.isDrained(node.node)) return null;
    return this.links.isHeard(node, groupId) && this.reconciler.hasSeen(node) ? node.node : null;
  }

  /**
   * Leads a group from now on: hears its legs, takes over its live calls, and compares them with the exchange before any new call is placed.
   * @throws when the group's node is up and cannot be asked, or the lease ran out on the way; nothing of the group is kept then, ask again
   */
  async lead(groupId: string, epoch: number, allLed: readonly string[]): Promise<void> {
    try {
      await failpoint('leadership_taken');
      this.requireTenure(groupId);
      const home = this.homes.homeOf(groupId);
      await this.links.attach(groupId, home);
      await this.live.adopt(groupId, epoch);
      await failpoint('calls_adopted');
      this.requireTenure(groupId);
      await this.reconcile(allLed, home);
      this.led.set(groupId, epoch);
    } catch (error) {
      await this.leave(groupId);
      throw error;
    }
  }

  /** Leadership of a group is lost or given up; its talks go on and are the next leader's. */
  async leave(groupId: string): Promise<void> {
    this.led.delete(groupId);
    this.tenures.end(groupId);
    this.live.abandonGroup(groupId);
    this.agentLegs.abandonGroup(groupId);
    await this.links.detach(groupId);
  }

  /** Nothing is done for the group's calls any more, though the group is left at the next turn only, which may be waiting for the database. */
  private standAside(groupId: string): void {
    this.tenures.end(groupId);
    this.live.abandonGroup(groupId);
  }

  /** The regular work of a leader: what others asked for, agents' legs, and every few seconds the comparison with the exchange. */
  async tend(groupIds: readonly string[]): Promise<void> {
    this.links.tend();
    await this.agentLegs.tend(groupIds);
    await this.live.takeCommands();
    this.lostNodes.settle();
    if (performance.now() - this.reconciledAt > RECONCILE_EVERY_MS) await this.reconcile(groupIds, null);
  }

  /** Whoever stood still since the lease was taken must not take over what is another's by now: its legs would hear the wrong process. */
  private requireTenure(groupId: string): void {
    if (!this.tenures.isHeld(groupId)) throw new Error('the lease ran out before the group was taken over');
  }

  private async reconcile(groupIds: readonly string[], home: string | null): Promise<void> {
    this.reconciledAt = performance.now();
    const undecided = (await this.reconciler.run(groupIds, home)) + (await this.strays.adopt(this.led));
    if (undecided > 0) this.reconciledAt -= RECONCILE_EVERY_MS - LOOK_AGAIN_MS;
  }

  private isNeeded(groupId: string, { node }: Telephony): boolean {
    const home = this.homes.homeOf(groupId);
    if (home === null || home === node) return true;
    return this.live.all().some(({ route }) => route.groupId === groupId && route.node === node);
  }

  private isUp(name: string): boolean {
    return this.nodes.some(({ node, isUp }) => node === name && isUp);
  }
}
