import type { CallId } from '../shared/ids.js';

/** Where an agent stands (contract, section 5). */
export const AGENT_STATES = [
  'offline',
  'connecting',
  'ready',
  'reserved',
  'talking',
  'wrap_up',
  'break',
  'lost',
] as const;
export type AgentState = (typeof AGENT_STATES)[number];

/** `persistent`: the agent's phone stays up for the whole shift. `per_call`: it is rung before each buyer's call. */
export const AGENT_CONNECTIONS = ['persistent', 'per_call'] as const;
export type AgentConnection = (typeof AGENT_CONNECTIONS)[number];

/** What the agent wants to be as soon as no call stands in the way; `reason` says why it is a break. */
export type Wish =
  { readonly to: 'ready' } | { readonly to: 'break'; readonly reason: string | null } | { readonly to: 'offline' };

interface EveryState {
  readonly connection: AgentConnection;
  /** The agent's own leg stands in the exchange: the standing one, or that of the present call. */
  readonly isLegUp: boolean;
  readonly legId: string | null;
  /** The node of the exchange on which the leg stands; null while there is none, or it is not known. */
  readonly legNode: string | null;
  readonly wish: Wish;
  readonly since: Date;
}

interface WithCall {
  readonly callId: CallId;
  /** When the state must be over. For `reserved`, `talking` and `lost` the calls room decides what becomes of it. */
  readonly limitAt: Date;
  /** The agent has said what became of the call. */
  readonly hasOutcome: boolean;
}

/**
 * The presence of one agent.
 *
 * ```
 *            signed in (per call)
 *  offline ───────────────────────────► break ◄─────────────────┐ phone refused
 *     │ signed in (persistent)          │   ▲ wished            │ / call taken away from a silent phone
 *     └──────────► connecting ◄─────────┤   │                   │
 *                   │  ▲ leg down       │ wished                │
 *            leg up │  │                ▼   │                   │
 *                   └──┴──────────────► ready ──reserved──► reserved ──call over──► ready / break / offline, as wished
 *                                                               │ connected
 *                          leg up                               ▼
 *                  lost ◄──────────────────────────────────► talking
 *                    │           leg down                       │ call over
 *                    └───────────────► wrap_up ◄────────────────┘
 *                                        │ ended by the agent, or by its limit
 *                                        └──► ready / connecting / break / offline, as wished
 * ```
 *
 * Signing out is possible in every state; with a call at hand it is a wish that is fulfilled after the call.
 */
export type Presence = EveryState &
  (
    | { readonly state: 'offline' }
    | { readonly state: 'connecting' }
    | { readonly state: 'ready' }
    | { readonly state: 'break'; readonly reason: string | null }
    | ({ readonly state: 'reserved' } & WithCall)
    | ({ readonly state: 'talking' } & WithCall)
    | ({ readonly state: 'wrap_up' } & WithCall)
    | ({ readonly state: 'lost' } & WithCall)
  );

/** Time limits in seconds; wrap-up and talk come from the agent's groups (`PUT groups/{group}`). */
export interface AgentLimits {
  /** From the reservation to the connection, the buyer's ringing included. */
  readonly reservedSeconds: number;
  readonly maxTalkSeconds: number;
  readonly wrapUpSeconds: number;
}

type Limit = { readonly by: keyof AgentLimits } | { readonly none: string };

/** Which states may follow which, and what bounds each state in time; a state without a limit says why. */
export const MOVES: Readonly<Record<AgentState, { readonly to: readonly AgentState[]; readonly limit: Limit }>> = {
  offline: { to: ['connecting', 'break'], limit: { none: 'nobody is there' } },
  connecting: {
    to: ['ready', 'break', 'offline'],
    limit: { none: 'the phone is rung again until it stands or refuses' },
  },
  ready: {
    to: ['reserved', 'connecting', 'break', 'offline'],
    limit: { none: 'a person may wait for a call as long as the session lives' },
  },
  reserved: { to: ['talking', 'ready', 'connecting', 'break', 'offline'], limit: { by: 'reservedSeconds' } },
  talking: {
    to: ['wrap_up', 'lost', 'ready', 'connecting', 'break', 'offline'],
    limit: { by: 'maxTalkSeconds' },
  },
  wrap_up: { to: ['ready', 'connecting', 'break', 'offline'], limit: { by: 'wrapUpSeconds' } },
  break: { to: ['ready', 'connecting', 'offline'], limit: { none: 'ended by the agent, or with the session' } },
  lost: {
    to: ['talking', 'wrap_up', 'ready', 'connecting', 'break', 'offline'],
    limit: { by: 'maxTalkSeconds' },
  },
};

