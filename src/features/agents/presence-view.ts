import type { Presence } from '../../core/agent/agent.js';
import type { Agent, PresenceView } from './agents.events.js';

/** What the rest of the house sees of an agent. */
export function presenceView(agent: Agent, presence: Presence): PresenceView {
  const atCall = 'callId' in presence ? presence : null;
  return {
    ...agent,
    state: presence.state,
    reason: presence.state === 'break' ? presence.reason : null,
    wish: presence.wish,
    since: presence.since,
    callId: atCall?.callId ?? null,
    legId: presence.legId,
    isLegUp: presence.isLegUp,
    legNode: presence.legNode,
    limitAt: atCall?.limitAt ?? null,
    hasOutcome: atCall?.hasOutcome ?? false,
  };
}
