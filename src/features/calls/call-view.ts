import type { AttemptResult } from '../../core/call/result.js';
import { leftForNumberAt, type Transfer } from '../../core/call/transfer.js';
import { wasRefusedByTrunk } from '../../core/trunk/trunk-fact.js';
import type { StoredCall } from './call.store.js';

/** A call as other rooms see it; instants are null until they have come. */
export interface CallView {
  readonly callId: string;
  readonly shopId: string;
  readonly orderRef: string;
  readonly groupId: string;
  /** The node of the exchange that carries it. */
  readonly node: string;
  readonly agentId: string | null;
  readonly state: string;
  readonly result: AttemptResult | null;
  readonly number: number;
  readonly dialedAt: Date | null;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  /** When it was over for its agent and orders; buyer and shop may talk on. */
  readonly endedAt: Date | null;
  /** The last hand-over of the buyer, under way or over. */
  readonly transfer: Transfer | null;
  /** The call was lost before an answer (the exchange died): the carrier may go on ringing the buyer. */
  readonly mayStillRing: boolean;
  /** The call was lost before it rang, as far as was heard, while the exchange lived on: nobody's phone rings for it. */
  readonly wasUnheard: boolean;
  /** The trunk would not carry the call, and the buyer has heard nothing of it. */
  readonly wasRefusedByTrunk: boolean;
  readonly traceId: string;
}

/** What others may know of a call. */
export function callView({ call, route }: Pick<StoredCall, 'call' | 'route'>): CallView {
  const ended = call.state === 'ended' ? call : null;
  const leftAt = leftForNumberAt(call.transfer);
  const hasRung = call.ringingAt !== null || call.hasEarlyMedia || call.answeredAt !== null;
  const wasRefused = ended !== null && wasRefusedByTrunk({ ...ended, hasRung, wasPlaced: ended.because !== 'refused' });
  return {
    callId: call.callId,
    shopId: route.shopId,
    orderRef: route.orderRef,
    groupId: route.groupId,
    node: route.node,
    agentId: call.agent?.agentId ?? null,
    state: call.state,
    result: ended?.result ?? (leftAt === null ? null : 'answered'),
    number: route.number,
    dialedAt: call.dialedAt,
    answeredAt: call.answeredAt,
    connectedAt: call.connectedAt,
    endedAt: leftAt ?? ended?.endedAt ?? null,
    transfer: call.transfer,
    mayStillRing: ended?.because === 'lost' && call.answeredAt === null,
    wasUnheard: ended?.because === 'unheard' && !hasRung,
    wasRefusedByTrunk: wasRefused,
    traceId: route.traceId,
  };
}
