/** What the deadline of an order's first call is counted from. */
export interface FirstCallTerms {
  readonly registeredAt: Date;
  /** The deadline; null for an order that is not to be called. */
  readonly callBy: Date | null;
  /** Since when a call has been permitted: registration, or the end of what stood in the way (closed hours, a wish of the shop). */
  readonly dueAt: Date;
}

/**
 * Whether a first call at `at` kept its deadline. Where no call was permitted for a time, the span of the deadline counts from the end of that time: an order
 * of the night is late ten minutes after the morning begins, not at midnight. True for an order without a deadline.
 */
export function isInTime({ registeredAt, callBy, dueAt }: FirstCallTerms, at: Date): boolean {
  if (callBy === null) return true;
  const spanMs = Math.max(0, callBy.getTime() - registeredAt.getTime());
  return at.getTime() <= Math.max(callBy.getTime(), dueAt.getTime() + spanMs);
}
