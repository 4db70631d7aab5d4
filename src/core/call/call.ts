import { beginDetection, onTalking, verdictAt, type Detection } from './answering-machine.js';
import { resultOfUnanswered } from './hangup-cause.js';
import type { AttemptResult } from './result.js';

/**
 * The life of one call to a buyer, as data.
 *
 * ```
 * calling_agent ─► dialing ─► ringing ─► waiting ─► connected ◄─► agent_lost
 *       │             │          │          │           │             │
 *       │             └──────────┴────┬─────┤           │             │
 *       │                             │     └► message ◄┼─────────────┘
 *       ▼                             ▼           │     ▼
 *     ended ◄───────────────────── ending ◄───────┴──── ┘      (every state may go to `ended` when the buyer's leg ends)
 * ```
 *
 * `calling_agent` exists for agents of connection `per_call` only: their phone is up before the buyer's INVITE leaves.
 * A call is `abandoned` when a person answered and no agent was there within 2 s (docs/decisions/0009-lease-and-abandoned.md).
 */
export type CallState =
  'calling_agent' | 'dialing' | 'ringing' | 'waiting' | 'connected' | 'agent_lost' | 'message' | 'ending' | 'ended';

/** Who takes the call: the agent and the leg that reaches them. */
export interface AgentLeg {
  readonly agentId: string;
  readonly legId: string;
  readonly connection: 'persistent' | 'per_call';
}

interface CallBase {
  readonly callId: string;
  readonly plannedAt: Date;
  readonly ringSeconds: number;
  readonly maxTalkSeconds: number;
  readonly detectsMachine: boolean;
  readonly agent: AgentLeg | null;
  readonly dialedAt: Date | null;
  readonly ringingAt: Date | null;
  readonly hasEarlyMedia: boolean;
  readonly answeredAt: Date | null;
  readonly connectedAt: Date | null;
  /** When the present state began: the base of its time limit. */
  readonly since: Date;
}

/** Why we are ending a call ourselves; decides the result. */
export type EndReason =
  'agent_hung_up' | 'withdrawn' | 'machine' | 'ring_timeout' | 'talk_limit' | 'abandoned' | 'agent_lost';

export type Call =
  | (CallBase & { readonly state: 'calling_agent' })
  | (CallBase & { readonly state: 'dialing' })
  | (CallBase & { readonly state: 'ringing' })
  | (CallBase & {
      readonly state: 'waiting';
      readonly isOurs: boolean;
      readonly isCleared: boolean;
      readonly isBridging: boolean;
    })
  | (CallBase & { readonly state: 'connected'; readonly isHeld: boolean; readonly detection: Detection })
  | (CallBase & { readonly state: 'agent_lost' })
  | (CallBase & { readonly state: 'message'; readonly because: 'abandoned' | 'withdrawn' | 'agent_lost' })
  | (CallBase & { readonly state: 'ending'; readonly because: EndReason; readonly tries: number })
  | (CallBase & {
      readonly state: 'ended';
      readonly result: AttemptResult;
      readonly cause: number | null;
      readonly techCause: number | null;
      readonly endedAt: Date;
      /** `refused`: the exchange would not place the call; `lost`: the leg is gone, and nobody knows why. */
      readonly because: EndReason | 'buyer' | 'agent_not_responding' | 'refused' | 'lost';
    });

export type LiveCall = Exclude<Call, { state: 'ended' }>;

/** What happened: facts of the exchange about either leg, answers to our own actions, people's wishes, and the passing of time. */
export type CallEvent =
  | {
      readonly kind:
        'buyer.dialing' | 'buyer.ringing' | 'buyer.progress' | 'buyer.answered' | 'buyer.ours' | 'buyer.bridged';
    }
  | { readonly kind: 'buyer.talking'; readonly isTalking: boolean }
  | {
      readonly kind: 'buyer.ended';
      readonly cause: number;
      readonly techCause: number | null;
      readonly wasHungUpByUs: boolean;
    }
  /** The exchange refused to place the call and will go on refusing: `isTrunkFault` when the trunk is to blame. */
  | { readonly kind: 'buyer.refused'; readonly isTrunkFault: boolean }
  /** The reconciler looked and the leg is not there; why it ended is unknown. */
  | { readonly kind: 'buyer.missing' }
  /** The reconciler looked and the dialplan has the answered leg: it plays the recorded message, as nobody served the buyer in time. */
  | { readonly kind: 'buyer.in_message' }
  | { readonly kind: 'agent.up' }
  | { readonly kind: 'agent.ended'; readonly cause: number }
  /** Answers to `clear`: the order may still be served and this agent is reserved for the call … */
  | { readonly kind: 'cleared'; readonly agent: AgentLeg }
  /** … or nobody is free now … */
  | { readonly kind: 'no_agent' }
  /** … or the shop withdrew the order; also comes by itself, at any time. */
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'bridge_failed'; readonly isBuyerGone: boolean }
  | { readonly kind: 'agent.hangup' }
  | { readonly kind: 'agent.hold'; readonly isOn: boolean }
  | { readonly kind: 'time' };

