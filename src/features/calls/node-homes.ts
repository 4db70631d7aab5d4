import { Inject, Injectable } from '@nestjs/common';
import type { Telephony } from '../../core/call/telephony.js';
import { placeGroups } from '../../core/telephony/place-groups.js';
import { Settings } from '../../platform/config/settings.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { AgentsService } from '../agents/agents.service.js';
import { NodeStore, type StoredNode } from './node.store.js';
import { TELEPHONY } from './telephony.provider.js';

/** Word to the dialers (`NOTIFY dialer`) that nodes or homes have changed. */
export const NODES_CHANGED = 'nodes';
/** A node that has come up takes groups from others once it has stayed up for so long. */
const SETTLED_SECONDS = 30;
/** What a process that is no dialer has read of nodes and homes is good for so long. */
const READ_EVERY_MS = 1_000;

/**
 * On which node each group is at home: there its agents' lines stand and its new calls are placed (docs/decisions/0022-several-nodes.md). All dialers write
 * down which nodes they reach, and one after the other place the groups by the same rule, so that they agree.
 */
@Injectable()
export class NodeHomes {
  private nodes = new Map<string, StoredNode>();
  private homes: ReadonlyMap<string, string> = new Map();
  private readAtMs = Number.NEGATIVE_INFINITY;
  private readonly legs = new Map<string, number>();

  constructor(
    private readonly settings: Settings,
    @Inject(TELEPHONY) private readonly exchanges: readonly Telephony[],
    private readonly transactions: Transactions,
    private readonly store: NodeStore,
    private readonly agents: AgentsService,
    private readonly notifications: Notifications,
    private readonly log: Log,
  ) {}

  /** A dialer's regular look: says what it reaches, places the groups, and learns what holds now. One that fails must not cost the leases that are renewed next. */
  async look(): Promise<void> {
    try {
      await this.lookOnce();
    } catch (error) {
      this.log.warn('the nodes cannot be looked at, trying again', { error });
    }
  }

  private async lookOnce(): Promise<void> {
    const moved = await this.transactions.run(async (tx) => {
      if (this.readAtMs === Number.NEGATIVE_INFINITY) await this.store.forgetOld(tx, this.names);
      await this.store.see(
        tx,
        this.settings.ariNodes.map(({ name, weight }) => this.sightOf(name, weight)),
      );
      return this.place(tx, await this.store.list(tx));
    });
    if (moved.length > 0) this.log.info('groups have another node now', { homes: Object.fromEntries(moved) });
  }

  /** For processes that place nothing: what the dialers have agreed on, at most a second old. */
  async read(): Promise<void> {
    if (performance.now() - this.readAtMs < READ_EVERY_MS) return;
    const [nodes, homes] = await this.transactions.read(async (tx) => [
      await this.store.list(tx),
      await this.store.homes(tx),
    ]);
    this.learn(nodes, homes);
  }

  /** How many legs of ours a node was found to have. */
  noteLegs(node: string, legs: number): void {
    this.legs.set(node, legs);
  }

  /** The node of the group's lines and new calls; null while it has none. */
  homeOf(groupId: string): string | null {
    const [only, ...others] = this.names;
    return this.homes.get(groupId) ?? (others.length === 0 ? (only ?? null) : null);
  }

  isDrained(node: string): boolean {
    return this.nodes.get(node)?.isDrained ?? false;
  }

  /** For how many seconds nobody has reached the node; 0 while somebody may, infinity for one that nobody knows. */
  lostForSeconds(node: string): number {
    const own = this.exchanges.find((one) => one.node === node);
    if (own?.isUp === true) return 0;
    const known = this.nodes.get(node);
    if (known === undefined) return this.readAtMs === Number.NEGATIVE_INFINITY ? 0 : Number.POSITIVE_INFINITY;
    if (known.isUp) return 0;
    const sinceReadSeconds = (performance.now() - this.readAtMs) / 1_000;
    return known.forSeconds === null ? Number.POSITIVE_INFINITY : known.forSeconds + sinceReadSeconds;
  }

  private get names(): string[] {
    return this.settings.ariNodes.map(({ name }) => name);
  }

  private sightOf(name: string, weight: number) {
    const isUp = this.exchanges.find(({ node }) => node === name)?.isUp ?? false;
    return { name, weight, isUp, legs: isUp ? (this.legs.get(name) ?? 0) : null };
  }

  private async place(tx: Tx, nodes: readonly StoredNode[]): Promise<[string, string][]> {
    const before = await this.store.homes(tx);
    const places = nodes.map(({ name, weight, isUp, isDrained, forSeconds }) => ({
      name,
      weight,
      isUsable: isUp && !isDrained,
      isSettled: (forSeconds ?? 0) >= SETTLED_SECONDS,
    }));
    const after = placeGroups(await this.agents.staffing(tx), places, before);
    const moved = [...after].filter(([groupId, node]) => before.get(groupId) !== node);
    if (moved.length > 0) {
      await this.store.setHomes(tx, new Map(moved));
      await this.notifications.notify(tx, 'dialer', NODES_CHANGED);
    }
    this.learn(nodes, new Map([...before, ...after]));
    return moved;
  }

  private learn(nodes: readonly StoredNode[], homes: ReadonlyMap<string, string>): void {
    this.nodes = new Map(nodes.map((node) => [node.name, node]));
    this.homes = homes;
    this.readAtMs = performance.now();
  }
}
