/** As far as a turn sees into a backlog that waits for one thing: more than a day's orders of a shop. */
const MOST_ORDERS = 10_000;

interface Memory {
  readonly orderRefs: Set<string>;
  readonly free: ReadonlySet<string>;
  readonly untilMs: number;
}

/**
 * Orders at the head of a group's queue for which there was nothing of a kind (no free agent fitted, or no trunk that leads there had a line): they are
 * passed over, so that those behind them have their turn, until something else of that kind becomes free or the time is up.
 */
export class PassedOver {
  private readonly byGroup = new Map<string, Memory>();

  /** @param keptMs  so long at most is an order passed over: its wait, or a change of it, may have opened it to more */
  constructor(private readonly keptMs: number) {}

  /** @param free  agents, or trunks, free now */
  of(groupId: string, free: readonly string[], nowMs: number): ReadonlySet<string> {
    const memory = this.byGroup.get(groupId);
    if (memory === undefined) return new Set();
    if (nowMs < memory.untilMs && free.every((one) => memory.free.has(one))) return memory.orderRefs;
    this.byGroup.delete(groupId);
    return new Set();
  }

  /**
   * @param free  those free when the orders were met
   * @returns     whether there was room for all of them
   */
  add(groupId: string, orderRefs: readonly string[], free: readonly string[], nowMs: number): boolean {
    if (orderRefs.length === 0) return true;
    const known = this.byGroup.get(groupId);
    const all = known?.orderRefs ?? new Set<string>();
    for (const orderRef of orderRefs) if (all.size < MOST_ORDERS) all.add(orderRef);
    this.byGroup.set(groupId, {
      orderRefs: all,
      // What was taken meanwhile may have fitted the orders met since.
      free: new Set(free.filter((one) => known?.free.has(one) ?? true)),
      untilMs: known?.untilMs ?? nowMs + this.keptMs,
    });
    return all.size < MOST_ORDERS;
  }
}
