const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const PHONE = 'desk-';
const BUYER_LEG = new RegExp(`^${UUID}$`);
const AGENT_LEG = new RegExp(`^(agent-${UUID})-[A-Za-z0-9-]{1,40}$`);
const NUMBER_LEG = new RegExp(`^(number-(${UUID}))-[A-Za-z0-9-]{1,40}$`);
const WATCH_LEG = new RegExp(`^watch-(${UUID})-(${UUID})-(?:listen|whisper|barge)$`);
const SEAT = new RegExp(`^(?:agent|number)-${UUID}$`);

/** How a supervisor takes part in a talk: unheard, heard by the agent's side alone, or heard by all. */
export const WATCH_MODES = ['listen', 'whisper', 'barge'] as const;
export type WatchMode = (typeof WATCH_MODES)[number];

/** True for the id of a buyer's leg: the call's UUID. */
export function isBuyerLeg(legId: string): boolean {
  return BUYER_LEG.test(legId);
}

/** True for the ids that we give to legs: a buyer's, an agent's, a shop's number's, or a supervisor's ear in a talk. */
export function isLegOfOurs(legId: string): boolean {
  return isBuyerLeg(legId) || AGENT_LEG.test(legId) || NUMBER_LEG.test(legId) || WATCH_LEG.test(legId);
}

/** True for the id of the bridge that an agent or a shop's number sits in, `agent-<agentId>` or `number-<callId>`. */
export function isBridgeOfOurs(bridgeId: string): boolean {
  return SEAT.test(bridgeId);
}

/** The bridge that an agent's leg sits in, `agent-<agentId>`; null for anything but an agent's leg. */
export function bridgeOfAgentLeg(legId: string): string | null {
  return AGENT_LEG.exec(legId)?.[1] ?? null;
}

/** The bridge that a leg is put into as soon as it is ours: an agent's, or that of a number a buyer is handed over to; null for others. */
export function seatOf(legId: string): string | null {
  return bridgeOfAgentLeg(legId) ?? NUMBER_LEG.exec(legId)?.[1] ?? null;
}

/** The leg to a number to which the buyer of this call is handed over, `number-<callId>-<n>`. */
export function numberLegId(callId: string, n: string): string {
  return `number-${callId}-${n}`;
}

/** The leg through which a supervisor takes part in a call; one for each mode. */
export function watchLegId(supervisorId: string, callId: string, mode: WatchMode): string {
  return `watch-${supervisorId}-${callId}-${mode}`;
}

/** Whose ear a leg is, as the bridge it belongs in, and in which call; null for others. */
export function watchOf(legId: string): { readonly seat: string; readonly callId: string } | null {
  const [, supervisorId, callId] = WATCH_LEG.exec(legId) ?? [];
  return supervisorId === undefined || callId === undefined ? null : { seat: `agent-${supervisorId}`, callId };
}

/** The call that a leg exists for; null for agents' standing legs and foreign ones. */
export function callOfLeg(legId: string): string | null {
  return isBuyerLeg(legId) ? legId : (NUMBER_LEG.exec(legId)?.[2] ?? watchOf(legId)?.callId ?? null);
}

/** The name at the exchange of the phone in an agent's browser, `desk-<agentId>`. */
export function phoneName(agentId: string): string {
  return `${PHONE}${agentId}`;
}

/** True for names that we give to phones in browsers. */
export function isPhoneName(name: string): boolean {
  return name.startsWith(PHONE);
}