export type AgentEvent =
  | { readonly kind: 'signed_in' }
  | { readonly kind: 'signed_out' }
  /** `atCall`: the call at hand when it was wished; `ready` is said of no other. Null or left out: of whichever there is. */
  | { readonly kind: 'wished'; readonly wish: Exclude<Wish, { to: 'offline' }>; readonly atCall?: CallId | null }
  | { readonly kind: 'reserved'; readonly callId: CallId }
  | { readonly kind: 'connected'; readonly callId: CallId }
  | {
      readonly kind: 'call_over';
      readonly callId: CallId;
      readonly to: 'wrap_up' | 'ready' | 'break';
      readonly reason: string | null;
    }
  | { readonly kind: 'outcome_given'; readonly callId: CallId }
  | { readonly kind: 'wrap_up_over'; readonly callId: CallId; readonly hadLimit: boolean }
  | { readonly kind: 'leg_up'; readonly legId: string; readonly node?: string | null }
  /** `isRefused`: the phone was rung and did not take the call. */
  | { readonly kind: 'leg_down'; readonly legId: string; readonly isRefused: boolean }
  /** The leg is about to be given up for one on another node; only while no call needs it. */
  | { readonly kind: 'leg_given_up'; readonly legId: string };

/** What the shell must tell the later rooms in the same transaction. */
export type AgentAction = { readonly kind: 'wrap_up_ended'; readonly callId: CallId; readonly hadLimit: boolean };

export type AgentDecision =
  { readonly presence: Presence; readonly actions: readonly AgentAction[] } | { readonly ignored: string };

/**
 * What an event makes of an agent.
 *
 * @param now  becomes `since` when the state or its reason changes; limits are counted from it
 * @returns    the new presence with what to tell, or why the event changes nothing. Never throws: facts of the network come late or twice.
 */
export function decide(presence: Presence, event: AgentEvent, now: Date, limits: AgentLimits): AgentDecision {
  switch (event.kind) {
    case 'signed_in':
      return onSignedIn(presence, now);
    case 'signed_out':
      return onSignedOut(presence, now);
    case 'wished':
      // Held up by the network it would end the wrap-up of a call that the agent has not worked on yet. A break only follows the call.
      return event.wish.to === 'ready' && hasCall(presence) && presence.callId !== (event.atCall ?? presence.callId)
        ? ignored('wished at another call')
        : onWished(presence, event.wish, now);
    case 'reserved':
      return presence.state === 'ready'
        ? moved({
            ...common(presence, now),
            state: 'reserved',
            callId: event.callId,
            limitAt: later(now, limits.reservedSeconds),
            hasOutcome: false,
          })
        : ignored(`not ready but ${presence.state}`);
    case 'connected':
      return presence.state === 'reserved' && presence.callId === event.callId
        ? moved({
            ...common(presence, now),
            state: 'talking',
            callId: event.callId,
            limitAt: later(now, limits.maxTalkSeconds),
            hasOutcome: false,
          })
        : ignored(`not reserved for this call but ${presence.state}`);
    case 'call_over':
      return onCallOver(presence, event, now, limits);
    case 'outcome_given':
      if (!hasCall(presence) || presence.callId !== event.callId)
        return ignored(`not at this call but ${presence.state}`);
      return presence.hasOutcome ? ignored('the outcome was given before') : moved({ ...presence, hasOutcome: true });
    case 'wrap_up_over':
      return onWrapUpOver(presence, event, now);
    case 'leg_up':
      return onLegUp(presence, event, now);
    case 'leg_down':
      return onLegDown(presence, event.legId, event.isRefused, now);
    case 'leg_given_up':
      if (!presence.isLegUp || presence.legId !== event.legId) return ignored('this leg does not stand');
      return presence.state === 'reserved' || presence.state === 'talking' || presence.state === 'lost'
        ? ignored(`needed while ${presence.state}`)
        : onLegDown(presence, event.legId, false, now);
    default:
      return ignored(`unknown event ${String((event satisfies never as { kind?: unknown }).kind)}`);
  }
}

