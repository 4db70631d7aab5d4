import type { AttemptResult } from '../call/result.js';

/** A call as far as it tells of its trunk. */
export interface TrunkCall {
  /** null: alive. */
  readonly result: AttemptResult | null;
  /** The phone rang, or early media was heard. */
  readonly hasRung: boolean;
  /** False: the exchange refused to place the call, since the trunk is down. */
  readonly wasPlaced: boolean;
  /** Q.850 cause; null when none was heard. */
  readonly cause: number | null;
  /** SIP status of the refusal, or null. */
  readonly techCause: number | null;
}

/** The trunk will not have the call, besides all 5xx. Not 408 and 480: an INVITE that nobody answered within our own limit ends with them too. */
const REFUSING_STATUSES: readonly number[] = [401, 402, 403, 407, 488];
/** Causes of a refusal in plain words, for exchanges that give no SIP status (Q.850: destination out of order, no circuit, congestion …). */
const REFUSING_CAUSES: readonly number[] = [27, 34, 38, 41, 42, 44, 58];

/**
 * What a call says of its trunk: `reached` when the phone rang or the network gave any answer about the number, busy and declined among them;
 * `failed` when the trunk refused or stayed silent; null when nothing can be told (withdrawn, failed on our side, nothing heard yet).
 */
export function trunkFactKind(call: Pick<TrunkCall, 'result' | 'hasRung'>): 'reached' | 'failed' | null {
  if (call.hasRung) return 'reached';
  switch (call.result) {
    case 'carrier_failure':
      return 'failed';
    case null:
    case 'withdrawn':
    case 'system_failure':
      return null;
    default:
      return 'reached';
  }
}

/**
 * Whether the trunk said no in so many words, without ringing the buyer: then another trunk may carry the call at once. Silence is no refusal,
 * since the INVITE may have gone through; nor is any answer of the buyer's side (486 busy, 603 declined), which another trunk would only repeat.
 */
export function wasRefusedByTrunk(call: TrunkCall): boolean {
  if (call.result !== 'carrier_failure' || call.hasRung) return false;
  if (!call.wasPlaced) return true;
  const { techCause } = call;
  if (techCause !== null) return (techCause >= 500 && techCause < 600) || REFUSING_STATUSES.includes(techCause);
  return call.cause !== null && REFUSING_CAUSES.includes(call.cause);
}
