/** Whom a buyer is handed over to. `nobody`: there was nobody to hand over to. */
export type TransferTarget =
  | { readonly kind: 'agent'; readonly agentId: string; readonly legId: string }
  | {
      readonly kind: 'number';
      /** The shop's name for it. */
      readonly name: string;
      /** E.164. */
      readonly number: string;
      readonly legId: string;
      readonly trunkId: string;
      readonly trunkEndpoint: string;
      readonly callerId: string | null;
    }
  | { readonly kind: 'nobody' };

export const TRANSFER_MODES = ['blind', 'warm'] as const;
/** `warm`: the agent speaks with the target first, while the buyer hears music. */
export type TransferMode = (typeof TRANSFER_MODES)[number];

/** Why a buyer came back to the agent. */
export type TransferFailure = 'nobody_free' | 'no_answer' | 'busy' | 'unreachable' | 'target_left' | 'took_too_long';

/**
 * ```
 *  calling ──► consulting ──► conference
 *     │             │              │
 *     ├─────────────┴──────┬───────┤
 *     ▼                    ▼       ▼
 *  returning ◄────── handing_over ──► done
 *     │
 *     └► cancelled, failed
 * ```
 *
 * In `calling`, `consulting` and `returning` the buyer hears music; in `conference` all three hear each other. `blind` goes from `calling` to
 * `handing_over` at once.
 */
export const TRANSFER_STATES = [
  'calling',
  'consulting',
  'conference',
  'handing_over',
  'returning',
  'done',
  'cancelled',
  'failed',
] as const;
export type TransferState = (typeof TRANSFER_STATES)[number];

/** The last hand-over of a call, under way or over; what it does to the call is decided in `decide-transfer.ts`. */
export interface Transfer {
  readonly transferId: string;
  /** The agent who hands the buyer over. */
  readonly agentId: string;
  readonly target: TransferTarget;
  readonly mode: TransferMode;
  readonly state: TransferState;
  /** Of `returning` and `failed`; null when somebody called it off. */
  readonly reason: TransferFailure | null;
  /** The agent has put the phone down, or lost it: there is nobody to come back to. */
  readonly isAgentGone: boolean;
  readonly startedAt: Date;
  readonly since: Date;
}

/** The shop's phone may ring so long, in seconds. */
export const NUMBER_RING_SECONDS = 30;
/** A buyer hears music at most so long while the agents speak. */
export const CONSULT_SECONDS = 180;
const SETTLE_MS = 4_000;

const OVER: readonly TransferState[] = ['done', 'cancelled', 'failed'];

/** True while the call is on its way between two people. */
export function isUnderWay(transfer: Transfer | null): transfer is Transfer {
  return transfer !== null && !OVER.includes(transfer.state);
}

/** When the present state of a transfer must be over; null when the talk's own limit is enough. */
export function transferLimitAt(transfer: Transfer | null): Date | null {
  if (!isUnderWay(transfer)) return null;
  const limitMs = limitOf(transfer);
  return limitMs === null ? null : new Date(transfer.since.getTime() + limitMs);
}

function limitOf({ state, target }: Transfer): number | null {
  switch (state) {
    case 'calling':
      return SETTLE_MS + (target.kind === 'number' ? NUMBER_RING_SECONDS * 1_000 : 0);
    case 'consulting':
      return CONSULT_SECONDS * 1_000;
    case 'handing_over':
    case 'returning':
      return SETTLE_MS;
    case 'conference':
    case 'done':
    case 'cancelled':
    case 'failed':
      return null;
  }
}

/** The call is over, or has lost its agent, while the buyer was on the way; unchanged when there is no such transfer. */
export function calledOff(transfer: Transfer | null, now: Date): Transfer | null {
  return isUnderWay(transfer) ? { ...transfer, state: 'cancelled', since: now } : transfer;
}

/** When the buyer went to the shop's own number and the call ended for us; null otherwise. */
export function leftForNumberAt(transfer: Transfer | null): Date | null {
  return transfer?.state === 'done' && transfer.target.kind === 'number' ? transfer.since : null;
}

/** The target's leg as long as the call needs it; null otherwise. */
export function targetLegOf(transfer: Transfer | null): string | null {
  if (transfer === null || transfer.target.kind === 'nobody') return null;
  return isUnderWay(transfer) || leftForNumberAt(transfer) !== null ? transfer.target.legId : null;
}

/** The agent who is reserved to take the buyer over; null when there is none. */
export function reservedTarget(transfer: Transfer | null): string | null {
  return isUnderWay(transfer) && transfer.target.kind === 'agent' ? transfer.target.agentId : null;
}
