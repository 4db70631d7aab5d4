import type { AttemptResult } from '../../core/call/result.js';
import type { Transfer } from '../../core/call/transfer.js';
import { defineEvent } from '../../platform/outbox/events.js';
import type { RowInCall } from '../orders/orders.service.js';
import type { CallView } from './call-view.js';

/** On this channel of Postgres processes are told of a talk that begins, before it is written; the payload is a {@link TalkNotice}. */
export const TALKS_CHANNEL = 'talks';

/** A hint: the agent's record says whether the call is really theirs. */
export interface TalkNotice {
  readonly agentId: string;
  readonly callId: string;
  /** RFC 3339: when buyer and agent heard each other. */
  readonly at: string;
}

interface CallFact {
  readonly shopId: string;
  readonly orderRef: string;
  readonly callId: string;
  readonly traceId: string;
}

/** Buyer and agent hear each other: the moment of the screen pop. */
export const callConnected = defineEvent<CallFact & { readonly agentId: string; readonly at: Date }>('call.connected');

/**
 * The hand-over of a buyer has come to another state: begun, together, done, called off, failed. `fromAgentId` is who hands over; `toAgentId` who
 * takes over, null for a number of the shop's or nobody. Intermediate states may be left out.
 */
export const callTransfer = defineEvent<
  CallFact & {
    readonly connectedAt: Date;
    readonly fromAgentId: string;
    readonly toAgentId: string | null;
    readonly transfer: Transfer;
    readonly at: Date;
  }
>('call.transfer');

/**
 * A call is over; published in the transaction that ends it. `number` is the attempt's number of the order, counted from 1.
 * `wasConnected`: an agent talked with the buyer, so an agent's word is due. `wasAgentLost`: the talk broke off on our side.
 */
export const callEnded = defineEvent<
  CallFact & {
    /** The orders in the call, locked, as they stand; absent: to be asked for. */
    readonly orders?: readonly RowInCall[];
    /** The call as it stands now; absent: to be asked for. */
    readonly call?: CallView;
    readonly agentId: string | null;
    readonly result: AttemptResult;
    readonly wasConnected: boolean;
    readonly wasAgentLost: boolean;
    readonly endedAt: Date;
    readonly number: number;
    readonly hangupCause: number | null;
    readonly techCause: number | null;
  }
>('call.ended');
