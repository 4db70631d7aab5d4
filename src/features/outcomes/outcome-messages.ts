import type { AttemptResult } from '../../core/call/result.js';
import type { Outcome } from '../../core/order/order.js';
import type { CallView } from '../calls/calls.service.js';
import type { OrderRow } from '../orders/orders.service.js';
import type { StoredWord } from './outcome.store.js';

/** Who has decided: an agent, the shop (by cancelling), or the rules. */
interface DecidedBy {
  readonly kind: 'agent' | 'shop' | 'system';
  readonly id: string | null;
  readonly name: string | null;
}

/** `data` of `order.outcome` (contract, section 3). Without a word of an agent the shop or the rules have decided. */
export function outcomeData(input: {
  order: OrderRow;
  sequence: number;
  outcome: Outcome;
  word: StoredWord | null;
  call: CallView | null;
  now: Date;
}): object {
  const { order, word } = input;
  return {
    orderId: order.orderId,
    sequence: input.sequence,
    outcome: input.outcome,
    decidedAt: (word?.decidedAt ?? input.now).toISOString(),
    decidedBy: word ? agent(word) : { kind: input.outcome === 'withdrawn' ? 'shop' : 'system', id: null, name: null },
    changes: word?.word.changes ?? null,
    note: word?.word.note ?? null,
    callbackAt: null,
    attempts: order.attemptsMade,
    call: callData(input.call),
  };
}

/** `data` of `order.callback_scheduled`. */
export function callbackData(input: {
  order: OrderRow;
  sequence: number;
  word: StoredWord;
  call: CallView | null;
}): object {
  const { order, word } = input;
  return {
    orderId: order.orderId,
    sequence: input.sequence,
    callbackAt: word.word.callbackAt?.toISOString() ?? null,
    decidedAt: word.decidedAt.toISOString(),
    decidedBy: agent(word),
    note: word.word.note,
    attempts: order.attemptsMade,
    call: callData(input.call),
  };
}

/** `data` of `order.attempt`. `nextAttemptAt` null: none is planned until a person has looked. */
export function attemptData(input: {
  order: OrderRow;
  sequence: number;
  result: AttemptResult;
  nextAttemptAt: Date | null;
  call: CallView | null;
}): object {
  return {
    orderId: input.order.orderId,
    sequence: input.sequence,
    attempt: input.call?.number ?? input.order.attemptsMade,
    result: input.result,
    nextAttemptAt: input.nextAttemptAt?.toISOString() ?? null,
    call: callData(input.call),
  };
}

function agent(word: StoredWord): DecidedBy {
  return { kind: 'agent', id: word.agentId, name: word.agentName };
}

function callData(call: CallView | null): object | null {
  if (call === null) return null;
  const at = (instant: Date | null): string | null => instant?.toISOString() ?? null;
  return {
    id: call.callId,
    dialedAt: at(call.dialedAt),
    answeredAt: at(call.answeredAt),
    connectedAt: at(call.connectedAt),
    endedAt: at(call.endedAt),
    recordingId: null,
  };
}
