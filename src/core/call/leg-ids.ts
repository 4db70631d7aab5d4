const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const PHONE = 'desk-';
const BUYER_LEG = new RegExp(`^${UUID}$`);
const AGENT_LEG = new RegExp(`^(agent-${UUID})-[A-Za-z0-9-]{1,40}$`);
const AGENT_BRIDGE = new RegExp(`^agent-${UUID}$`);

/** True for the id of a buyer's leg: the call's UUID. */
export function isBuyerLeg(legId: string): boolean {
  return BUYER_LEG.test(legId);
}

/** True for the ids that we give to legs: a buyer's, or an agent's `agent-<agentId>-<n>`. */
export function isLegOfOurs(legId: string): boolean {
  return isBuyerLeg(legId) || AGENT_LEG.test(legId);
}

/** True for the id of an agent's bridge, `agent-<agentId>`. */
export function isBridgeOfOurs(bridgeId: string): boolean {
  return AGENT_BRIDGE.test(bridgeId);
}

/** The bridge that an agent's leg sits in, `agent-<agentId>`; null for anything but an agent's leg. */
export function bridgeOfAgentLeg(legId: string): string | null {
  return AGENT_LEG.exec(legId)?.[1] ?? null;
}

/** The name at the exchange of the phone in an agent's browser, `desk-<agentId>`. */
export function phoneName(agentId: string): string {
  return `${PHONE}${agentId}`;
}

/** True for names that we give to phones in browsers. */
export function isPhoneName(name: string): boolean {
  return name.startsWith(PHONE);
}