/** What the shell must do. All are safe to repeat. */
export type CallAction =
  | { readonly kind: 'call_agent' }
  | { readonly kind: 'call_buyer' }
  /** Re-read the order and make sure of an agent: answers with `cleared`, `no_agent` or `withdrawn`. */
  | { readonly kind: 'clear'; readonly afterMs: number }
  | { readonly kind: 'bridge' }
  | { readonly kind: 'extend_lease'; readonly seconds: number }
  | { readonly kind: 'play_message' }
  | { readonly kind: 'hangup_buyer' }
  | { readonly kind: 'hangup_agent_leg'; readonly legId: string }
  | { readonly kind: 'hold'; readonly isOn: boolean }
  | { readonly kind: 'recall_agent' };

export type Decision = { readonly call: Call; readonly actions: readonly CallAction[] } | { readonly ignored: string };

/** Answer → agent or recorded message, at most 2 s (reliability invariant I8); we act before the exchange's own lease of 2 s does. */
const CONNECT_WITHIN_MS = 1_800;
/** How soon to look again for an agent while an answered buyer waits. */
const LOOK_AGAIN_MS = 150;
/** Lease of an answered buyer whom we own and are connecting, in seconds. */
const UNBRIDGED_LEASE_SECONDS = 8;
/** An agent's phone may ring this long before the agent counts as not responding. */
export const AGENT_RING_SECONDS = 12;
/** A buyer waits this long for an agent whose leg was lost, before the recorded message. */
const AGENT_LOST_MS = 10_000;
/**
 * A minute: an exchange that can be reached says by then that the leg is gone. Given up sooner, a call whose exchange is cut off would free an
 * agent who is still in the buyer's bridge.
 */
const HANGUP_TRIES = 15;

/**
 * The moves and the time limits: in each state something must happen within `limitMs`, else `decide` gets `time`.
 * Limits of states whose length is a setting are added in `limitAt`.
 */
export const MOVES: Readonly<
  Record<CallState, { readonly to: readonly CallState[]; readonly limitMs: number | null }>
> = {
  calling_agent: { to: ['dialing', 'ended'], limitMs: (AGENT_RING_SECONDS + 3) * 1000 },
  dialing: { to: ['ringing', 'waiting', 'message', 'ending', 'ended'], limitMs: 4_000 },
  ringing: { to: ['waiting', 'message', 'ending', 'ended'], limitMs: 4_000 },
  waiting: { to: ['connected', 'message', 'ending', 'ended'], limitMs: CONNECT_WITHIN_MS },
  connected: { to: ['agent_lost', 'ending', 'ended'], limitMs: 10_000 },
  agent_lost: { to: ['connected', 'message', 'ended'], limitMs: AGENT_LOST_MS },
  message: { to: ['ending', 'ended'], limitMs: 35_000 },
  ending: { to: ['ended'], limitMs: 4_000 },
  ended: { to: [], limitMs: null },
};

/** When the present state must have ended; null for an ended call. */
export function limitAt(call: Call): Date | null {
  const limitMs = MOVES[call.state].limitMs;
  if (limitMs === null) return null;
  switch (call.state) {
    case 'dialing':
    case 'ringing':
      return after(call.dialedAt ?? call.plannedAt, call.ringSeconds * 1000 + limitMs);
    case 'waiting':
      return after(call.answeredAt ?? call.since, limitMs);
    case 'connected': {
      // From the first connection: an agent who was lost and came back has no new talk.
      const end = after(call.connectedAt ?? call.since, call.maxTalkSeconds * 1000 + limitMs);
      const verdict = verdictAt(call.detection);
      return verdict !== null && verdict < end ? verdict : end;
    }
    default:
      return after(call.since, limitMs);
  }
}

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
      return onBuyerMissing(call, now);
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
    case 'message':
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

