/** Reasons for a break that are offered; others may be said by tools. */
export const BREAKS = ['pause', 'lunch', 'training', 'meeting', 'technical'] as const;
