import { beginDetection, onTalking, verdictAt, type Detection } from './answering-machine.js';
import {
  AGENT_LOST_MS,
  base,
  limitAt,
  type Call,
  type CallAction,
  type CallBase,
  type CallEvent,
  type Decision,
  type LiveCall,
} from './call.js';
import {
  end,
  hangUp,
  onBuyerEnded,
  onBuyerMissing,
  onInMessage,
  onWithdrawn,
  playMessage,
  retryHangUp,
} from './end-call.js';
import { bringTogether, duringTransfer, onTransferTime } from './decide-transfer.js';

/** How soon to look again for an agent while an answered buyer waits. */
const LOOK_AGAIN_MS = 150;

/**
 * Lease of an answered buyer whom we own and are connecting, in seconds from the answer: so long is the silence should we die just now (I8). A try that
 * comes late gets the least.
 */
const UNBRIDGED_LEASE_SECONDS = 2.2;
const LEAST_LEASE_SECONDS = 0.6;

/** An order to call that leaves within this leaves as planned: the limit of the ring has more to spare. */
const LATE_MS = 1_000;

/** A call as it is planned: with the agent's phone first (`per_call`), or the buyer at once. */
export function planCall(
  plan: Pick<CallBase, 'callId' | 'ringSeconds' | 'maxTalkSeconds' | 'detectsMachine' | 'agent'>,
  now: Date,
): { call: Call; actions: CallAction[] } {
  const base = {
    ...plan,
    plannedAt: now,
    since: now,
    ringingAt: null,
    hasEarlyMedia: false,
    answeredAt: null,
    connectedAt: null,
    transfer: null,
  };
  return plan.agent?.connection === 'per_call'
    ? { call: { ...base, dialedAt: null, state: 'calling_agent' }, actions: [{ kind: 'call_agent' }] }
    : { call: { ...base, dialedAt: now, state: 'dialing' }, actions: [{ kind: 'call_buyer' }] };
}

/**
 * The next state and what to do, or why the event changes nothing. Never throws: facts of the network come late, twice and out of order.
 *
 * @param now  the instant of the event, UTC
 */
export function decide(call: Call, event: CallEvent, now: Date): Decision {
  if (call.state === 'ended') return { ignored: 'the call has ended' };
  switch (event.kind) {
    case 'buyer.ended':
      return onBuyerEnded(call, event, now);
    case 'buyer.missing':
      return onBuyerMissing(call, event, now);
    case 'buyer.refused':
      return end(call, now, event.isTrunkFault ? 'carrier_failure' : 'system_failure', 'refused');
    case 'buyer.in_message':
      return onInMessage(call, now);
    case 'withdrawn':
      return onWithdrawn(call, now);
    case 'time':
      return onTime(call, now);
    default:
      return decideInState(call, event, now);
  }
}

type StateEvent = Exclude<
  CallEvent,
  { kind: 'buyer.ended' | 'buyer.missing' | 'buyer.in_message' | 'buyer.refused' | 'withdrawn' | 'time' }
>;

function decideInState(call: LiveCall, event: StateEvent, now: Date): Decision {
  switch (call.state) {
    case 'calling_agent':
      if (event.kind === 'agent.up') {
        return {
          call: { ...base(call), dialedAt: now, since: now, state: 'dialing' },
          actions: [{ kind: 'call_buyer' }],
        };
      }
      if (event.kind === 'agent.ended') return end(call, now, 'system_failure', 'agent_not_responding');
      return ignore(call, event);
    case 'dialing':
    case 'ringing':
      return beforeAnswer(call, event, now);
    case 'waiting':
      return whileWaiting(call, event, now);
    case 'connected':
      return whileConnected(call, event, now);
    case 'agent_lost':
      if (event.kind === 'agent.up' || event.kind === 'cleared') {
        const agent = event.kind === 'cleared' ? event.agent : call.agent;
        return { call: { ...call, agent }, actions: [{ kind: 'bridge' }] };
      }
      if (event.kind === 'buyer.bridged') return connect(call, now, { phase: 'person' });
      if (event.kind === 'agent.hangup') return hangUp(call, 'agent_hung_up', now);
      return ignore(call, event);
    case 'handed_over':
      return event.kind === 'target.ended' ? hangUp(call, 'shop_hung_up', now) : ignore(call, event);
    case 'message':
      // What it was asked the exchange has not done, or nobody lived to ask it.
      return event.kind === 'buyer.without_message'
        ? { call, actions: [{ kind: 'play_message' }] }
        : ignore(call, event);
    case 'ending':
      return ignore(call, event);
  }
}

function beforeAnswer(
  call: Extract<LiveCall, { state: 'dialing' | 'ringing' }>,
  event: StateEvent,
  now: Date,
): Decision {
  switch (event.kind) {
    case 'buyer.sending':
      return onSending(call, now);
    case 'buyer.ringing':
      return call.state === 'ringing'
        ? { ignored: 'ringing already' }
        : { call: { ...base(call), ringingAt: now, since: now, state: 'ringing' }, actions: [] };
    case 'buyer.progress':
      return call.hasEarlyMedia
        ? { ignored: 'early media already' }
        : { call: { ...call, hasEarlyMedia: true }, actions: [] };
    case 'buyer.answered':
    case 'buyer.ours':
      return {
        call: {
          ...base(call),
          answeredAt: now,
          since: now,
          state: 'waiting',
          isOurs: event.kind === 'buyer.ours',
          isCleared: false,
          isBridging: false,
        },
        actions: [{ kind: 'clear', afterMs: 0 }],
      };
    case 'agent.ended':
      // The buyer's phone goes on ringing (I10: ringing is not cut); another agent is looked for at the answer.
      return { call: { ...call, agent: null }, actions: [] };
    default:
      return ignore(call, event);
  }
}

