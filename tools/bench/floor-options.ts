/** What a floor of `bench:floor` is told, for the one that works live and the one that is simulated beside it; defaults in place. */
export const FLOOR_OPTIONS = {
  dialing: { type: 'string', default: 'predictive' },
  agents: { type: 'string', default: '10' },
  orders: { type: 'string', default: '300' },
  /** Share of the buyers who pick up, after 1 to 6 s of ringing; of the others most ring out after 15 s. */
  answered: { type: 'string', default: '0.45' },
  cap: { type: 'string', default: '0.03' },
  /** Seconds, on average. */
  talk: { type: 'string', default: '20' },
  'wrap-up': { type: 'string', default: '5' },
  /** Answered calls of the day before the run, {@link pastAbandonedOf} them abandoned: a window that is filled as on a day of work. */
  past: { type: 'string', default: '0' },
  telephony: { type: 'string', default: 'own-asterisk' },
  seed: { type: 'string', default: '1' },
  /** JSON file of the calls of a run: written by the live floor, read to play them again. */
  calls: { type: 'string' },
} as const;

/** Of what the cap permits, in the past of a run. */
const PAST_ABANDONED = 0.85;

/** How many of the past calls were abandoned. */
export const pastAbandonedOf = (o: { past: string; cap: string }): number =>
  Math.floor(Number(o.past) * Number(o.cap) * PAST_ABANDONED);
