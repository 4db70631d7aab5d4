import { AGENT_LOST_MS, base, type CallAction, type CallEvent, type Decision, type LiveCall } from './call.js';
import { hangUp, releaseTarget } from './end-call.js';
import {
  CONSULT_SECONDS,
  isUnderWay,
  NUMBER_RING_SECONDS,
  transferLimitAt,
  type Transfer,
  type TransferFailure,
} from './transfer.js';

type Talk = Extract<LiveCall, { state: 'connected' }>;
/** A talk whose buyer is on the way. */
type Moving = Talk & { readonly transfer: Transfer };

/** The music ends so much later than the state in which it plays, should no dialer be alive to end it, in seconds. */
const MUSIC_SPARE_SECONDS = 30;

/**
 * What an event means to the hand-over of the buyer to somebody else; null: nothing, the talk decides.
 *
 * The buyer has one owner at each moment: the first agent until the target has taken over. Whatever fails, the buyer comes back to the agent.
 */
export function duringTransfer(call: Talk, event: CallEvent, now: Date): Decision | null {
  if (event.kind === 'transfer.asked') return ask(call, event, now);
  const { transfer } = call;
  if (!isUnderWay(transfer)) return isAboutTransfer(event) ? { ignored: 'no transfer is under way' } : null;
  const moving: Moving = { ...call, transfer };
  switch (event.kind) {
    case 'target.up':
      return onTargetUp(moving, now);
    case 'target.ended':
      return onTargetEnded(moving, event.cause, now);
    case 'transfer.did':
      return onDid(moving, event, now);
    case 'transfer.complete':
      if (transfer.state !== 'consulting' && transfer.state !== 'conference') return ignored(transfer);
      return handOver(moving, now);
    case 'transfer.conference':
      return transfer.state === 'consulting'
        ? { call, actions: [{ kind: 'conference', seconds: secondsLeft(call, now) }] }
        : ignored(transfer);
    case 'transfer.cancel':
      if (transfer.state === 'handing_over' || transfer.state === 'returning') return ignored(transfer);
      return giveBack(moving, null, now);
    case 'agent.hangup':
      if (transfer.state === 'handing_over') return { ignored: 'the agent leaves already' };
      return isTogether(transfer) ? handOver(moving, now) : hangUp(call, 'agent_hung_up', now);
    case 'agent.ended':
      return onAgentEnded(moving, event.cause, now);
    case 'agent.hold':
      return { ignored: 'the buyer is on the way to somebody else' };
    default:
      return null;
  }
}

/** The state of the hand-over has lasted too long; null when it has not. */
export function onTransferTime(call: Talk, now: Date): Decision | null {
  const limit = transferLimitAt(call.transfer);
  if (limit === null || now < limit || call.transfer === null) return null;
  const moving: Moving = { ...call, transfer: call.transfer };
  switch (moving.transfer.state) {
    case 'calling':
      return giveBack(moving, moving.transfer.target.kind === 'number' ? 'no_answer' : 'unreachable', now);
    case 'consulting':
      return giveBack(moving, 'took_too_long', now);
    case 'handing_over':
      return notHandedOver(moving, now);
    default:
      return giveBack(moving, moving.transfer.reason, now);
  }
}

function ask(call: Talk, event: Extract<CallEvent, { kind: 'transfer.asked' }>, now: Date): Decision {
  if (call.transfer?.transferId === event.transferId) return { ignored: 'asked before' };
  if (isUnderWay(call.transfer)) return { ignored: 'a transfer is under way' };
  if (call.agent === null) return { ignored: 'nobody has the buyer' };
  const { transferId, target, mode } = event;
  const started = { transferId, target, mode, agentId: call.agent.agentId, isAgentGone: false };
  const begin = { ...started, reason: null, startedAt: now, since: now };
  switch (target.kind) {
    case 'nobody':
      return { call: { ...call, transfer: { ...begin, state: 'failed', reason: 'nobody_free' } }, actions: [] };
    case 'agent':
      return mode === 'blind'
        ? handOver({ ...call, transfer: { ...begin, state: 'calling' } }, now)
        : { call: { ...call, transfer: { ...begin, state: 'calling' } }, actions: consult() };
    case 'number':
      return {
        call: { ...call, transfer: { ...begin, state: 'calling' } },
        actions: [...music(NUMBER_RING_SECONDS), { kind: 'call_number' }],
      };
  }
}

function onTargetUp(call: Moving, now: Date): Decision {
  const { state, target, mode } = call.transfer;
  if (state !== 'calling' || target.kind !== 'number') return ignored(call.transfer);
  return mode === 'blind' ? handOver(call, now) : { call, actions: consult() };
}

function onTargetEnded(call: Moving, cause: number, now: Date): Decision {
  const { state, target } = call.transfer;
  if (state === 'returning') return { ignored: 'the buyer goes back already' };
  if (call.transfer.isAgentGone) return notHandedOver(call, now);
  const wasThere = state !== 'calling' || target.kind === 'agent';
  return giveBack(call, wasThere ? 'target_left' : failureOf(cause), now);
}

