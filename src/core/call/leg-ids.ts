const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const PHONE = 'desk-';
const BUYER_LEG = new RegExp(`^${UUID}$`);
const AGENT_LEG = new RegExp(`^agent-(${UUID})-[A-Za-z0-9-]{1,40}$`);
const NUMBER_LEG = new RegExp(`^number-(${UUID})-[A-Za-z0-9-]{1,40}$`);
const WATCH_LEG = new RegExp(`^watch-(${UUID})-(${UUID})-(?:listen|whisper|barge)$`);

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

/** Whose leg it is, as the agent's id; null for anything but an agent's leg. */
export function agentOfLeg(legId: string): string | null {
  return AGENT_LEG.exec(legId)?.[1] ?? null;
}

/**
 * The bridge that a leg is put into as soon as it is ours, an agent's or that of a number a buyer is handed over to; null for others. It has the leg's name, so
 * that no other leg ever needs it: measured on Asterisk 22, a leg that ends at the instant at which it is put into a bridge can leave a bridge behind
 * that is not there (404) and cannot be made again (409) for as long as the exchange runs.
 */
export function seatOf(legId: string): string | null {
  return isBridgeOfOurs(legId) ? legId : null;
}

/** True for the id of a bridge that {@link seatOf} gives. */
export function isBridgeOfOurs(bridgeId: string): boolean {
  return AGENT_LEG.test(bridgeId) || NUMBER_LEG.test(bridgeId);
}

/** The leg to a number to which the buyer of this call is handed over, `number-<callId>-<n>`. */
export function numberLegId(callId: string, n: string): string {
  return `number-${callId}-${n}`;
}

/** The leg through which a supervisor takes part in a call; one for each mode. */
export function watchLegId(supervisorId: string, callId: string, mode: WatchMode): string {
  return `watch-${supervisorId}-${callId}-${mode}`;
}

/** Whose ear a leg is, and in which call; null for others. */
export function watchOf(legId: string): { readonly supervisorId: string; readonly callId: string } | null {
  const [, supervisorId, callId] = WATCH_LEG.exec(legId) ?? [];
  return supervisorId === undefined || callId === undefined ? null : { supervisorId, callId };
}

/** The call that a leg exists for; null for agents' standing legs and foreign ones. */
export function callOfLeg(legId: string): string | null {
  return isBuyerLeg(legId) ? legId : (NUMBER_LEG.exec(legId)?.[1] ?? watchOf(legId)?.callId ?? null);
}

/** The name at the exchange of the phone in an agent's browser, `desk-<agentId>`. */
export function phoneName(agentId: string): string {
  return `${PHONE}${agentId}`;
}

/** True for names that we give to phones in browsers. */
export function isPhoneName(name: string): boolean {
  return name.startsWith(PHONE);
}
