import type { GroupId } from '../shared/ids.js';

/** A group that takes a shop's calls, and how long an order has waited by then. */
export interface OverflowStep {
  readonly group: GroupId;
  readonly afterSeconds: number;
}

/**
 * After which wait a group helps with a shop's orders: as the shop says, but groups in front in which nobody is at work are passed over at once.
 *
 * @param groups   the shop's groups in order of overflow, with waits that grow
 * @param staffed  groups in which somebody is at work (ready or busy)
 * @returns seconds, or null when the group does not serve the shop
 */
export function helpsAfterSeconds(
  groups: readonly OverflowStep[],
  group: GroupId,
  staffed: ReadonlySet<GroupId>,
): number | null {
  const at = groups.findIndex((step) => step.group === group);
  const own = groups[at];
  if (own === undefined) return null;
  const firstStaffed = groups.slice(0, at).find((step) => staffed.has(step.group));
  return Math.max(0, own.afterSeconds - (firstStaffed ?? own).afterSeconds);
}
