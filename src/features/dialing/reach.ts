/** A loss is counted after so long: most links are back within a moment, and a change of leadership costs more. */
export const REACH_LOST_MS = 750;

/** How much this process reaches of what each group needs of the exchange (`CallsService.reachOf`); a loss counts once it has lasted a moment. */
export class Reach {
  private readonly counted = new Map<string, number>();
  private readonly lostAt = new Map<string, number>();

  /** @param nowMs  monotonic */
  of(groupId: string, reached: number, nowMs: number): number {
    const before = this.counted.get(groupId) ?? 0;
    const lostAt = this.lostAt.get(groupId) ?? nowMs;
    if (reached < before && nowMs - lostAt < REACH_LOST_MS) {
      this.lostAt.set(groupId, lostAt);
      return before;
    }
    this.lostAt.delete(groupId);
    this.counted.set(groupId, reached);
    return reached;
  }
}
