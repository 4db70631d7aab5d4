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
  /** Who asked for this call (a callback promised by one person), if free. */
  readonly preferredAgentId: AgentId | null;
}

/**
 * Who takes the next call: the one the buyer was promised, else whoever has been idle longest. That keeps the work even among people,
 * and a small team's waiting times fair.
 *
 * @returns null when nobody free has the skills
 */
export function chooseAgent<A extends FreeAgent>(free: readonly A[], needs: CallNeeds): A | null {
  const able = free.filter((agent) => needs.skills.every((skill) => agent.skills.includes(skill)));
  const preferred = able.find((agent) => agent.agentId === needs.preferredAgentId);
  if (preferred) return preferred;
  return able.reduce<A | null>((best, agent) => (best === null || isIdleLonger(agent, best) ? agent : best), null);
}

function isIdleLonger(a: FreeAgent, b: FreeAgent): boolean {
  const difference = a.since.getTime() - b.since.getTime();
  return difference === 0 ? a.agentId < b.agentId : difference < 0;
}
