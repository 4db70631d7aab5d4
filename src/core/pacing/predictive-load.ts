import type { AbandonCount } from './abandon-budget.js';
import type { GroupLoad, PacingReason } from './pace.js';

/** What the predictive rule sees of one agent group at one instant. Durations are in seconds. */
export interface PredictiveLoad extends Pick<GroupLoad, 'agents' | 'linesFree'> {
  readonly calls: {
    /** Unanswered calls for which no agent is reserved; the first call of an order is attempt 1. */
    readonly unassigned: readonly {
      readonly ageSeconds: number;
      readonly ringingSeconds: number | null;
      readonly attempt: number;
    }[];
    /** Answered calls of which it is not known yet whether a person answered: seconds since the answer. */
    readonly screening: readonly number[];
    /** Answered buyers without an agent: seconds since the answer. */
    readonly waiting: readonly number[];
  };
  /** Orders that may be called at this instant, in the order in which they will be called. */
  readonly due: readonly DueCalls[];
  /** The abandoned calls so far, in each window of a cap that calls ahead of the agents would use up; none: nobody may be called ahead. */
  readonly abandons: readonly AbandonCount[];
}

/** Some orders of one kind. */
export interface DueCalls {
  readonly attempt: number;
  readonly count: number;
  /** They are called with an agent reserved only. */
  readonly needsAgent?: boolean;
}

/** `no_evidence` and `cap_reached`: one call for each free agent, no more. `predicted`: as many as the accepted risk permits. */
export type PredictiveReason = PacingReason | 'all_due' | 'no_evidence' | 'cap_reached' | 'predicted';

/** How many calls to place now, what set the number, and what it was weighed by. */
export interface PredictiveDecision {
  /** Whole number ≥ 0, never more than the free lines or the orders due. */
  readonly dial: number;
  readonly reason: PredictiveReason;
  /** Whether calls may be more than the agents who are free for certain. */
  readonly isAhead: boolean;
  /** Calls among `dial` that may take an agent for themselves, because they need one. */
  readonly reserve: number;
  /** Ready agents less those already promised to a call without an agent of its own. */
  readonly agentsFree: number;
  /** Chance (0–1) of one more abandoned call for the next call, if answered; null when it was not worked out. */
  readonly risk: number | null;
  /** The highest such chance that was accepted. */
  readonly acceptedRisk: number;
  /** Share (0–1) of first calls that are expected to be answered. */
  readonly answerRatio: number;
}

export interface PredictiveOptions {
  /** Highest share (0–1) of answered calls that may find no agent, in windows that name no cap of their own. */
  readonly cap: number;
  /** An answered buyer without an agent after this is abandoned, seconds from the answer. */
  readonly abandonAfterSeconds: number;
  /** How long a phone rings at most. */
  readonly ringSeconds: number;
  /** True when a detection of answering machines runs after the answer and before an agent is connected. */
  readonly isScreened: boolean;
}
