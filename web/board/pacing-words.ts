import type { BoardPacingReason } from '../../src/features/supervision/supervision.protocol.js';

/** The word for each reason of a pacing decision: `board/pacing/…`. Keys that end in `_one` would be forms of a plural. */
export const PACING_WORDS: Readonly<Record<BoardPacingReason, string>> = {
  nothing_due: 'nothingDue',
  no_agent: 'noAgent',
  trunk_full: 'trunkFull',
  telephony_down: 'telephonyDown',
  clock_skew: 'clockSkew',
  event_loop_lag: 'eventLoopLag',
  one_to_one: 'oneForEach',
  all_due: 'allDue',
  no_evidence: 'noEvidence',
  cap_reached: 'capReached',
  predicted: 'predicted',
};
