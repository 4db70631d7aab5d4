/** A leg on the virtual exchange. */
export interface VirtualLeg {
  readonly legId: string;
  readonly groupId: string;
  readonly createdMs: number;
  /** Ends with its lease, without a message: an agent's leg, a number's, an ear. */
  readonly isAgent: boolean;
  /** Takes a line of a trunk. */
  readonly isOnTrunk: boolean;
  /** The buyer's leg that this one is an ear on. */
  readonly watchesLegId?: string;
  readonly reportsSpeech: boolean;
  state: 'dialing' | 'ringing' | 'up';
  /** In our hands, not in the dialplan's (before the answer, during the message). */
  isOurs: boolean;
  isBridgedOnce: boolean;
  isInMessage: boolean;
  bridgeId: string | null;
  /** Calls off what is still to come. */
  readonly cancels: Set<() => void>;
  cancelLease: (() => void) | null;
}

/** A leg that is being called. */
export function newLeg(
  request: { legId: string; groupId: string },
  more: Pick<VirtualLeg, 'isAgent' | 'isOnTrunk' | 'reportsSpeech' | 'watchesLegId'>,
  nowMs: number,
): VirtualLeg {
  return {
    legId: request.legId,
    groupId: request.groupId,
    createdMs: nowMs,
    ...more,
    state: 'dialing',
    isOurs: false,
    isBridgedOnce: false,
    isInMessage: false,
    bridgeId: null,
    cancels: new Set(),
    cancelLease: null,
  };
}
