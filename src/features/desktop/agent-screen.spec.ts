import { describe, expect, it } from 'vitest';
import { Log } from '../../platform/log/log.js';
import type { SessionAgent } from '../agents/agents.events.js';
import type { AgentEventRow } from './agent-event.store.js';
import { AgentScreen } from './agent-screen.js';
import type { DesktopMessage } from './message-composer.js';

const agent = { agentId: 'a', sessionId: 's' } as SessionAgent;
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1_000);
const row = (id: number, agentId = 'a'): AgentEventRow =>
  ({ id, agentId, event: 'order.updated', data: { callId: 'c', orderRef: 'o' } }) as AgentEventRow;
const begun = (callId: string, id: number): AgentEventRow =>
  ({ id, agentId: 'a', event: 'call.connected', data: { callId } }) as AgentEventRow;
const card = (callId: string): DesktopMessage =>
  ({ event: 'call.connected', data: { callId } }) as unknown as DesktopMessage;

function openScreen(isStill = true) {
  const written: string[] = [];
  const pipe = {
    begin: () => undefined,
    write: (text: string) => void written.push(text),
    unsentBytes: () => 0,
    end: () => undefined,
    onClose: () => undefined,
  };
  const compose: ConstructorParameters<typeof AgentScreen>[4] = async (event, told) => {
    if (event.event !== 'call.connected') return null;
    return told?.callId === event.data.callId && isStill ? 'told' : card(event.data.callId);
  };
  const screen = new AgentScreen(agent, null, pipe, at(0), compose, new Log('error'));
  const tell = (callId: string) =>
    screen.showTalk(callId, async () => ({ message: card(callId), told: { callId, standing: 'as it was' } }));
  return { screen, written, tell, settled: () => new Promise((resolve) => setTimeout(resolve, 5)) };
}

describe('a screen', () => {
  it('takes each row of its agent once, however often it is read', () => {
    const { screen } = openScreen();
    expect(screen.take([row(1), row(2, 'b')], at(1)).map(({ id }) => id)).toEqual([1]);
    expect(screen.take([row(1), row(3)], at(2)).map(({ id }) => id)).toEqual([3]);
    expect(screen.takenIds()).toEqual([1, 3]);
  });

  it('knows a row for longer than a reading for another screen, which stands further back, may bring it', () => {
    const { screen } = openScreen();
    screen.take([row(1)], at(1));
    for (let second = 2; second <= 30; second += 1) screen.take([], at(second));
    expect(screen.take([row(1)], at(31))).toEqual([]);
    // No clock of the database stood still meanwhile: nothing that old is read any more.
    for (let second = 32; second <= 40; second += 1) screen.take([], at(second));
    expect(screen.takenIds()).toEqual([]);
  });

  it('forgets nothing while it cannot read', () => {
    const { screen } = openScreen();
    screen.take([row(1)], at(1));
    expect(screen.take([row(1)], at(600))).toEqual([]);
  });

  it('shows a card that was told ahead of the tape once, and lets the stream go on from its row', async () => {
    const { screen, written, tell, settled } = openScreen();
    tell('c1');
    screen.send([begun('c1', 7)]);
    tell('c1');
    await settled();
    expect(written).toEqual(['event: call.connected\ndata: {"callId":"c1"}\n\n', 'id: 7\n\n']);
  });

  it('shows it again with the row when it is another by then, and each later one', async () => {
    const { screen, written, tell, settled } = openScreen(false);
    tell('c1');
    screen.send([begun('c1', 7), begun('c1', 8)]);
    await settled();
    expect(written.map((text) => text.split('\n')[0])).toEqual(['event: call.connected', 'id: 7', 'id: 8']);
    expect(written.slice(1).every((text) => text.includes('"c1"'))).toBe(true);
  });
});
