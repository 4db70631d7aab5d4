import type { VirtualAgent } from '../../tools/dev-env/virtual-agent.js';
import { waitFor } from '../support/wait.js';

/** An event as the agent's screen got it. */
export interface ScreenEvent {
  readonly event: string;
  readonly data: Record<string, unknown>;
  readonly at: Date;
}

/** The next event of this kind after the first `from` ones (`agent.events.length` before what causes it). */
export async function nextEvent(
  agent: VirtualAgent,
  event: string,
  from = 0,
  isIt: (data: Record<string, unknown>) => boolean = () => true,
  limitMs = 20_000,
): Promise<ScreenEvent> {
  return waitFor(
    `${event} on the screen of ${agent.login}`,
    () => agent.events.slice(from).find((one) => one.event === event && isIt(one.data)),
    limitMs,
  );
}

/** Waits for the screen to show this state. */
export async function nextState(agent: VirtualAgent, state: string, from = 0, limitMs?: number): Promise<ScreenEvent> {
  return nextEvent(agent, 'agent.state', from, (data) => data['state'] === state, limitMs);
}

/** Waits for the card of this order; gives the call's id. */
export async function cardOf(agent: VirtualAgent, orderId: string, from = 0, limitMs?: number): Promise<string> {
  const isIt = (data: Record<string, unknown>): boolean => (data['order'] as { orderId: string }).orderId === orderId;
  return String((await nextEvent(agent, 'call.connected', from, isIt, limitMs)).data['callId']);
}

/** Asks for work and waits until the phone stands; fine also when the agent is ready already, or gets a call at once. */
export async function goReady(agent: VirtualAgent): Promise<void> {
  const isState = (one: { event: string }): boolean => one.event === 'agent.state';
  const last = Math.max(0, agent.events.findLastIndex(isState));
  const from = agent.events[last]?.data['state'] === 'ready' ? last : agent.events.length;
  await agent.setState('ready');
  await nextState(agent, 'ready', from);
}
