import { describe, expect, it } from 'vitest';
import type { AgentStateMessage, CallConnectedMessage } from '../../src/features/desktop/desktop.protocol.js';
import { after, mayAct, START, type DeskFact, type DeskView } from './desk-view.js';
import { anOrderCard } from './spec-orders.js';

const agent = {
  agentId: 'a',
  login: 'anna',
  name: 'Anna',
  role: 'agent',
  groups: ['default'],
  skills: [],
  connection: 'persistent',
  endpoint: 'softphone',
} as const;
const state = (more: Partial<AgentStateMessage>): AgentStateMessage => ({
  state: 'ready',
  since: '2026-11-22T10:00:00Z',
  reason: null,
  callId: null,
  wanted: 'ready',
  wrapUpUntil: null,
  ...more,
});
const connected: CallConnectedMessage = {
  callId: 'c1',
  order: anOrderCard(),
  attempts: [],
  otherOrders: [],
  shop: { shop: 'demo', name: 'Demo', language: 'uk', timeZone: 'Europe/Kyiv' },
  callbackWindows: [],
  connectedAt: '2026-11-22T10:00:05Z',
  wrapUpSeconds: 45,
  script: null,
  said: [],
};
const all = (...facts: DeskFact[]): DeskView => facts.reduce(after, START);
const signedIn: DeskFact = { event: 'signed_in', data: { agent, ...state({}) } };
const talking: DeskFact = { event: 'agent.state', data: state({ state: 'talking', callId: 'c1' }) };
const card: DeskFact = { event: 'call.connected', data: connected };

describe('what the page shows', () => {
  it('has the call from its connection to the end of the wrap-up', () => {
    const view = all(signedIn, talking, card);
    expect(view.call).toMatchObject({ callId: 'c1', endedAt: null, isHeld: false });
    const ended = after(view, {
      event: 'call.ended',
      data: { callId: 'c1', result: 'answered', endedAt: 'now', wrapUpUntil: 'then' },
    });
    expect(ended.call).toMatchObject({ endedAt: 'now', wrapUpUntil: 'then' });
    expect(after(ended, { event: 'agent.state', data: state({}) }).call).toBeNull();
  });

  it('shows a card told again as the same call', () => {
    const held = after(all(signedIn, talking, card), { event: 'held', data: { isHeld: true } });
    expect(after(held, card).call).toMatchObject({ isHeld: true });
    expect(after(held, { event: 'call.connected', data: { ...connected, callId: 'c2' } }).call).toMatchObject({
      callId: 'c2',
      isHeld: false,
    });
  });

  it('follows the orders of the call, and no others', () => {
    const other = { ...anOrderCard({ id: 'o2', orderId: 'A-2' }), isInThisCall: false };
    const view = all(
      signedIn,
      talking,
      card,
      { event: 'order.arrived', data: { callId: 'c1', order: other } },
      { event: 'order.arrived', data: { callId: 'c1', order: other } },
      { event: 'order.withdrawn', data: { callId: 'c1', orderId: 'A-2' } },
      { event: 'order.updated', data: { callId: 'c1', order: anOrderCard({ comment: 'new' }) } },
      { event: 'order.updated', data: { callId: 'c9', order: anOrderCard({ comment: 'of another call' }) } },
    );
    expect(view.call?.order).toMatchObject({ comment: 'new', isUpdated: true, isWithdrawRequested: false });
    expect(view.call?.otherOrders).toMatchObject([{ orderId: 'A-2', isWithdrawRequested: true }]);
  });

  it('stays readable when another screen has taken over, and goes when the session is over', () => {
    const view = all(signedIn, talking, card);
    const replaced = after(view, { event: 'notice', data: { code: 'session.replaced', text: '' } });
    expect(replaced).toMatchObject({ session: 'closed', call: { callId: 'c1' } });
    expect(mayAct(replaced)).toBe(false);
    const over = after(view, { event: 'notice', data: { code: 'session.expired', text: '' } });
    expect(over).toMatchObject({ session: 'signed_out', ending: 'session.expired', call: null });
    expect(after(view, { event: 'notice', data: { code: 'server.restarting', text: '' } })).toEqual(view);
  });

  it('acts on the active screen only', () => {
    expect(mayAct(all(signedIn))).toBe(true);
    expect(mayAct(all(signedIn, { event: 'screen.state', data: { isActive: false } }))).toBe(false);
  });
});