function whileWaiting(call: Extract<LiveCall, { state: 'waiting' }>, event: StateEvent, now: Date): Decision {
  switch (event.kind) {
    case 'buyer.ours':
      if (call.isOurs) return { ignored: 'ours already' };
      return tryBridge({ ...call, isOurs: true });
    case 'cleared':
      return tryBridge({ ...call, agent: event.agent, isCleared: true });
    case 'no_agent':
      return { call: { ...call, agent: null, isCleared: false }, actions: [{ kind: 'clear', afterMs: LOOK_AGAIN_MS }] };
    case 'buyer.bridged':
      return connect(call, now, beginDetection(call.detectsMachine, call.answeredAt ?? now));
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

function tryBridge(call: Extract<LiveCall, { state: 'waiting' }>): Decision {
  if (!call.isOurs || !call.isCleared || call.isBridging) return { call, actions: [] };
  return {
    call: { ...call, isBridging: true },
    // In this order: the last lease asked for holds, and that must be the talk's limit, which `bridge` sets.
    actions: [{ kind: 'extend_lease', seconds: UNBRIDGED_LEASE_SECONDS }, { kind: 'bridge' }],
  };
}

function whileConnected(call: Extract<LiveCall, { state: 'connected' }>, event: StateEvent, now: Date): Decision {
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

function onBuyerEnded(call: LiveCall, event: Extract<CallEvent, { kind: 'buyer.ended' }>, now: Date): Decision {
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

function onBuyerMissing(call: LiveCall, now: Date): Decision {
  if (call.state === 'ending') return end(call, now, resultOfEnding(call, null), 'lost');
  if (call.state === 'message')
    return end(call, now, call.because === 'agent_lost' ? 'answered' : call.because, call.because);
  if (call.answeredAt === null) return end(call, now, 'system_failure', 'lost');
  return end(call, now, call.connectedAt === null ? 'abandoned' : 'answered', 'lost');
}

function onWithdrawn(call: LiveCall, now: Date): Decision {
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
      return { ignored: 'the talk goes on; the agent sees the notice' };
    case 'message':
    case 'ending':
      return { ignored: 'the call is ending' };
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
    case 'connected': {
      const verdict = verdictAt(call.detection);
      return hangUp(call, verdict !== null && now >= verdict ? 'machine' : 'talk_limit', now);
    }
    case 'agent_lost':
      return playMessage(call, 'agent_lost', now);
    case 'message':
      return hangUp(call, call.because, now);
    case 'ending':
      if (call.tries >= HANGUP_TRIES) return end(call, now, resultOfEnding(call, null), 'lost');
      return { call: { ...call, since: now, tries: call.tries + 1 }, actions: [{ kind: 'hangup_buyer' }] };
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

function playMessage(call: LiveCall, because: 'abandoned' | 'withdrawn' | 'agent_lost', now: Date): Decision {
  // After a talk the agent still has to say what became of it; otherwise they are free for the next call at once.
  const isTalkOver = because === 'agent_lost';
  return {
    call: { ...base(call), agent: isTalkOver ? call.agent : null, since: now, state: 'message', because },
    actions: [...(isTalkOver ? [] : freePhone(call)), { kind: 'play_message' }],
  };
}

function onInMessage(call: LiveCall, now: Date): Decision {
  if (call.state !== 'dialing' && call.state !== 'ringing' && call.state !== 'waiting') {
    return { ignored: `the message means nothing while ${call.state}` };
  }
  const answeredAt = call.answeredAt ?? now;
  return {
    call: { ...base(call), answeredAt, agent: null, since: now, state: 'message', because: 'abandoned' },
    actions: freePhone(call),
  };
}

function hangUp(call: LiveCall, because: EndReason, now: Date): Decision {
  return {
    call: { ...base(call), since: now, state: 'ending', because, tries: 1 },
    actions: [{ kind: 'hangup_buyer' }],
  };
}

function end(
  call: LiveCall,
  now: Date,
  result: AttemptResult,
  because: Extract<Call, { state: 'ended' }>['because'],
  codes: { cause: number; techCause: number | null } | null = null,
): Decision {
  return {
    call: {
      ...base(call),
      since: now,
      state: 'ended',
      result,
      because,
      endedAt: now,
      cause: codes?.cause ?? null,
      techCause: codes?.techCause ?? null,
    },
    actions: freePhone(call),
  };
}

/** The phone of a per-call agent is up for this call only. */
function freePhone(call: LiveCall): CallAction[] {
  return call.agent?.connection === 'per_call' ? [{ kind: 'hangup_agent_leg', legId: call.agent.legId }] : [];
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

function base(call: LiveCall): CallBase {
  const { callId, plannedAt, ringSeconds, maxTalkSeconds, detectsMachine, agent, dialedAt, ringingAt, hasEarlyMedia } =
    call;
  const { answeredAt, connectedAt, since } = call;
  return {
    callId,
    plannedAt,
    ringSeconds,
    maxTalkSeconds,
    detectsMachine,
    agent,
    dialedAt,
    ringingAt,
    hasEarlyMedia,
    answeredAt,
    connectedAt,
    since,
  };
}

function ignore(call: LiveCall, event: CallEvent): Decision {
  return { ignored: `${event.kind} means nothing while ${call.state}` };
}

function after(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}
