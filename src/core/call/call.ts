import { verdictAt, type Detection } from './answering-machine.js';
import type { AttemptResult } from './result.js';
import { transferLimitAt, type Transfer, type TransferMode, type TransferTarget } from './transfer.js';

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
 *                                    ▲              connected ─► handed_over, to the shop's own number
 *                                    └──────────────────────────────┘
 * ```
 *
 * `calling_agent` exists for agents of connection `per_call` only: their phone is up before the buyer's INVITE leaves.
 * A call is `abandoned` when a person answered and no agent was there within 2 s (docs/decisions/0009-lease-and-abandoned.md).
 */
export type CallState =
  | 'calling_agent'
  | 'dialing'
  | 'ringing'
  | 'waiting'
  | 'connected'
  | 'agent_lost'
  | 'handed_over'
  | 'message'
  | 'ending'
  | 'ended';

/** Who takes the call: the agent and the leg that reaches them. */
export interface AgentLeg {
  readonly agentId: string;
  readonly legId: string;
  readonly connection: 'persistent' | 'per_call';
}

export interface CallBase {
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
  /** The last hand-over of the buyer to somebody else, in a talk; see `transfer.ts`. */
  readonly transfer: Transfer | null;
  /** When the present state began: the base of its time limit. */
  readonly since: Date;
}

/** Why we are ending a call ourselves; decides the result. */
export type EndReason =
  | 'agent_hung_up'
  | 'withdrawn'
  | 'machine'
  | 'ring_timeout'
  | 'talk_limit'
  | 'abandoned'
  | 'agent_lost'
  /** The shop's own number, to which the buyer was handed over, hung up. */
  | 'shop_hung_up';

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
  /** Buyer and shop talk; for the agent the call is over. */
  | (CallBase & { readonly state: 'handed_over' })
  | (CallBase & { readonly state: 'message'; readonly because: 'abandoned' | 'withdrawn' | 'agent_lost' })
  | (CallBase & { readonly state: 'ending'; readonly because: EndReason; readonly tries: number })
  | (CallBase & {
      readonly state: 'ended';
      readonly result: AttemptResult;
      readonly cause: number | null;
      readonly techCause: number | null;
      readonly endedAt: Date;
      /**
       * `refused`: the exchange would not place the call; `lost`: the leg is gone, and nobody knows why; `unheard`: the same, but the exchange has lived
       * on, so that the carrier was told of the leg's end.
       */
      readonly because: EndReason | 'buyer' | 'agent_not_responding' | 'refused' | 'lost' | 'unheard';
    });

export type LiveCall = Exclude<Call, { state: 'ended' }>;

/** What happened: facts of the exchange about either leg, answers to our own actions, people's wishes, and the passing of time. */
export type CallEvent =
  | {
      readonly kind: 'buyer.dialing' | 'buyer.ringing' | 'buyer.progress' | 'buyer.answered' | 'buyer.ours';
    }
  /** The order to call leaves for the exchange: from here on the buyer's phone may ring. */
  | { readonly kind: 'buyer.sending' }
  /** With whom, where the exchange was asked for it: whoever bridged them may not have lived to write it down. */
  | { readonly kind: 'buyer.bridged'; readonly agent?: AgentLeg }
  | { readonly kind: 'buyer.talking'; readonly isTalking: boolean }
  | {
      readonly kind: 'buyer.ended';
      readonly cause: number;
      readonly techCause: number | null;
      readonly wasHungUpByUs: boolean;
    }
  /** The exchange refused to place the call and will go on refusing: `isTrunkFault` when the trunk is to blame. */
  | { readonly kind: 'buyer.refused'; readonly isTrunkFault: boolean }
  /**
   * The reconciler looked and the leg is not there; why it ended is unknown. `isCarrierTold`: the exchange has run on since the call was planned, and
   * no command to call is on its way any more, so nobody's phone rings for the call.
   */
  | { readonly kind: 'buyer.missing'; readonly isCarrierTold?: boolean }
  /** The reconciler looked and the dialplan has the answered leg: it plays the recorded message, as nobody served the buyer in time. */
  | { readonly kind: 'buyer.in_message' }
  /** The reconciler looked: the call has come to the message, and the answered buyer does not hear it. */
  | { readonly kind: 'buyer.without_message' }
  /** The call was taken over, and the buyer does not stand where the agent sits: a step that the former leader began and did not live to write down. */
  | { readonly kind: 'buyer.apart' }
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
  /** The agent hands the buyer over. A target that is an agent is reserved for this call. */
  | {
      readonly kind: 'transfer.asked';
      readonly transferId: string;
      readonly target: TransferTarget;
      readonly mode: TransferMode;
    }
  | { readonly kind: 'transfer.complete' | 'transfer.conference' | 'transfer.cancel' }
  /** Answers to the actions of the same names. */
  | {
      readonly kind: 'transfer.did';
      readonly step: 'consult' | 'conference' | 'hand_over' | 'take_back';
      readonly isDone: boolean;
    }
  | { readonly kind: 'target.up' }
  | { readonly kind: 'target.ended'; readonly cause: number }
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
  | { readonly kind: 'recall_agent' }
  /** Calls the transfer's target, a number. */
  | { readonly kind: 'call_number' }
  /** The agent's leg goes to the target's: the two speak, the buyer hears music. */
  | { readonly kind: 'consult' }
  /** The buyer joins them, for `seconds` at most. */
  | { readonly kind: 'conference'; readonly seconds: number }
  /** The buyer goes to the target, for `seconds` at most, and the agent's leg back to its own place. */
  | { readonly kind: 'hand_over'; readonly seconds: number }
  /** Agent and buyer are together again, for `seconds` at most; a target that is a number is hung up. */
  | { readonly kind: 'take_back'; readonly seconds: number }
  /** The agent's leg goes back to its own place. */
  | { readonly kind: 'seat_agent' };

export type Decision = { readonly call: Call; readonly actions: readonly CallAction[] } | { readonly ignored: string };

/** Answer → agent or recorded message, at most 2 s (reliability invariant I8); we act before the exchange's own lease of 2 s does. */
const CONNECT_WITHIN_MS = 1_800;

/** An agent's phone may ring this long before the agent counts as not responding. */
export const AGENT_RING_SECONDS = 12;

/** A buyer waits this long for an agent whose leg was lost, before the recorded message. */
export const AGENT_LOST_MS = 10_000;

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
  connected: { to: ['agent_lost', 'handed_over', 'ending', 'ended'], limitMs: 10_000 },
  agent_lost: { to: ['connected', 'message', 'ended'], limitMs: AGENT_LOST_MS },
  handed_over: { to: ['ending', 'ended'], limitMs: 10_000 },
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
      // From the ring, once it is heard: an exchange that was held up has only then begun to count.
      return after(call.ringingAt ?? call.dialedAt ?? call.plannedAt, call.ringSeconds * 1000 + limitMs);
    case 'waiting':
      return after(call.answeredAt ?? call.since, limitMs);
    case 'handed_over':
      return talkEnd(call, limitMs);
    case 'connected':
      return earliest([talkEnd(call, limitMs), verdictAt(call.detection), transferLimitAt(call.transfer)]);
    default:
      return after(call.since, limitMs);
  }
}

/** What every state of the call has, without what the present one adds. */
export function base(call: LiveCall): CallBase {
  const { callId, plannedAt, ringSeconds, maxTalkSeconds, detectsMachine, agent, dialedAt, ringingAt, hasEarlyMedia } =
    call;
  const { answeredAt, connectedAt, transfer, since } = call;
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
    transfer,
    since,
  };
}

/** From the first connection: an agent who was lost and came back, or took the buyer over, has no new talk. */
function talkEnd(call: CallBase, limitMs: number): Date {
  return after(call.connectedAt ?? call.since, call.maxTalkSeconds * 1000 + limitMs);
}

function earliest(instants: readonly (Date | null)[]): Date | null {
  return instants.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}

function after(at: Date, ms: number): Date {
  return new Date(at.getTime() + ms);
}
