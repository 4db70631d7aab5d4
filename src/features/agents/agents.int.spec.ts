import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../../../test/support/app.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { agentSessionEnded, agentStateChanged, agentWrapUpEnded } from './agents.events.js';
import { AgentsModule } from './agents.module.js';
import { AgentsService } from './agents.service.js';

let test: TestApp;
let agents: AgentsService;
let transactions: Transactions;
const wrapUps: { callId: string; hadLimit: boolean }[] = [];
const ended: { agentId: string; reason: string }[] = [];
let changes = 0;

beforeAll(async () => {
  test = await startTestApp({ modules: [AgentsModule], roles: ['api'] });
  agents = test.get(AgentsService);
  transactions = test.get(Transactions);
  const events = test.get(Events);
  events.on(agentWrapUpEnded, async (_tx, { callId, hadLimit }) => void wrapUps.push({ callId, hadLimit }));
  events.on(agentSessionEnded, async (_tx, { agentId, reason }) => void ended.push({ agentId, reason }));
  events.on(agentStateChanged, async () => void changes++);
}, 60_000);
afterAll(() => test.close(), 60_000);

async function admin(method: string, path: string, body?: unknown, token = ADMIN_TOKEN) {
  const response = await fetch(`${test.url}/v1/admin/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, never> };
}

const PASSWORD = 'correct horse';
let number = 0;

/** A new agent, signed in, on a phone rung per call. */
async function somebody(more: object = {}) {
  const login = `agent-${++number}`;
  const { body, status } = await admin('PUT', `agents/${login}`, {
    password: PASSWORD,
    connection: 'per_call',
    ...more,
  });
  expect(status).toBe(201);
  const { token, agent } = await agents.signIn(login, PASSWORD, 'test');
  expect(agent.agentId).toBe(body['agentId']);
  return { login, token, agentId: agent.agentId };
}

async function atTalk() {
  const one = await somebody();
  const callId = randomUUID();
  await agents.wish(one.agentId, 'ready');
  await transactions.run(async (tx) => {
    expect(await agents.reserve(tx, one.agentId, callId)).toBe(true);
    expect(await agents.toTalking(tx, one.agentId, callId)).toBe(true);
  });
  return { ...one, callId };
}

describe('administration', () => {
  it('has a default group from the start, creates and replaces groups', async () => {
    expect((await admin('GET', 'groups')).body).toMatchObject({
      groups: [{ group: 'default', wrapUpSeconds: 45, maxTalkSeconds: 3600 }],
    });
    expect((await admin('PUT', 'groups/night', { wrapUpSeconds: 10 })).status).toBe(201);
    const again = await admin('PUT', 'groups/night', { name: 'Night shift' });
    expect(again).toEqual({
      status: 200,
      body: { group: 'night', name: 'Night shift', wrapUpSeconds: 45, maxTalkSeconds: 3600, dialing: null },
    });
    expect((await admin('PUT', 'groups/night', { dialing: 'predictive' })).body).toMatchObject({
      dialing: 'predictive',
    });
    expect((await agents.group('night')).settings.dialing).toBe('predictive');
    expect((await admin('PUT', 'groups/Night%20shift', {})).status).toBe(422);
  });

  it.each([
    ['a mode that is none', { dialing: 'wild' }, '/dialing'],
    ['a short wrap-up', { wrapUpSeconds: 4 }, '/wrapUpSeconds'],
    ['an endless talk', { maxTalkSeconds: 14_401 }, '/maxTalkSeconds'],
    ['an unknown field', { colour: 'red' }, '/colour'],
  ])('refuses a group with %s', async (_name, body, pointer) => {
    const { status, body: problem } = await admin('PUT', 'groups/refused', body);
    expect(status).toBe(422);
    expect(problem).toMatchObject({ errors: [{ pointer }] });
  });

  it('creates and replaces agents, and never shows a password', async () => {
    const body = {
      name: 'Анна',
      password: PASSWORD,
      role: 'senior',
      groups: ['default', 'night'],
      skills: ['tv'],
      endpoint: 'PJSIP/agent-anna',
      connection: 'persistent',
    };
    const { password: _password, ...shown } = body;
    const created = await admin('PUT', 'agents/anna', body);
    expect(created).toMatchObject({ status: 201, body: { login: 'anna', ...shown, isEnabled: true } });
    const again = await admin('PUT', 'agents/anna', { ...shown, name: 'Анна К.' });
    expect(again).toMatchObject({ status: 200, body: { agentId: created.body['agentId'], name: 'Анна К.' } });
    expect((await admin('GET', 'agents/anna')).body).toEqual(again.body);
    expect(JSON.stringify((await admin('GET', 'agents')).body)).not.toMatch(/argon|horse/);
  });

  it.each([
    ['no password', {}, '/password'],
    ['a short password', { password: 'short' }, '/password'],
    ['an unknown group', { password: PASSWORD, groups: ['default', 'nowhere'] }, '/groups/1'],
    ['an endpoint that dials out', { password: PASSWORD, endpoint: 'PJSIP/trunk/sip:900@evil' }, '/endpoint'],
    ['an endpoint with a line break', { password: PASSWORD, endpoint: 'PJSIP/anna\r\nX: y' }, '/endpoint'],
    ['an unknown field', { password: PASSWORD, admin: true }, '/admin'],
    ['an unknown role', { password: PASSWORD, role: 'god' }, '/role'],
  ])('refuses %s', async (_name, body, pointer) => {
    const { status, body: problem } = await admin('PUT', 'agents/nobody', body);
    expect(status).toBe(422);
    expect(problem).toMatchObject({ errors: [{ pointer }] });
  });

  it('is for administrators only, by token or by role', async () => {
    expect((await admin('GET', 'agents', undefined, 'wrong')).status).toBe(401);
    const agent = await somebody();
    expect((await admin('GET', 'agents', undefined, agent.token)).status).toBe(401);
    const boss = await somebody({ role: 'administrator' });
    expect((await admin('GET', 'agents', undefined, boss.token)).status).toBe(200);
  });

  it('does not move a phone under an agent who is there', async () => {
    const { login } = await somebody();
    expect((await admin('PUT', `agents/${login}`, { connection: 'persistent' })).status).toBe(409);
    expect((await admin('PUT', `agents/${login}`, { connection: 'per_call', name: 'same phone' })).status).toBe(200);
  });
});

describe('sessions', () => {
  it('refuses an unknown login and a wrong password alike', async () => {
    const { login } = await somebody();
    const timed = async (name: string, password: string) => {
      const start = performance.now();
      await expect(agents.signIn(name, password, `timing-${name}`)).rejects.toMatchObject({
        code: 'auth.failed',
        message: 'The login or the password is wrong.',
      });
      return performance.now() - start;
    };
    await timed(login, 'warm up');
    const known = await timed(login, 'wrong one');
    const unknown = await timed('no-such-person', 'wrong one');
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(10);
  });

  it('shuts the door after five wrong passwords', async () => {
    const { login } = await somebody();
    for (let i = 0; i < 5; i++)
      await expect(agents.signIn(login, 'wrong one', 'burglar')).rejects.toMatchObject({ code: 'auth.failed' });
    await expect(agents.signIn(login, PASSWORD, 'burglar')).rejects.toMatchObject({ code: 'auth.throttled' });
    await expect(agents.signIn(login, PASSWORD, 'at home')).resolves.toBeDefined();
  });

  it('knows one session of an agent: the newest', async () => {
    const { login, token, agentId } = await somebody();
    const next = await agents.signIn(login, PASSWORD, 'test');
    expect(await agents.authenticate(token)).toBeNull();
    expect(await agents.authenticate(next.token)).toMatchObject({ agentId });
    expect(ended).toContainEqual({ agentId, reason: 'replaced' });
  });

  it('bears many sign-ins at once', async () => {
    const { login, agentId } = await somebody();
    const all = await Promise.all(Array.from({ length: 6 }, () => agents.signIn(login, PASSWORD, 'test')));
    const live = await Promise.all(all.map(({ token }) => agents.authenticate(token)));
    expect(live.filter((agent) => agent?.agentId === agentId)).toHaveLength(1);
  });

  it('ends with the switch-off, and lets nobody in after it', async () => {
    const { login, token, agentId } = await somebody();
    await admin('PUT', `agents/${login}`, { connection: 'per_call', isEnabled: false });
    expect(await agents.authenticate(token)).toBeNull();
    expect((await agents.presence(agentId)).state).toBe('offline');
    await expect(agents.signIn(login, PASSWORD, 'test')).rejects.toMatchObject({ code: 'auth.failed' });
    await admin('PUT', `agents/${login}`, { connection: 'per_call' });
    await expect(agents.signIn(login, PASSWORD, 'test')).rejects.toMatchObject({ code: 'auth.failed' });
  });

  it('ends with a new password, not with the same one', async () => {
    const { login, token } = await somebody();
    await admin('PUT', `agents/${login}`, { connection: 'per_call', password: PASSWORD });
    expect(await agents.authenticate(token)).not.toBeNull();
    await admin('PUT', `agents/${login}`, { connection: 'per_call', password: 'another horse' });
    expect(await agents.authenticate(token)).toBeNull();
  });

  it('ends after 30 minutes without a sign of life', async () => {
    const { token, agentId } = await somebody();
    await transactions.run((tx) =>
      tx.query(`UPDATE agent_sessions SET last_seen_at = now() - interval '31 min' WHERE agent_id = $1`, [agentId]),
    );
    expect(await agents.authenticate(token)).toBeNull();
    await test.get(Sweeps).runNow('agents.sessions');
    expect((await agents.presence(agentId)).state).toBe('offline');
    expect(ended).toContainEqual({ agentId, reason: 'expired' });
  });

  it('takes an agent off the floor whose screen was open and is gone', async () => {
    const { agentId } = await somebody();
    await agents.wish(agentId, 'ready');
    await test.get(Sweeps).runNow('agents.screens');
    expect((await agents.presence(agentId)).state).toBe('ready');
    await transactions.run((tx) =>
      tx.query(`UPDATE agent_sessions SET screen_seen_at = now() - interval '31 s' WHERE agent_id = $1`, [agentId]),
    );
    await test.get(Sweeps).runNow('agents.screens');
    expect(await agents.presence(agentId)).toMatchObject({ state: 'break', reason: 'screen_lost' });
  });
});

describe('presence', () => {
  it('gives one agent to exactly one of fifty calls', async () => {
    const { agentId } = await somebody();
    await agents.wish(agentId, 'ready');
    const calls = Array.from({ length: 50 }, () => randomUUID());
    const won = await Promise.all(calls.map((callId) => transactions.run((tx) => agents.reserve(tx, agentId, callId))));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await agents.presence(agentId)).toMatchObject({ state: 'reserved', callId: calls[won.indexOf(true)] });
  });

  it('keeps a reservation to its transaction', async () => {
    const { agentId } = await somebody();
    await agents.wish(agentId, 'ready');
    const before = changes;
    const broken = transactions.run(async (tx) => {
      await agents.reserve(tx, agentId, randomUUID());
      throw new Error('the call could not be written');
    });
    await expect(broken).rejects.toThrow();
    expect((await agents.presence(agentId)).state).toBe('ready');
    expect(changes).toBe(before + 1);
  });

  it('remembers a wish during the talk', async () => {
    const { agentId, callId } = await atTalk();
    expect(await agents.wish(agentId, 'break', 'lunch')).toMatchObject({
      state: 'talking',
      wish: { to: 'break', reason: 'lunch' },
    });
    await transactions.run((tx) => agents.afterCall(tx, agentId, callId, 'wrap_up'));
    expect((await agents.presence(agentId)).state).toBe('wrap_up');
    await transactions.run((tx) => agents.endWrapUp(tx, agentId, callId));
    expect(await agents.presence(agentId)).toMatchObject({ state: 'break', reason: 'lunch', callId: null });
    expect(wrapUps).toContainEqual({ callId, hadLimit: false });
  });

  it('ends a wrap-up at its limit: with a word to the next call, without one to a break', async () => {
    const spoke = await atTalk();
    const silent = await atTalk();
    await transactions.run(async (tx) => {
      await agents.noteOutcome(tx, spoke.agentId, spoke.callId);
      for (const { agentId, callId } of [spoke, silent]) await agents.afterCall(tx, agentId, callId, 'wrap_up');
      await tx.query(`UPDATE agent_presence SET limit_at = now() WHERE state = 'wrap_up'`);
    });
    await test.get(Sweeps).runNow('agents.wrap-up');
    expect((await agents.presence(spoke.agentId)).state).toBe('ready');
    expect(await agents.presence(silent.agentId)).toMatchObject({ state: 'break', reason: 'no_outcome' });
    for (const { callId } of [spoke, silent]) expect(wrapUps).toContainEqual({ callId, hadLimit: true });
  });

  it('lets an agent who signs out in a talk leave after it', async () => {
    const { agentId, callId, token } = await atTalk();
    await agents.signOut(token);
    expect((await agents.presence(agentId)).state).toBe('talking');
    await transactions.run((tx) => agents.afterCall(tx, agentId, callId, 'wrap_up'));
    await test.get(Sweeps).runNow('agents.wrap-up');
    expect((await agents.presence(agentId)).state).toBe('offline');
    expect(wrapUps).toContainEqual({ callId, hadLimit: true });
  });

  it('asks for the standing leg of a persistent agent, and for its end', async () => {
    const { agentId, token } = await somebody({ connection: 'persistent' });
    const needed = async () => (await agents.legNeeded(['default'])).map((agent) => agent.agentId);
    expect(await needed()).toContain(agentId);
    expect(await agents.wish(agentId, 'ready')).toMatchObject({ state: 'connecting' });
    expect(await agents.legUp(agentId, 'leg-1')).toMatchObject({ state: 'ready', isLegUp: true });
    expect(await needed()).not.toContain(agentId);
    expect(await agents.legDown(agentId, 'leg-1', 'ended')).toMatchObject({ state: 'connecting' });
    await agents.legUp(agentId, 'leg-2');
    await agents.signOut(token);
    expect((await agents.legUnneeded(['default'])).map((agent) => agent.agentId)).toContain(agentId);
    await agents.legDown(agentId, 'leg-2', 'ended');
    expect(await agents.legUnneeded(['default'])).not.toContainEqual(expect.objectContaining({ agentId }));
  });

  it('knows the groups in which somebody is at work', async () => {
    await admin('PUT', 'groups/staff', {});
    const { agentId } = await somebody({ groups: ['staff'] });
    const isStaffed = () => agents.hasAnybody('staff');
    expect(await isStaffed()).toBe(false);
    await agents.wish(agentId, 'ready');
    expect(await isStaffed()).toBe(true);
    expect((await agents.staffedGroups()).has('night')).toBe(false);
    const callId = randomUUID();
    await transactions.run((tx) => agents.reserve(tx, agentId, callId));
    expect(await isStaffed()).toBe(true);
    // Busy, but on the way out: nobody will be there.
    await agents.wish(agentId, 'break', 'lunch');
    expect(await isStaffed()).toBe(false);
  });

  it('counts agents by group and state, zeros included', async () => {
    const page = await (await fetch(`${test.url}/metrics`)).text();
    expect(page).toMatch(/dialer_agents\{group="night",state="lost"\} 0/);
    expect(page).toMatch(/dialer_agents\{group="default",state="reserved"\} 1/);
  });
});
