import { describe, expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { waitFor } from '../support/wait.js';
import { listenAt } from './exchange-ear.js';
import { useWorld } from './world.js';

// Buyers handed over, and supervisors in talks, on the real exchange and carrier with SIP phones; loudness measured at the legs.

const agents: AgentPlan[] = [
  { login: 'hands', name: 'Who hands over', connection: 'persistent', group: 'hands' },
  { login: 'takes', name: 'Who takes over', connection: 'persistent', group: 'hands' },
  { login: 'chief', name: 'Who listens all along', connection: 'persistent', group: 'hands', role: 'supervisor' },
  { login: 'echoes', name: 'Who hears themselves', connection: 'persistent', group: 'watched', phone: 'agent-echo-1' },
  { login: 'boss', name: 'Who listens', connection: 'persistent', group: 'watched', role: 'supervisor' },
];
const world = useWorld({ agents });
/** RMS: below it nobody speaks, above it somebody does. */
const SILENCE = 0.001;
const SPEECH = 0.003;
/** The recorded buyer is silent for up to 4.5 s between two sentences, the recorded agent for up to 3.5 s. */
const LONGER_THAN_A_PAUSE_S = 6;

async function signIn(login: string) {
  const { apiUrl, agents: known } = world().network;
  const password = known.find((one) => one.login === login)?.password;
  const send = async (method: string, path: string, body?: object, token?: string) => {
    const answer = await fetch(`${apiUrl}/v1/${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
  };
  const { body } = await send('POST', 'agent/session', { login, password });
  const token = String(body['token']);
  const agentId = (body['agent'] as { agentId: string }).agentId;
  const ask = (method: string, path: string, more?: object) => send(method, path, more, token);
  await waitFor('the line', async () => (await ask('GET', 'agent/session')).body['isLineUp'] === true, 20_000);
  const state = async () => String((await ask('GET', 'agent/session')).body['state']);
  const leg = async () => {
    const channels = (await world().ari<{ id: string }[]>('channels')) ?? [];
    return channels.find(({ id }) => id.startsWith(`agent-${agentId}-`))?.id ?? '';
  };
  return { agentId, ask, state, leg };
}

async function talk(agent: Awaited<ReturnType<typeof signIn>>, group: string, suffix: string, settings: object = {}) {
  const shop = await world().openShop(group, settings);
  await agent.ask('PUT', 'agent/state', { state: 'ready' });
  const order = await shop.send(suffix);
  await waitFor('the talk', async () => (await agent.state()) === 'talking', 20_000);
  const callId = (await shop.see(order)).attempts[0]?.callId ?? '';
  return { order, shop, callId };
}

describe('on the real exchange', () => {
  it('warm, and blind back: the agents hear each other while the buyer does not, then the buyer and whoever comes do', async () => {
    const [first, second, chief] = [await signIn('hands'), await signIn('takes'), await signIn('chief')];
    // What listens to the buyer's leg must not keep the next agent from being heard: a supervisor, and the report of speech.
    const { callId } = await talk(first, 'hands', '00', { answeringMachine: 'detect' });
    expect((await chief.ask('POST', `supervisor/calls/${callId}/listen`)).status).toBe(202);
    await waitFor('the ear', async () => (await ears()) === 1);
    await second.ask('PUT', 'agent/state', { state: 'ready' });
    const asked = await first.ask('POST', `agent/calls/${callId}/transfer`, { to: { agent: 'takes' }, mode: 'warm' });
    expect(asked.status).toBe(202);
    await waitFor('the reservation', async () => (await second.state()) === 'reserved');
    const [legOfFirst, legOfSecond] = [await first.leg(), await second.leg()];
    await waitFor('both in one bridge', async () =>
      (await together()).some((ids) => ids.includes(legOfFirst) && ids.includes(legOfSecond)),
    );
    expect((await together()).some((ids) => ids.includes(callId))).toBe(false);
    expect((await listenAt(world(), legOfSecond, LONGER_THAN_A_PAUSE_S)).toBuyer).toBeGreaterThan(SPEECH);
    await first.ask('POST', `agent/calls/${callId}/transfer/complete`);
    await waitFor('the owner', async () => (await second.state()) === 'talking');
    expect(await first.state()).toBe('ready');
    await waitFor('the buyer with the second', async () =>
      (await together()).some((ids) => ids.includes(callId) && ids.includes(legOfSecond) && ids.length === 2),
    );
    expect(await quieterSide(callId)).toBeGreaterThan(SPEECH);
    await waitFor('the ear again', async () => (await ears()) === 1);
    // There and back again: one of the two has the lower sequence numbers.
    await second.ask('POST', `agent/calls/${callId}/transfer`, { to: { agent: 'hands' }, mode: 'blind' });
    await waitFor('the buyer with the first again', async () => (await first.state()) === 'talking', 20_000);
    expect(await quieterSide(callId)).toBeGreaterThan(SPEECH);
    await waitFor('the ear once more', async () => (await ears()) === 1);
    await first.ask('POST', `agent/calls/${callId}/hangup`);
    await waitFor('it ends with the call', async () => (await ears()) === 0);
  });

  it('listen is heard by nobody, whisper by the agent, and leaving ends it', async () => {
    const [agent, boss] = [await signIn('echoes'), await signIn('boss')];
    const { callId } = await talk(agent, 'watched', '71');
    const leg = await agent.leg();
    expect((await listenAt(world(), leg, 3)).toBuyer).toBeLessThan(SILENCE);
    const watch = async (how: string) =>
      expect((await boss.ask('POST', `supervisor/calls/${callId}/${how}`)).status).toBe(202);
    await watch('listen');
    await waitFor('the ear', async () => (await ears()) === 1);
    expect((await listenAt(world(), leg, 3)).toBuyer).toBeLessThan(SILENCE);
    await watch('whisper');
    await waitFor('one ear', async () => (await ears()) === 1);
    expect((await listenAt(world(), leg, LONGER_THAN_A_PAUSE_S)).toBuyer).toBeGreaterThan(SPEECH);
    await watch('leave');
    await waitFor('no ear', async () => (await ears()) === 0);
    expect((await listenAt(world(), leg, 3)).toBuyer).toBeLessThan(SILENCE);
    await watch('whisper');
    await waitFor('the same ear again', async () => (await ears()) === 1);
    expect((await listenAt(world(), leg, LONGER_THAN_A_PAUSE_S)).toBuyer).toBeGreaterThan(SPEECH);
    await watch('barge');
    await waitFor('the ear again', async () => (await ears()) === 1);
    expect((await listenAt(world(), leg, LONGER_THAN_A_PAUSE_S)).toBuyer).toBeGreaterThan(SPEECH);
    await agent.ask('POST', `agent/calls/${callId}/hangup`);
    await waitFor('it ends with the call', async () => (await ears()) === 0);
  });
});

/** The buyer's side of the talk: the quieter of what they say and what they hear. */
async function quieterSide(callId: string): Promise<number> {
  const { fromBuyer, toBuyer } = await listenAt(world(), callId, LONGER_THAN_A_PAUSE_S);
  return Math.min(fromBuyer, toBuyer);
}

async function together(): Promise<string[][]> {
  const bridges = (await world().ari<{ channels: string[] }[]>('bridges')) ?? [];
  return bridges.map(({ channels }) => channels);
}

async function ears(): Promise<number> {
  const channels = (await world().ari<{ id: string }[]>('channels')) ?? [];
  return channels.filter(({ id }) => id.startsWith('watch-')).length;
}
