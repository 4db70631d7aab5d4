import type { AgentId } from '../shared/ids.js';

/** An agent who could take a call now. */
export interface FreeAgent {
  readonly agentId: AgentId;
  /** Since when the agent has been ready. */
  readonly since: Date;
  readonly skills: readonly string[];
}

export interface CallNeeds {
  /** Every one of these must be among the agent's skills; none = anybody. */
  readonly skills: readonly string[];
  /** Who promised this callback, or talked with the buyer before: first choice, if free and able. */
  readonly preferredAgentId: AgentId | null;
  /** The preferred one is at work and worth a short wait: nobody else will do yet. */
  readonly isPreferredOnly?: boolean;
}

/**
 * Who takes the next call: the one the buyer knows, else whoever has been idle longest. That keeps the work even among people, and a small
 * team's waiting times fair.
 *
 * @returns null when nobody free has the skills, or the only one who will do is not free
 */
export function chooseAgent<A extends FreeAgent>(free: readonly A[], needs: CallNeeds): A | null {
  const able = free.filter((agent) => needs.skills.every((skill) => agent.skills.includes(skill)));
  const preferred = able.find((agent) => agent.agentId === needs.preferredAgentId);
  if (preferred) return preferred;
  if (needs.isPreferredOnly === true) return null;
  return able.reduce<A | null>((best, agent) => (best === null || isIdleLonger(agent, best) ? agent : best), null);
}

function isIdleLonger(a: FreeAgent, b: FreeAgent): boolean {
  const difference = a.since.getTime() - b.since.getTime();
  return difference === 0 ? a.agentId < b.agentId : difference < 0;
}