/** A call may wait for a line, a late lease or another leader before it is placed; the ring counts from where it is (I10: ringing is not cut). */
function onSending(call: Extract<LiveCall, { state: 'dialing' | 'ringing' }>, now: Date): Decision {
  if (call.state !== 'dialing' || now.getTime() - (call.dialedAt ?? call.plannedAt).getTime() < LATE_MS)
    return { ignored: 'sent as planned' };
  return { call: { ...call, dialedAt: now, since: now }, actions: [] };
}

function whileWaiting(call: Extract<LiveCall, { state: 'waiting' }>, event: StateEvent, now: Date): Decision {
  switch (event.kind) {
    case 'buyer.ours':
      if (call.isOurs) return { ignored: 'ours already' };
      return tryBridge({ ...call, isOurs: true }, now);
    case 'cleared':
      return tryBridge({ ...call, agent: event.agent, isCleared: true }, now);
    case 'no_agent':
      return { call: { ...call, agent: null, isCleared: false }, actions: [{ kind: 'clear', afterMs: LOOK_AGAIN_MS }] };
    case 'buyer.bridged':
      return connect(
        { ...call, agent: event.agent ?? call.agent },
        now,
        beginDetection(call.detectsMachine, call.answeredAt ?? now),
      );
    case 'bridge_failed':
      if (event.isBuyerGone) return { ignored: 'the end of the leg will be told' };
      return {
        call: { ...call, isBridging: false, isCleared: false },
        actions: [{ kind: 'clear', afterMs: LOOK_AGAIN_MS }],
      };
    case 'agent.ended':
      return {
        call: { ...call, agent: null, isCleared: false, isBridging: false },
        actions: [{ kind: 'clear', afterMs: 0 }],
      };
    default:
      return ignore(call, event);
  }
}

function tryBridge(call: Extract<LiveCall, { state: 'waiting' }>, now: Date): Decision {
  if (!call.isOurs || !call.isCleared || call.isBridging) return { call, actions: [] };
  const leftSeconds = UNBRIDGED_LEASE_SECONDS - (now.getTime() - (call.answeredAt ?? now).getTime()) / 1_000;
  return {
    call: { ...call, isBridging: true },
    // In this order: the last lease asked for holds, and that must be the talk's limit, which `bridge` sets.
    actions: [{ kind: 'extend_lease', seconds: Math.max(LEAST_LEASE_SECONDS, leftSeconds) }, { kind: 'bridge' }],
  };
}

function whileConnected(call: Extract<LiveCall, { state: 'connected' }>, event: StateEvent, now: Date): Decision {
  const ofTransfer = duringTransfer(call, event, now);
  if (ofTransfer !== null) return ofTransfer;
  switch (event.kind) {
    case 'agent.hangup':
      return hangUp(call, 'agent_hung_up', now);
    case 'agent.ended':
      // 16 is a phone that was put down; anything else is a leg that was lost (network, crash).
      if (event.cause === 16 || call.agent?.connection === 'per_call') return hangUp(call, 'agent_hung_up', now);
      return {
        call: { ...base(call), since: now, state: 'agent_lost' },
        // Held under a short lease: should the dialer die now, the buyer is not left with music until the talk's limit.
        actions: [
          { kind: 'hold', isOn: true },
          { kind: 'extend_lease', seconds: AGENT_LOST_MS / 1000 + 2 },
          { kind: 'recall_agent' },
        ],
      };
    case 'buyer.apart':
      return bringTogether(call, now);
    case 'agent.hold':
      if (call.isHeld === event.isOn) return { ignored: 'held or not, as asked already' };
      return { call: { ...call, isHeld: event.isOn }, actions: [{ kind: 'hold', isOn: event.isOn }] };
    case 'buyer.talking': {
      const detection = onTalking(call.detection, event.isTalking, now);
      return detection === call.detection
        ? { ignored: 'no news for the verdict' }
        : { call: { ...call, detection }, actions: [] };
    }
    default:
      return ignore(call, event);
  }
}

function onTime(call: LiveCall, now: Date): Decision {
  const limit = limitAt(call);
  if (limit === null || now < limit) return { ignored: 'not yet' };
  switch (call.state) {
    case 'calling_agent':
      return end(call, now, 'system_failure', 'agent_not_responding');
    case 'dialing':
    case 'ringing':
      return hangUp(call, 'ring_timeout', now);
    case 'waiting':
      return playMessage(call, 'abandoned', now);
    case 'handed_over':
      return hangUp(call, 'talk_limit', now);
    case 'connected': {
      const ofTransfer = onTransferTime(call, now);
      if (ofTransfer !== null) return ofTransfer;
      const verdict = verdictAt(call.detection);
      return hangUp(call, verdict !== null && now >= verdict ? 'machine' : 'talk_limit', now);
    }
    case 'agent_lost':
      return playMessage(call, 'agent_lost', now);
    case 'message':
      return hangUp(call, call.because, now);
    case 'ending':
      return retryHangUp(call, now);
  }
}

function connect(call: LiveCall, now: Date, detection: Detection): Decision {
  return {
    call: {
      ...base(call),
      connectedAt: call.connectedAt ?? now,
      since: now,
      state: 'connected',
      isHeld: false,
      detection,
    },
    actions: [],
  };
}

function ignore(call: LiveCall, event: CallEvent): Decision {
  return { ignored: `${event.kind} means nothing while ${call.state}` };
}
