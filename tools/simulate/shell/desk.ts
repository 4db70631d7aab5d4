import type { Presence } from '../../../src/core/agent/agent.js';
import type { AgentRow } from './rows.js';

const AT_WORK: readonly string[] = ['ready', 'reserved', 'talking', 'wrap_up'];

/** What somebody asks of a live call that a dialer runs. */
export type CallCommand = { readonly callId: string; readonly kind: 'withdraw' | 'agent_hangup' };

/** An agent who can take a buyer now: ready, and the phone stands (or is rung for each call). */
export function isFree(agent: AgentRow): boolean {
  const { presence } = agent;
  return (
    presence.state === 'ready' && (presence.connection === 'per_call' || (presence.isLegUp && presence.legId !== null))
  );
}

/** At work, and going to be ready after what they are at. */
export function isAtWork(presence: Presence): boolean {
  return AT_WORK.includes(presence.state) && presence.wish.to === 'ready';
}