/** A new agent: offline, wishing nothing. */
export function newPresence(connection: AgentConnection, now: Date): Presence {
  const noLeg = { isLegUp: false, legId: null, legNode: null };
  return { state: 'offline', connection, ...noLeg, wish: { to: 'offline' }, since: now };
}

const SIGNED_IN = { to: 'break', reason: 'signed_in' } as const satisfies Wish;

function onSignedIn(presence: Presence, now: Date): AgentDecision {
  switch (presence.state) {
    case 'offline':
      return presence.connection === 'persistent'
        ? moved({ ...common(presence, now), state: 'connecting', wish: SIGNED_IN })
        : moved({ ...common(presence, now), state: 'break', reason: SIGNED_IN.reason, wish: SIGNED_IN });
    case 'ready':
      return moved({ ...common(presence, now), state: 'break', reason: SIGNED_IN.reason, wish: SIGNED_IN });
    case 'connecting':
      return moved({ ...presence, wish: SIGNED_IN });
    case 'break':
      return ignored('on a break already');
    case 'reserved':
    case 'talking':
    case 'wrap_up':
    case 'lost':
      return presence.wish.to === 'offline'
        ? moved({ ...presence, wish: SIGNED_IN })
        : ignored('at a call, which goes on');
    default:
      return unknownState(presence);
  }
}

function onSignedOut(presence: Presence, now: Date): AgentDecision {
  const wish: Wish = { to: 'offline' };
  switch (presence.state) {
    case 'offline':
      return ignored('offline already');
    case 'connecting':
    case 'ready':
    case 'break':
      return moved({ ...common(presence, now), state: 'offline', wish });
    case 'wrap_up':
      return moved({ ...common(presence, now), state: 'offline', wish }, [
        { kind: 'wrap_up_ended', callId: presence.callId, hadLimit: false },
      ]);
    case 'reserved':
    case 'talking':
    case 'lost':
      return moved({ ...presence, wish });
    default:
      return unknownState(presence);
  }
}

function onWished(presence: Presence, wish: Exclude<Wish, { to: 'offline' }>, now: Date): AgentDecision {
  switch (presence.state) {
    case 'offline':
      return ignored('offline: sign in first');
    case 'ready':
      return wish.to === 'ready' ? ignored('ready already') : settled(presence, wish, now);
    case 'break':
      return wish.to === 'break' && wish.reason === presence.reason
        ? ignored('on this break already')
        : settled(presence, wish, now);
    case 'connecting':
      return wish.to === 'break' ? settled(presence, wish, now) : moved({ ...presence, wish });
    case 'wrap_up':
      return wish.to === 'ready'
        ? settled(presence, wish, now, [{ kind: 'wrap_up_ended', callId: presence.callId, hadLimit: false }])
        : moved({ ...presence, wish });
    case 'reserved':
    case 'talking':
    case 'lost':
      return moved({ ...presence, wish });
    default:
      return unknownState(presence);
  }
}

function onCallOver(
  presence: Presence,
  event: Extract<AgentEvent, { kind: 'call_over' }>,
  now: Date,
  limits: AgentLimits,
): AgentDecision {
  if (presence.state !== 'reserved' && presence.state !== 'talking' && presence.state !== 'lost') {
    return ignored(`not at a call but ${presence.state}`);
  }
  if (presence.callId !== event.callId) return ignored('at another call');
  if (event.to === 'wrap_up' && presence.state !== 'reserved') {
    // Who has signed out cannot write anything more: the wrap-up ends with the next sweep, in a transaction of its own.
    const seconds = presence.wish.to === 'offline' ? 0 : limits.wrapUpSeconds;
    return moved({
      ...common(presence, now),
      state: 'wrap_up',
      callId: presence.callId,
      limitAt: later(now, seconds),
      hasOutcome: presence.hasOutcome,
    });
  }
  const isSentAway = event.to === 'break' && presence.wish.to === 'ready';
  return settled(presence, isSentAway ? { to: 'break', reason: event.reason } : presence.wish, now);
}

