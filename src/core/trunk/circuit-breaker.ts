/**
 * The circuit of a trunk: open while the carrier refuses call after call, so that buyers are reached over another trunk, or wait, instead of
 * being tried in vain.
 *
 * ```
 *            storm of failures               pause is over
 *   closed ---------------------> open ----------------------> half_open
 *     ^                            ^                             |   |
 *     |                            '------- a probe failed ------'   |
 *     '------------------------------- two probes got through -------'
 * ```
 */
export type CircuitState = 'closed' | 'open' | 'half_open';

/** What one call says of its trunk. A call that was withdrawn, or that failed on our side, says nothing. */
export interface TrunkFact {
  /** Distinguishes called numbers without telling them: a number that fails again and again is one failure, whatever the trunk. */
  readonly number: string;
  /** `reached`: the network knew the number or the phone rang, whoever refused then. `failed`: the trunk refused, or never said a word. */
  readonly kind: 'reached' | 'failed';
  readonly placedAt: Date;
  /** When it was known. */
  readonly at: Date;
}

export interface Circuit {
  /** Facts that still count, oldest first; kept while closed only. */
  readonly recent: readonly TrunkFact[];
  /** Set while open or half open. */
  readonly open: { readonly since: Date; readonly retryAt: Date; readonly probesReached: number } | null;
  /** How often it opened in a row, without a good while between. */
  readonly trips: number;
  readonly closedAt: Date | null;
}

export const NEW_CIRCUIT: Circuit = { recent: [], open: null, trips: 0, closedAt: null };

/** How far back failures are counted. Long enough for two agents to see four calls fail, short enough to forget a bad minute. */
export const WINDOW_MS = 120_000;
/** Different numbers that must fail before a circuit opens … */
export const FAILURES_TO_OPEN = 4;
/** … and their share of all numbers called over the trunk. */
export const FAILED_RATIO_TO_OPEN = 0.5;
/** Probes that must get through, one after the other, before the trunk is trusted again. */
export const PROBES_TO_CLOSE = 2;
/** The first pause; it doubles with each probe that fails. */
export const FIRST_PAUSE_MS = 15_000;
export const LONGEST_PAUSE_MS = 300_000;
/** A circuit that stayed closed for so long begins with the first pause again. */
const FORGIVEN_AFTER_MS = 300_000;

/** Where the circuit stands at an instant. */
export function circuitState(circuit: Circuit, now: Date): CircuitState {
  if (circuit.open === null) return 'closed';
  return now < circuit.open.retryAt ? 'open' : 'half_open';
}

/** The circuit after one more fact. Facts of calls that were placed before it opened, or before its pause was over, change nothing while it is open. */
export function noteTrunkFact(circuit: Circuit, fact: TrunkFact): Circuit {
  if (circuit.open === null) return noteWhileClosed(circuit, fact);
  if (fact.placedAt < circuit.open.retryAt) return circuit;
  if (fact.kind === 'failed') return openedAt(circuit, fact.at);
  const probesReached = circuit.open.probesReached + 1;
  return probesReached >= PROBES_TO_CLOSE
    ? { recent: [], open: null, trips: circuit.trips, closedAt: fact.at }
    : { ...circuit, open: { ...circuit.open, probesReached } };
}

/**
 * How many lines of a trunk the circuit leaves to new calls.
 *
 * @param linesFree  what channels and calls per second would permit
 * @param undecided  live calls over the trunk of which nothing has been heard yet
 * @returns all while closed, none while open, one while half open and no probe is under way
 */
export function linesPermitted(circuit: Circuit, linesFree: number, undecided: number, now: Date): number {
  switch (circuitState(circuit, now)) {
    case 'closed':
      return linesFree;
    case 'open':
      return 0;
    case 'half_open':
      return undecided > 0 ? 0 : Math.min(1, linesFree);
  }
}

/** What stands in the record of a decision; null while closed. */
export function explainCircuit(circuit: Circuit, now: Date): string | null {
  if (circuit.open === null) return null;
  const { since, retryAt, probesReached } = circuit.open;
  if (now < retryAt) {
    return `The carrier has refused call after call since ${since.toISOString()}; one call tries again at ${retryAt.toISOString()}.`;
  }
  return `The carrier refused call after call at ${since.toISOString()}; single calls try again, ${probesReached} of ${PROBES_TO_CLOSE} got through.`;
}

function noteWhileClosed(circuit: Circuit, fact: TrunkFact): Circuit {
  const from = fact.at.getTime() - WINDOW_MS;
  const recent = [...circuit.recent.filter((one) => one.at.getTime() > from), fact];
  const next = { ...circuit, recent };
  if (fact.kind === 'reached') return next;
  const failed = new Set(recent.filter((one) => one.kind === 'failed').map((one) => one.number));
  const called = new Set(recent.map((one) => one.number));
  const isStorm = failed.size >= FAILURES_TO_OPEN && failed.size >= called.size * FAILED_RATIO_TO_OPEN;
  return isStorm ? openedAt(next, fact.at) : next;
}

function openedAt(circuit: Circuit, at: Date): Circuit {
  const isForgiven =
    circuit.open === null && circuit.closedAt !== null && at.getTime() - circuit.closedAt.getTime() > FORGIVEN_AFTER_MS;
  const trips = isForgiven ? 1 : circuit.trips + 1;
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (trips - 1));
  return {
    recent: [],
    open: { since: at, retryAt: new Date(at.getTime() + pauseMs), probesReached: 0 },
    trips,
    closedAt: null,
  };
}
