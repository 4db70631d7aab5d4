/**
 * Tells an answering machine from a person by how long the first utterance lasts.
 *
 * A person says a short hello and waits; a greeting of a machine goes on. The talk is connected meanwhile, so a person never waits for the
 * verdict. Thresholds: `docs/decisions/0008-answering-machine.md`.
 */
export type Detection =
  | { readonly phase: 'off' }
  | { readonly phase: 'listening'; readonly until: Date }
  | { readonly phase: 'speaking'; readonly machineAt: Date }
  | { readonly phase: 'person' };

/** An utterance that begins later than this after the answer is a reply, not a greeting. */
const GREETING_BEGINS_WITHIN_MS = 3_000;
/** A first utterance at least this long is a machine's greeting. */
const GREETING_LASTS_MS = 2_600;

export function beginDetection(isWanted: boolean, answeredAt: Date): Detection {
  return isWanted
    ? { phase: 'listening', until: new Date(answeredAt.getTime() + GREETING_BEGINS_WITHIN_MS) }
    : { phase: 'off' };
}

/** What a report of speech or of silence does to the verdict. */
export function onTalking(detection: Detection, isTalking: boolean, at: Date): Detection {
  switch (detection.phase) {
    case 'listening':
      if (!isTalking) return detection;
      return at > detection.until
        ? { phase: 'person' }
        : { phase: 'speaking', machineAt: new Date(at.getTime() + GREETING_LASTS_MS) };
    case 'speaking':
      return isTalking ? detection : { phase: 'person' };
    case 'off':
    case 'person':
      return detection;
  }
}

/** The instant at which a person who is still speaking becomes a machine, or null. */
export function verdictAt(detection: Detection): Date | null {
  return detection.phase === 'speaking' ? detection.machineAt : null;
}
