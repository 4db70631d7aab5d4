/** What the pacing rule sees of one agent group at one instant. Durations are in seconds. */
export interface GroupLoad {
  readonly agents: {
    /** Seconds in the state, one entry for each ready agent whose phone is up. */
    readonly ready: readonly number[];
    /** Ready agents whose phone is rung first for each call: they serve calls reserved for them only. */
    readonly readyPerCall?: number;
    readonly reserved: number;
    /** Seconds of talk, one entry for each talking agent. */
    readonly talking: readonly number[];
    readonly wrapUp: readonly number[];
  };
  readonly calls: {
    /** Unanswered calls for which no agent is reserved: seconds since originate, seconds since ringing or null. */
    readonly unassigned: readonly { readonly ageSeconds: number; readonly ringingSeconds: number | null }[];
    /** Answered calls of which it is not known yet whether a person answered: seconds since the answer. */
    readonly screening?: readonly number[];
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
 */
export function pace({ agents, calls, ordersDue, linesFree: lines }: GroupLoad): PacingDecision {
  const promised = calls.unassigned.length + (calls.screening?.length ?? 0) + calls.waiting.length;
  const agentsFree = Math.max(0, agents.ready.length - promised) + (agents.readyPerCall ?? 0);
  if (ordersDue === 0) return { dial: 0, reason: 'nothing_due', agentsFree };
  if (agentsFree === 0) return { dial: 0, reason: 'no_agent', agentsFree };
  const linesFree = Math.max(0, Math.floor(lines));
  if (linesFree === 0) return { dial: 0, reason: 'trunk_full', agentsFree };
  const dial = Math.min(agentsFree, ordersDue, linesFree);
  return { dial, reason: linesFree < Math.min(agentsFree, ordersDue) ? 'trunk_full' : 'one_to_one', agentsFree };
}
