/** So long at most is an order passed over: its wait may have opened it to more agents. */
const PASSED_OVER_MS = 2_000;
/** More than a shop's backlog of orders that need one kind of agent. */
const MOST_ORDERS = 2_000;

interface Memory {
  readonly orderRefs: string[];
  readonly free: ReadonlySet<string>;
  readonly untilMs: number;
}

/**
 * Orders at the head of a group's queue that none of the free agents fitted: they are passed over, so that those behind them have their turn,
 * until somebody else becomes free or the time is up.
 */
export class PassedOver {
  private readonly byGroup = new Map<string, Memory>();

  /** @param free  agents free now */
  of(groupId: string, free: readonly string[], nowMs: number): readonly string[] {
    const memory = this.byGroup.get(groupId);
    if (memory === undefined) return [];
    if (nowMs < memory.untilMs && free.every((agentId) => memory.free.has(agentId))) return memory.orderRefs;
    this.byGroup.delete(groupId);
    return [];
  }

  /** @param free  agents free when they were met */
  add(groupId: string, orderRefs: readonly string[], free: readonly string[], nowMs: number): void {
    const known = this.byGroup.get(groupId);
    const all = [...(known?.orderRefs ?? []), ...orderRefs].slice(0, MOST_ORDERS);
    this.byGroup.set(groupId, {
      orderRefs: all,
      free: known?.free ?? new Set(free),
      untilMs: known?.untilMs ?? nowMs + PASSED_OVER_MS,
    });
  }
}
