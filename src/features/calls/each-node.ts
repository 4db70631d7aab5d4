import type { Telephony } from '../../core/call/telephony.js';

/** So long does the work on other nodes wait for one that is slow; what it comes to later is taken as it comes. */
const PATIENCE_MS = 300;

/**
 * Work on several nodes side by side, of which none may slow the others: one that freezes costs {@link PATIENCE_MS} once, and is left out while its earlier
 * work of the same kind still runs. Where there is one node only, its work is waited for to the end.
 */
export class EachNode {
  private readonly busy = new Set<string>();

  constructor(private readonly onFailed: (node: string, kind: string, error: unknown) => void) {}

  /**
   * @returns what came of it on the nodes that were done in time, and did not fail
   * @throws  what the work throws, where there is one node only
   */
  async run<R>(kind: string, nodes: readonly Telephony[], work: (node: Telephony) => Promise<R>): Promise<R[]> {
    const [only, ...others] = nodes;
    if (only === undefined) return [];
    if (others.length === 0) return [await work(only)];
    const done: R[] = [];
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    const all = Promise.all(nodes.map((node) => this.once(`${kind} ${node.node}`, node, kind, work, done)));
    await Promise.race([all, patience]);
    clearTimeout(timer);
    return [...done];
  }

  private async once<R>(
    key: string,
    node: Telephony,
    kind: string,
    work: (node: Telephony) => Promise<R>,
    done: R[],
  ): Promise<void> {
    if (this.busy.has(key)) return;
    this.busy.add(key);
    try {
      done.push(await work(node));
    } catch (error) {
      this.onFailed(node.node, kind, error);
    } finally {
      this.busy.delete(key);
    }
  }
}