/** The agent's phone is gone: those who are together with the target leave the buyer there, the others are waited for or end the call. */
function onAgentEnded(call: Moving, cause: number, now: Date): Decision | null {
  const { transfer } = call;
  if (transfer.state === 'handing_over') {
    return { call: { ...call, transfer: { ...transfer, isAgentGone: true } }, actions: [] };
  }
  if (isTogether(transfer)) return handOver({ ...call, transfer: { ...transfer, isAgentGone: true } }, now);
  if (cause === 16 || call.agent?.connection === 'per_call') return hangUp(call, 'agent_hung_up', now);
  return loseAgent(call, now);
}

function onDid(call: Moving, event: Extract<CallEvent, { kind: 'transfer.did' }>, now: Date): Decision {
  const { transfer } = call;
  const { step, isDone } = event;
  if (step === 'consult' && transfer.state === 'calling') {
    return isDone ? moveTo(call, 'consulting', now) : giveBack(call, 'unreachable', now);
  }
  if (step === 'conference' && transfer.state === 'consulting') {
    return isDone
      ? moveTo({ ...call, isHeld: false }, 'conference', now)
      : { ignored: 'the buyer goes on hearing music' };
  }
  if (step === 'hand_over' && transfer.state === 'handing_over') {
    return isDone ? handedOver(call, now) : notHandedOver(call, now);
  }
  if (step === 'take_back' && transfer.state === 'returning') {
    if (!isDone) return { ignored: 'tried again at the limit' };
    return moveTo({ ...call, isHeld: false }, transfer.reason === null ? 'cancelled' : 'failed', now);
  }
  return ignored(transfer);
}

function handOver(call: Moving, now: Date): Decision {
  return {
    call: { ...call, transfer: { ...call.transfer, state: 'handing_over', since: now } },
    actions: [{ kind: 'hand_over', seconds: secondsLeft(call, now) }],
  };
}

function giveBack(call: Moving, reason: TransferFailure | null, now: Date): Decision {
  return {
    call: { ...call, transfer: { ...call.transfer, state: 'returning', reason, since: now } },
    actions: [{ kind: 'take_back', seconds: secondsLeft(call, now) }],
  };
}

function handedOver(call: Moving, now: Date): Decision {
  const { transfer, agent } = call;
  const done: Transfer = { ...transfer, state: 'done', since: now };
  const leaving: CallAction[] =
    agent?.connection === 'per_call' ? [{ kind: 'hangup_agent_leg', legId: agent.legId }] : [];
  if (transfer.target.kind !== 'agent') {
    return { call: { ...base(call), transfer: done, since: now, state: 'handed_over' }, actions: leaving };
  }
  const { agentId, legId } = transfer.target;
  return {
    call: {
      ...call,
      agent: { agentId, legId, connection: 'persistent' },
      transfer: done,
      since: now,
      isHeld: false,
      detection: { phase: 'person' },
    },
    actions: leaving,
  };
}

function notHandedOver(call: Moving, now: Date): Decision {
  return call.transfer.isAgentGone ? loseAgent(call, now) : giveBack(call, 'unreachable', now);
}

/** Nobody is left with the buyer, who hears music until the agent's phone is back. */
function loseAgent(call: Moving, now: Date): Decision {
  return {
    call: {
      ...base(call),
      transfer: { ...call.transfer, state: 'failed', reason: call.transfer.reason ?? 'unreachable', since: now },
      since: now,
      state: 'agent_lost',
    },
    actions: [
      ...releaseTarget(call),
      { kind: 'hold', isOn: true },
      { kind: 'extend_lease', seconds: AGENT_LOST_MS / 1000 + 2 },
      { kind: 'recall_agent' },
    ],
  };
}

/** The buyer comes back to the agent, whoever else either of them was with. */
export function bringTogether(call: Talk, now: Date): Decision {
  if (isUnderWay(call.transfer)) return { ignored: 'the buyer is on the way to somebody else' };
  if (call.isHeld) return { ignored: 'the buyer is on hold' };
  return {
    call,
    actions: [
      { kind: 'seat_agent' },
      { kind: 'hold', isOn: false },
      { kind: 'extend_lease', seconds: secondsLeft(call, now) },
    ],
  };
}

function moveTo(call: Moving, state: Transfer['state'], now: Date): Decision {
  return { call: { ...call, transfer: { ...call.transfer, state, since: now } }, actions: [] };
}

function consult(): CallAction[] {
  return [...music(CONSULT_SECONDS), { kind: 'consult' }];
}

function music(seconds: number): CallAction[] {
  return [
    { kind: 'hold', isOn: true },
    { kind: 'extend_lease', seconds: seconds + MUSIC_SPARE_SECONDS },
  ];
}

/** What is left of the longest talk, in seconds. */
function secondsLeft(call: Talk, now: Date): number {
  const endMs = (call.connectedAt ?? call.since).getTime() + call.maxTalkSeconds * 1_000;
  return Math.max(1, Math.ceil((endMs - now.getTime()) / 1_000));
}

function isTogether({ state }: Transfer): boolean {
  return state === 'consulting' || state === 'conference';
}

function isAboutTransfer({ kind }: CallEvent): boolean {
  return kind.startsWith('transfer.') || kind.startsWith('target.');
}

/** Q.850: what a shop's phone that did not answer says. */
function failureOf(cause: number): TransferFailure {
  if (cause === 17) return 'busy';
  return cause === 18 || cause === 19 ? 'no_answer' : 'unreachable';
}

function ignored({ state }: Transfer): Decision {
  return { ignored: `means nothing to a transfer in ${state}` };
}
