/** The states under which live calls are shown to people (contract, section 6). */
export const SHOWN_STATES = ['dialing', 'ringing', 'waiting', 'connected'] as const;
export type ShownState = (typeof SHOWN_STATES)[number];

/** What the floor sees as one: a phone being rung for a call is dialing, a message is still a wait, a talk on hold is a talk. */
const SHOWN_AS: Readonly<Record<string, ShownState>> = {
  calling_agent: 'dialing',
  dialing: 'dialing',
  ringing: 'ringing',
  waiting: 'waiting',
  message: 'waiting',
  connected: 'connected',
  agent_lost: 'connected',
  handed_over: 'connected',
  ending: 'connected',
};

/** How a live call in this state of its machine is shown. */
export function shownState(state: string): ShownState {
  return SHOWN_AS[state] ?? 'dialing';
}
