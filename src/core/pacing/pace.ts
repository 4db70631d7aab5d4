/**
 * What the pacing rule sees of one agent group at one instant. Durations are in seconds.
 * The shape already carries what a predictive rule needs: states with their age, ringing calls with theirs.
 */
export interface GroupLoad {
  readonly mode: 'progressive' | 'predictive';
  readonly agents: {
    /** Seconds in the state, one entry for each ready agent. */
    readonly ready: readonly number[];
    readonly reserved: number;
    /** Seconds of talk, one entry for each talking agent. */
    readonly talking: readonly number[];
    readonly wrapUp: readonly number[];
  };
  readonly calls: {
    /** Unanswered calls for which no agent is reserved: seconds since originate, seconds since ringing or null. */
    readonly unassigned: readonly { readonly ageSeconds: number; readonly ringingSeconds: number | null }[];
    /** Answered buyers without an agent: seconds since the answer. */
    readonly waiting: readonly number[];
  };
  /** Orders that may be called at this instant. */
  readonly ordersDue: number;
  /** Lines that may be taken now: free trunk channels, cut to what calls per second allow. */
  readonly linesFree: number;
}

export type PacingReason = 'nothing_due' | 'no_agent' | 'trunk_full' | 'one_to_one';

/** How many calls to place now and what set the number. */
export interface PacingDecision {
  /** Whole number ≥ 0, never more than the free lines, the orders due or the free agents. */
  readonly dial: number;
  readonly reason: PacingReason;
  /** Agents free for a new call: ready ones less those already promised to a call without an agent of its own. */
  readonly agentsFree: number;
}

/**
 * How many new calls to place now for one agent group: progressive, one call for each free agent.
 *
 * Nobody waits for an agent then: the agent is reserved before the INVITE leaves (docs/decisions/0009-lease-and-abandoned.md).
 * A group set to `predictive` is dialled the same way as long as no evidence for more has been gathered.
 */
export function pace(load: GroupLoad): PacingDecision {
  const promised = load.calls.unassigned.length + load.calls.waiting.length;
  const agentsFree = Math.max(0, load.agents.ready.length - promised);
  if (load.ordersDue === 0) return { dial: 0, reason: 'nothing_due', agentsFree };
  if (agentsFree === 0) return { dial: 0, reason: 'no_agent', agentsFree };
  const linesFree = Math.max(0, Math.floor(load.linesFree));
  if (linesFree === 0) return { dial: 0, reason: 'trunk_full', agentsFree };
  const dial = Math.min(agentsFree, load.ordersDue, linesFree);
  return { dial, reason: linesFree < Math.min(agentsFree, load.ordersDue) ? 'trunk_full' : 'one_to_one', agentsFree };
}
