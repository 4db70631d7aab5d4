/** How an attempt ended, in one word (contract, section 2). */
export const ATTEMPT_RESULTS = [
  'answered',
  'machine',
  'busy',
  'no_answer',
  'rejected',
  'invalid_number',
  'unobtainable',
  'carrier_failure',
  'abandoned',
  'withdrawn',
  'system_failure',
] as const;
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];
