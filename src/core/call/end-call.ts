import {
  base,
  type Call,
  type CallAction,
  type CallEvent,
  type Decision,
  type EndReason,
  type LiveCall,
} from './call.js';
import { resultOfUnanswered } from './hangup-cause.js';
import { calledOff, isUnderWay, leftForNumberAt } from './transfer.js';
import type { AttemptResult } from './result.js';

/**
 * A minute: an exchange that can be reached says by then that the leg is gone. Given up sooner, a call whose exchange is cut off would free an
 * agent who is still in the buyer's bridge.
 */
const HANGUP_TRIES = 15;

export function onBuyerEnded(call: LiveCall, event: Extract<CallEvent, { kind: 'buyer.ended' }>, now: Date): Decision {
  const codes = { cause: event.cause, techCause: event.techCause };
  if (call.state === 'ending') return end(call, now, resultOfEnding(call, event), call.because, codes);
  if (call.state === 'message') {
    return end(call, now, call.because === 'agent_lost' ? 'answered' : call.because, call.because, codes);
  }
  if (call.answeredAt !== null) return end(call, now, 'answered', 'buyer', codes);
  const hasRung = call.ringingAt !== null || call.hasEarlyMedia;
  return end(
    call,
    now,
    resultOfUnanswered({ ...event, hasRung }),
    event.wasHungUpByUs ? 'ring_timeout' : 'buyer',
    codes,
  );
}

export function onBuyerMissing(
  call: LiveCall,
  event: Extract<CallEvent, { kind: 'buyer.missing' }>,
  now: Date,
): Decision {
  const because = event.isCarrierTold === true ? 'unheard' : 'lost';
  if (call.state === 'ending') return end(call, now, resultOfEnding(call, null), because);
  if (call.state === 'message')
    return end(call, now, call.because === 'agent_lost' ? 'answered' : call.because, call.because);
  if (call.answeredAt === null) return end(call, now, 'system_failure', because);
  return end(call, now, call.connectedAt === null ? 'abandoned' : 'answered', because);
}

export function onWithdrawn(call: LiveCall, now: Date): Decision {
  switch (call.state) {
    case 'calling_agent':
      return end(call, now, 'withdrawn', 'withdrawn');
    case 'dialing':
    case 'ringing':
      return hangUp(call, 'withdrawn', now);
    case 'waiting':
      return playMessage(call, 'withdrawn', now);
    case 'connected':
    case 'agent_lost':
    case 'handed_over':
      return { ignored: 'the talk goes on; the agent sees the notice' };
    case 'message':
    case 'ending':
      return { ignored: 'the call is ending' };
  }
}

export function playMessage(call: LiveCall, because: 'abandoned' | 'withdrawn' | 'agent_lost', now: Date): Decision {
  // After a talk the agent still has to say what became of it; otherwise they are free for the next call at once.
  const isTalkOver = because === 'agent_lost';
  return {
    call: { ...base(call), agent: isTalkOver ? call.agent : null, since: now, state: 'message', because },
    actions: [...(isTalkOver ? [] : freePhone(call)), { kind: 'play_message' }],
  };
}

export function onInMessage(call: LiveCall, now: Date): Decision {
  if (call.state !== 'dialing' && call.state !== 'ringing' && call.state !== 'waiting') {
    return { ignored: `the message means nothing while ${call.state}` };
  }
  const answeredAt = call.answeredAt ?? now;
  return {
    call: { ...base(call), answeredAt, agent: null, since: now, state: 'message', because: 'abandoned' },
    actions: freePhone(call),
  };
}

export function hangUp(call: LiveCall, because: EndReason, now: Date): Decision {
  return {
    call: { ...base(call), transfer: calledOff(call.transfer, now), since: now, state: 'ending', because, tries: 1 },
    actions: [...releaseTarget(call), { kind: 'hangup_buyer' }],
  };
}

/** The hang-up was not confirmed in time: once more, and in the end the leg is given up. */
export function retryHangUp(call: Extract<LiveCall, { state: 'ending' }>, now: Date): Decision {
  if (call.tries >= HANGUP_TRIES) return end(call, now, resultOfEnding(call, null), 'lost');
  return { call: { ...call, since: now, tries: call.tries + 1 }, actions: [{ kind: 'hangup_buyer' }] };
}

export function end(
  call: LiveCall,
  now: Date,
  result: AttemptResult,
  because: Extract<Call, { state: 'ended' }>['because'],
  codes: { cause: number; techCause: number | null } | null = null,
): Decision {
  return {
    call: {
      ...base(call),
      transfer: calledOff(call.transfer, now),
      since: now,
      state: 'ended',
      result,
      because,
      endedAt: now,
      cause: codes?.cause ?? null,
      techCause: codes?.techCause ?? null,
    },
    actions: [...freePhone(call), ...releaseTarget(call)],
  };
}

/** The phone of a per-call agent is up for this call only. */
function freePhone(call: LiveCall): CallAction[] {
  return call.agent?.connection === 'per_call' ? [{ kind: 'hangup_agent_leg', legId: call.agent.legId }] : [];
}

/** Nobody is to take the buyer over any more: the agent goes back to their own place, and a number is hung up. */
export function releaseTarget({ transfer }: Pick<Call, 'transfer'>): CallAction[] {
  if (transfer === null) return [];
  const { target } = transfer;
  const isNeeded = isUnderWay(transfer) || leftForNumberAt(transfer) !== null;
  return [
    ...(isUnderWay(transfer) ? [{ kind: 'seat_agent' } as const] : []),
    ...(isNeeded && target.kind === 'number' ? [{ kind: 'hangup_agent_leg', legId: target.legId } as const] : []),
  ];
}

function resultOfEnding(
  call: Extract<LiveCall, { state: 'ending' }>,
  event: Extract<CallEvent, { kind: 'buyer.ended' }> | null,
): AttemptResult {
  switch (call.because) {
    case 'withdrawn':
    case 'machine':
    case 'abandoned':
      return call.because;
    case 'agent_hung_up':
    case 'talk_limit':
    case 'agent_lost':
    case 'shop_hung_up':
      return 'answered';
    case 'ring_timeout':
      return resultOfUnanswered({
        cause: event?.cause ?? 0,
        techCause: event?.techCause ?? null,
        wasHungUpByUs: true,
        hasRung: call.ringingAt !== null || call.hasEarlyMedia,
      });
  }
}