function onWrapUpOver(
  presence: Presence,
  event: Extract<AgentEvent, { kind: 'wrap_up_over' }>,
  now: Date,
): AgentDecision {
  if (presence.state !== 'wrap_up' || presence.callId !== event.callId) {
    return ignored(`not in this call's wrap-up but ${presence.state}`);
  }
  const isSilent = event.hadLimit && !presence.hasOutcome && presence.wish.to === 'ready';
  return settled(presence, isSilent ? { to: 'break', reason: 'no_outcome' } : presence.wish, now, [
    { kind: 'wrap_up_ended', callId: event.callId, hadLimit: event.hadLimit },
  ]);
}

function onLegUp(
  presence: Presence,
  { legId, node }: Extract<AgentEvent, { kind: 'leg_up' }>,
  now: Date,
): AgentDecision {
  if (presence.isLegUp && presence.legId === legId) return ignored('this leg stands already');
  const withLeg: Presence = { ...presence, isLegUp: true, legId, legNode: node ?? null };
  if (presence.state === 'connecting') return settled(withLeg, presence.wish, now);
  if (presence.state === 'lost') return moved({ ...common(withLeg, now), state: 'talking', ...callOf(presence) });
  return moved(withLeg);
}

function onLegDown(presence: Presence, legId: string, isRefused: boolean, now: Date): AgentDecision {
  if (presence.isLegUp && presence.legId !== legId) return ignored('another leg stands by now');
  const bare: Presence = { ...presence, isLegUp: false, legId: null, legNode: null };
  const refusal: Wish = presence.wish.to === 'ready' ? { to: 'break', reason: 'not_responding' } : presence.wish;
  switch (presence.state) {
    case 'connecting':
      if (!isRefused)
        return bare.legId === presence.legId && !presence.isLegUp ? ignored('it did not stand') : moved(bare);
      return settled(
        bare,
        presence.wish.to === 'offline' ? presence.wish : { to: 'break', reason: 'not_responding' },
        now,
      );
    case 'ready':
      return isRefused || presence.connection === 'persistent'
        ? settled(bare, isRefused ? refusal : presence.wish, now)
        : moved(bare);
    case 'reserved':
      if (isRefused) return settled(bare, refusal, now);
      return presence.isLegUp ? settled(bare, presence.wish, now) : ignored('it did not stand');
    case 'talking':
      return moved({ ...common(bare, now), state: 'lost', ...callOf(presence) });
    case 'offline':
    case 'wrap_up':
    case 'break':
    case 'lost':
      return presence.isLegUp ? moved(bare) : ignored('it did not stand');
    default:
      return unknownState(presence);
  }
}

/** Where somebody goes who is free: as wished; ready without a standing leg means connecting first. */
function settled(presence: Presence, wish: Wish, now: Date, actions: readonly AgentAction[] = []): AgentDecision {
  const shared = { ...common(presence, now), wish };
  if (wish.to === 'offline') return moved({ ...shared, state: 'offline' }, actions);
  if (wish.to === 'break') return moved({ ...shared, state: 'break', reason: wish.reason }, actions);
  const mustConnect = presence.connection === 'persistent' && !presence.isLegUp;
  return moved({ ...shared, state: mustConnect ? 'connecting' : 'ready' }, actions);
}

function hasCall(presence: Presence): presence is Extract<Presence, WithCall> {
  return 'callId' in presence;
}

function callOf(presence: Extract<Presence, WithCall>): WithCall {
  return { callId: presence.callId, limitAt: presence.limitAt, hasOutcome: presence.hasOutcome };
}

/** The fields of every state, with a new `since`. */
function common(presence: Presence, now: Date): EveryState {
  const { connection, isLegUp, legId, legNode, wish } = presence;
  return { connection, isLegUp, legId, legNode, wish, since: now };
}

function later(now: Date, seconds: number): Date {
  return new Date(now.getTime() + seconds * 1000);
}

function moved(presence: Presence, actions: readonly AgentAction[] = []): AgentDecision {
  return { presence, actions };
}

function ignored(reason: string): AgentDecision {
  return { ignored: reason };
}

function unknownState(presence: never): AgentDecision {
  return ignored(`unknown state ${String((presence as { state?: unknown }).state)}`);
}
