import type { AgentConnection, AgentState, Wish } from '../../core/agent/agent.js';
import type { AgentId, CallId, GroupId } from '../../core/shared/ids.js';
import { defineEvent } from '../../platform/outbox/events.js';

/** What an agent may do beyond taking calls (contract, section 4). */
export const AGENT_ROLES = ['agent', 'senior', 'supervisor', 'administrator'] as const;
export type AgentRole = (typeof AGENT_ROLES)[number];

/** Whether somebody of this role gets buyers' calls; the others only take part in those of agents. */
export function takesCalls(role: AgentRole | undefined): boolean {
  return role !== 'supervisor' && role !== 'administrator';
}

/** The endpoint of agents whose phone is in the browser: the exchange learns it with their session (`phoneName`). */
export const SOFTPHONE = 'softphone';

/** A person with a headset, as the administrator has set them up. */
export interface Agent {
  readonly agentId: AgentId;
  readonly login: string;
  readonly name: string;
  readonly role: AgentRole;
  /** `PJSIP/…`: where the agent's phone is; or {@link SOFTPHONE}. */
  readonly endpoint: string;
  readonly connection: AgentConnection;
  readonly skills: readonly string[];
  readonly groupIds: readonly GroupId[];
}

/** An agent with the session they act in. */
export interface SessionAgent extends Agent {
  readonly sessionId: string;
  /** Of the session's screens that name themselves, the one that may act; null while none has. */
  readonly activeScreen: string | null;
  /** Postgres could not be asked: this is how this process saw them last. */
  readonly isRemembered?: true;
}

/** The phone in a browser: its name at the exchange, and its password for this session. */
export interface PhoneAccount {
  readonly agentId: AgentId;
  readonly sessionId: string;
  readonly name: string;
  readonly password: string;
}

/** An agent and where they stand now. */
export interface PresenceView extends Agent {
  readonly state: AgentState;
  /** Why the agent is on a break (`signed_in`, `not_responding`, `no_outcome`, `screen_lost`, or the agent's own word); null elsewhere. */
  readonly reason: string | null;
  readonly wish: Wish;
  readonly since: Date;
  readonly callId: CallId | null;
  readonly legId: string | null;
  readonly isLegUp: boolean;
  /** The node of the exchange on which the agent's leg stands; null while there is none, or it is not known. */
  readonly legNode: string | null;
  /** When `reserved`, `talking`, `lost` or `wrap_up` must be over; null elsewhere. */
  readonly limitAt: Date | null;
  /** The agent has said what became of the call at hand. */
  readonly hasOutcome: boolean;
}

/** An agent's state, wish or leg has changed; `presence` is what it is now. Published in the transaction of the change. */
export const agentStateChanged = defineEvent<{ agentId: AgentId; presence: PresenceView }>('agent.state_changed');

/** A wrap-up is over: by the agent (`hadLimit` false) or by its time limit. Published once for each call that had a wrap-up. */
export const agentWrapUpEnded = defineEvent<{ agentId: AgentId; callId: CallId; hadLimit: boolean }>(
  'agent.wrap_up_ended',
);

/** Another screen of the session may act from now on. */
export const agentScreenChanged = defineEvent<{ agentId: AgentId; sessionId: string; screen: string }>(
  'agent.screen_changed',
);

export type SessionEnd =
  'signed_out' | 'replaced' | 'switched_off' | 'expired' | 'password_changed' | 'ended_by_supervisor';

/** A session takes nothing any more; its event streams must be closed. */
export const agentSessionEnded = defineEvent<{ agentId: AgentId; sessionId: string; reason: SessionEnd }>(
  'agent.session_ended',
);
