/** A node of the exchange, as placement sees it. */
export interface PlaceNode {
  readonly name: string;
  /** How much it bears beside the others; above 0. */
  readonly weight: number;
  /** Somebody reaches it, and it is not drained: it may carry new calls. */
  readonly isUsable: boolean;
  /** It has been up for a while: groups that are well where they are may come to it. */
  readonly isSettled: boolean;
}

/** A group with everybody who takes its calls, signed in or not. */
export interface PlaceGroup {
  readonly groupId: string;
  readonly agentIds: readonly string[];
}

interface Pool {
  /** In order; the first one names the pool. */
  readonly groupIds: readonly string[];
  readonly load: number;
}

/** What a group without agents weighs, so that such groups are spread too. */
const EMPTY_LOAD = 0.01;
/** A group that is well where it is moves only when the fullest node gets lighter by this share of what one node bears on average. */
const WORTH_MOVING = 0.2;

/**
 * On which node each group has its agents' lines and new calls.
 *
 * Groups that share an agent stay together, since a line stands on one node. Who has a usable node keeps it; who has none goes to the one that bears
 * least for its weight, the largest first. Then single groups move from the fullest node to an emptier one that is settled, while that is worth it.
 *
 * @param homes  the nodes that the groups have now
 * @returns the node of each group; unchanged while no node is usable, and without the groups that have none
 */
export function placeGroups(
  groups: readonly PlaceGroup[],
  nodes: readonly PlaceNode[],
  homes: ReadonlyMap<string, string>,
): Map<string, string> {
  const usable = nodes.filter((node) => node.isUsable);
  const floor = new Floor(usable);
  const homeless: Pool[] = [];
  for (const pool of poolsOf(groups)) {
    const home = homeOf(pool, groups, usable, homes);
    if (home === null) homeless.push(pool);
    else floor.put(pool, home);
  }
  if (usable.length === 0)
    return new Map([...homes].filter(([groupId]) => groups.some((one) => one.groupId === groupId)));
  const settled = usable.filter((node) => node.isSettled);
  for (const pool of homeless.sort(byLoad))
    floor.put(pool, floor.lightestFor(pool, settled.length > 0 ? settled : usable));
  floor.balance(settled);
  return floor.homes();
}

/** The pools on each node while they are being placed. */
class Floor {
  private readonly at = new Map<Pool, PlaceNode>();

  constructor(private readonly nodes: readonly PlaceNode[]) {}

  put(pool: Pool, node: PlaceNode): void {
    this.at.set(pool, node);
  }

  lightestFor(pool: Pool, among: readonly PlaceNode[]): PlaceNode {
    const fill = (node: PlaceNode): number => (this.load(node) + pool.load) / node.weight;
    return first(among, (a, b) => fill(a) - fill(b) || affinity(pool, b) - affinity(pool, a));
  }

  /** Each move makes the fuller of two nodes lighter, so that it comes to an end. */
  balance(targets: readonly PlaceNode[]): void {
    const sum = (of: (node: PlaceNode) => number): number => this.nodes.reduce((total, node) => total + of(node), 0);
    const worth = (WORTH_MOVING * sum((node) => this.load(node))) / sum((node) => node.weight);
    for (let moves = this.at.size; moves > 0; moves--) {
      const source = first(this.nodes, (a, b) => this.fill(b) - this.fill(a) || (a.name < b.name ? -1 : 1));
      const moveable = [...this.at].flatMap(([pool, node]) => (node === source ? [pool] : []));
      const options = moveable.flatMap((pool) =>
        targets.filter((node) => node !== source).map((node) => ({ pool, node, gain: this.gain(pool, source, node) })),
      );
      if (options.length === 0) return;
      const best = first(
        options,
        (a, b) => b.gain - a.gain || affinity(b.pool, b.node) - affinity(a.pool, a.node) || byLoad(a.pool, b.pool),
      );
      if (best.gain <= 0 || best.gain < worth) return;
      this.put(best.pool, best.node);
    }
  }

  homes(): Map<string, string> {
    return new Map(
      [...this.at].flatMap(([pool, node]) => pool.groupIds.map((groupId) => [groupId, node.name] as const)),
    );
  }

  /** By how much the fuller of the two gets lighter when the pool moves. */
  private gain(pool: Pool, from: PlaceNode, to: PlaceNode): number {
    const after = Math.max((this.load(from) - pool.load) / from.weight, (this.load(to) + pool.load) / to.weight);
    return Math.max(this.fill(from), this.fill(to)) - after;
  }

  private fill(node: PlaceNode): number {
    return this.load(node) / node.weight;
  }

  private load(node: PlaceNode): number {
    let sum = 0;
    for (const [pool, at] of this.at) if (at === node) sum += pool.load;
    return sum;
  }
}

/** Groups that share agents, directly or through others, in one. */
function poolsOf(groups: readonly PlaceGroup[]): Pool[] {
  const leaderOf = new Map<string, string>();
  const find = (groupId: string): string => {
    const up = leaderOf.get(groupId) ?? groupId;
    return up === groupId ? groupId : find(up);
  };
  const groupOfAgent = new Map<string, string>();
  for (const { groupId, agentIds } of [...groups].sort((a, b) => (a.groupId < b.groupId ? -1 : 1))) {
    for (const agentId of agentIds) {
      const other = groupOfAgent.get(agentId);
      if (other === undefined) groupOfAgent.set(agentId, groupId);
      else if (find(other) !== find(groupId)) leaderOf.set(find(groupId), find(other));
    }
  }
  const members = new Map<string, PlaceGroup[]>();
  for (const group of groups) members.set(find(group.groupId), [...(members.get(find(group.groupId)) ?? []), group]);
  return [...members.values()].map((list) => ({
    groupIds: list.map(({ groupId }) => groupId).sort(),
    load: new Set(list.flatMap(({ agentIds }) => agentIds)).size + EMPTY_LOAD * list.length,
  }));
}

/** The usable node on which most of the pool's agents are at home; null when none of them is. */
function homeOf(
  { groupIds }: Pool,
  groups: readonly PlaceGroup[],
  usable: readonly PlaceNode[],
  homes: ReadonlyMap<string, string>,
): PlaceNode | null {
  const weights = new Map<string, number>();
  for (const { groupId, agentIds } of groups) {
    const home = groupIds.includes(groupId) ? homes.get(groupId) : undefined;
    if (home !== undefined) weights.set(home, (weights.get(home) ?? 0) + agentIds.length + EMPTY_LOAD);
  }
  const found = usable.filter((node) => weights.has(node.name));
  if (found.length === 0) return null;
  return first(found, (a, b) => (weights.get(b.name) ?? 0) - (weights.get(a.name) ?? 0) || (a.name < b.name ? -1 : 1));
}

function byLoad(a: Pool, b: Pool): number {
  return b.load - a.load || ((a.groupIds[0] ?? '') < (b.groupIds[0] ?? '') ? -1 : 1);
}

function first<T>(list: readonly T[], compare: (a: T, b: T) => number): T {
  return list.reduce((best, one) => (compare(one, best) < 0 ? one : best));
}

/** The same for the same pool and node at all times: ties break alike everywhere (FNV-1a). */
function affinity({ groupIds }: Pool, { name }: PlaceNode): number {
  let hash = 0x811c9dc5;
  for (const letter of `${groupIds[0] ?? ''} ${name}`)
    hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
