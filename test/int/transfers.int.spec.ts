import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallTransferMessage } from '../../src/features/desktop/desktop.protocol.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { EventStream } from '../support/event-stream.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// Hand-overs through all rooms, on real Postgres and Redis and the virtual telephone network in real time.

const PASSWORD = 'correct horse';
let test: TestApp;
let count = 0;

interface Person {
  readonly login: string;
  readonly agentId: string;
  readonly stream: EventStream;
  ask(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
}

beforeAll(async () => {
  test = await startTestApp();
  await administer(test, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 50,
    callsPerSecond: 50,
  });
}, 60_000);
afterAll(() => test.close(), 60_000);

/** A group of its own with these people, signed in; the first one has a buyer on the line. */
async function talk(roles: readonly string[], suffix = '00') {
  const group = `g${++count}`;
  await administer(test, 'PUT', `groups/${group}`, { name: group });
  await administer(test, 'PUT', `shops/${group}`, {
    name: group,
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
    agentGroups: [group],
    callerId: '+380441234567',
    transferNumbers: [
      { name: 'Warehouse', number: '+380670000000' },
      { name: 'Silent', number: '+380670000062' },
      { name: 'Busy', number: '+380670000060' },
    ],
  });
  const people: Person[] = [];
  for (const [i, role] of roles.entries()) people.push(await somebody(`${group}-${i}`, group, role));
  const [first] = people;
  if (first === undefined) throw new Error('nobody');
  await ready(first);
  const orderRef = await acceptOrder(
    test,
    group,
    anOrder({ customer: { ...anOrder().customer, phone: number(suffix) } }),
  );
  const connected = (await first.stream.next('call.connected', 0, 15_000)).data;
  for (const other of people.slice(1)) await ready(other);
  return { group, first, others: people.slice(1), orderRef, callId: String(connected['callId']) };
}

const number = (suffix: string) => `+38067${String(1_000_000 + ++count * 100).slice(0, 5)}${suffix}`;

async function somebody(login: string, group: string, role: string): Promise<Person> {
  await administer(test, 'PUT', `agents/${login}`, {
    name: `Name ${login}`,
    password: PASSWORD,
    connection: 'persistent',
    groups: [group],
    role,
  });
  const send = async (method: string, path: string, body?: unknown, token?: string) => {
    const answer = await fetch(`${test.url}/v1/agent/${path}`, {
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
  const { body } = await send('POST', 'session', { login, password: PASSWORD });
  const token = String(body['token']);
  const stream = await EventStream.open(test.url, { authorization: `Bearer ${token}` });
  const { agentId } = body['agent'] as { agentId: string };
  return { login, agentId, stream, ask: (method, path, more) => send(method, path, more, token) };
}

async function ready(person: Person): Promise<void> {
  await waitFor('the line', async () => (await test.get(AgentsService).presence(person.agentId)).isLegUp);
  await person.ask('PUT', 'state', { state: 'ready' });
}

const stateOf = async ({ agentId }: Person) => (await test.get(AgentsService).presence(agentId)).state;
const inState = (person: Person, state: string) =>
  waitFor(`${person.login} ${state}`, async () => (await stateOf(person)) === state);

/** Waits until the agent's screen is told of this state; states may be left out on the way. */
async function transferState({ stream, login }: Person, state: string): Promise<CallTransferMessage> {
  const seen = () => stream.events.filter(({ event }) => event === 'call.transfer').map(({ data }) => data);
  const found = await waitFor(`${login} told of ${state}`, () => seen().find((data) => data['state'] === state), 6_000);
  return found as unknown as CallTransferMessage;
}

describe('a call handed over', () => {
  it('warm: the second agent sees the card, speaks, takes the buyer over and gives the outcome', async () => {
    const { first, others, callId, orderRef } = await talk(['agent', 'agent']);
    const [second] = others as [Person];
    const targets = await first.ask('GET', `calls/${callId}/transfer/targets`);
    expect(targets.body).toEqual({
      agents: [{ agent: second.login, name: `Name ${second.login}`, isSenior: false }],
      numbers: ['Warehouse', 'Silent', 'Busy'],
    });
    const asked = await first.ask('POST', `calls/${callId}/transfer`, { to: { agent: second.login }, mode: 'warm' });
    expect(asked.status).toBe(202);
    const coming = await transferState(second, 'consulting');
    expect(coming).toMatchObject({ side: 'to', mode: 'warm', from: `Name ${first.login}`, card: { callId } });
    expect(coming.card?.order.id).toBe(orderRef);
    expect(await transferState(first, 'consulting')).toMatchObject({
      side: 'from',
      to: `Name ${second.login}`,
      card: null,
    });
    expect([await stateOf(first), await stateOf(second)]).toEqual(['talking', 'reserved']);
    // The second one has no say in the call yet but to step back.
    expect((await second.ask('POST', `calls/${callId}/transfer/complete`)).status).toBe(404);
    expect((await second.ask('POST', `calls/${callId}/outcome`, { outcome: 'confirmed' })).status).toBe(404);
    expect((await first.ask('POST', `calls/${callId}/transfer`, { to: { senior: true }, mode: 'warm' })).status).toBe(
      409,
    );
    expect((await first.ask('POST', `calls/${callId}/transfer/complete`)).status).toBe(202);
    expect(await transferState(first, 'done')).toMatchObject({ side: 'from' });
    expect((await second.stream.next('call.connected')).data['callId']).toBe(callId);
    await inState(second, 'talking');
    await inState(first, 'ready');
    expect((await first.ask('POST', `calls/${callId}/outcome`, { outcome: 'declined' })).status).toBe(404);
    expect((await second.ask('POST', `calls/${callId}/outcome`, { outcome: 'confirmed' })).status).toBe(200);
    await second.ask('POST', `calls/${callId}/hangup`);
    await inState(second, 'wrap_up');
    await waitFor('the outcome', async () => (await outcomeOf(orderRef)) === 'confirmed');
    expect(await timeline(orderRef, 'handed_over')).toEqual([
      { callId, from: first.agentId, agent: second.agentId, mode: 'warm' },
    ]);
  });

  it('blind, to any free senior', async () => {
    const { first, others, callId } = await talk(['agent', 'agent', 'senior']);
    const [plain, senior] = others as [Person, Person];
    await first.ask('POST', `calls/${callId}/transfer`, { to: { senior: true }, mode: 'blind' });
    expect((await senior.stream.next('call.connected')).data['callId']).toBe(callId);
    await inState(senior, 'talking');
    await inState(first, 'ready');
    expect(await stateOf(plain)).toBe('ready');
  });

  it('conference of three; the first one leaves by hanging up', async () => {
    const { first, others, callId } = await talk(['agent', 'agent']);
    const [second] = others as [Person];
    await first.ask('POST', `calls/${callId}/transfer`, { to: { agent: second.login }, mode: 'warm' });
    await transferState(second, 'consulting');
    await first.ask('POST', `calls/${callId}/conference`);
    await transferState(second, 'conference');
    await first.ask('POST', `calls/${callId}/hangup`);
    await transferState(second, 'done');
    await inState(second, 'talking');
  });

  it.each([
    ['the first', 0],
    ['the second', 1],
  ])('called off by %s agent: the buyer is back, the second one free', async (_, who) => {
    const { first, others, callId } = await talk(['agent', 'agent']);
    const [second] = others as [Person];
    await first.ask('POST', `calls/${callId}/transfer`, { to: { agent: second.login }, mode: 'warm' });
    await transferState(first, 'consulting');
    const one = who === 0 ? first : second;
    expect((await one.ask('POST', `calls/${callId}/transfer/cancel`)).status).toBe(202);
    expect(await transferState(first, 'cancelled')).toMatchObject({ reason: null });
    await inState(second, 'ready');
    expect(await stateOf(first)).toBe('talking');
  });

  it('the buyer hangs up in between: the first one’s wrap-up, the second one free', async () => {
    const { first, others, callId } = await talk(['agent', 'agent'], '74');
    const [second] = others as [Person];
    await first.ask('POST', `calls/${callId}/transfer`, { to: { agent: second.login }, mode: 'warm' });
    await transferState(second, 'consulting');
    await inState(first, 'wrap_up');
    await inState(second, 'ready');
    expect(await transferState(second, 'cancelled')).toMatchObject({ side: 'to', card: null });
  });

  it('nobody is free: said, and nothing else happens', async () => {
    const { first, callId } = await talk(['agent']);
    await first.ask('POST', `calls/${callId}/transfer`, { to: { senior: true }, mode: 'warm' });
    expect(await transferState(first, 'failed')).toMatchObject({ reason: 'nobody_free', to: null });
    expect(await stateOf(first)).toBe('talking');
  });
});

describe("a call handed over to the shop's number", () => {
  it('ends for the agent, whose word counts; buyer and shop talk on, as two lines of the trunk', async () => {
    const { first, callId, orderRef } = await talk(['agent']);
    await first.ask('POST', `calls/${callId}/transfer`, { to: { number: 'Warehouse' }, mode: 'blind' });
    expect(await transferState(first, 'done')).toMatchObject({ to: 'Warehouse' });
    await first.stream.next('call.ended');
    await inState(first, 'wrap_up');
    expect((await first.ask('POST', `calls/${callId}/outcome`, { outcome: 'confirmed' })).status).toBe(200);
    expect(await outcomeOf(orderRef)).toBe('confirmed');
    await first.ask('PUT', 'state', { state: 'ready' });
    await inState(first, 'ready');
    expect(await callState(callId)).toBe('handed_over');
    const metrics = await (await fetch(`${test.url}/metrics`)).text();
    expect(/dialer_trunk_channels\{trunk="main"\} (\d+)/.exec(metrics)?.[1]).not.toBe('0');
  });

  it.each([['Busy', 'busy']])('%s: the buyer is back', async (name, reason) => {
    const { first, callId } = await talk(['agent']);
    const asked = await first.ask('POST', `calls/${callId}/transfer`, { to: { number: name }, mode: 'warm' });
    expect(asked).toMatchObject({ status: 202 });
    expect(await transferState(first, 'failed')).toMatchObject({ reason });
    expect(await stateOf(first)).toBe('talking');
    expect(await callState(callId)).toBe('connected');
  });

  it('called off while it rings', async () => {
    const { first, callId } = await talk(['agent']);
    await first.ask('POST', `calls/${callId}/transfer`, { to: { number: 'Silent' }, mode: 'warm' });
    await transferState(first, 'calling');
    await first.ask('POST', `calls/${callId}/transfer/cancel`);
    await transferState(first, 'cancelled');
    expect(await stateOf(first)).toBe('talking');
  });
});

describe('what is refused', () => {
  it('everything that is not one free target and a mode', async () => {
    const { first, callId } = await talk(['agent', 'agent']);
    const refused = async (body: unknown) => (await first.ask('POST', `calls/${callId}/transfer`, body)).status;
    expect(await refused({ to: {}, mode: 'warm' })).toBe(422);
    expect(await refused({ to: { senior: true, number: 'Warehouse' }, mode: 'warm' })).toBe(422);
    expect(await refused({ to: { senior: true }, mode: 'sideways' })).toBe(422);
    expect(await refused({ to: { senior: true } })).toBe(422);
    expect(await refused({ to: { number: 'Nowhere' }, mode: 'warm' })).toBe(422);
    expect(await refused({ to: { agent: first.login }, mode: 'warm' })).toBe(409);
    expect(await refused({ to: { agent: 'nobody' }, mode: 'warm' })).toBe(409);
    expect(await refused({ to: { senior: true, extra: 1 }, mode: 'warm' })).toBe(422);
    expect(
      (await first.ask('POST', `calls/${randomUUID()}/transfer`, { to: { senior: true }, mode: 'warm' })).status,
    ).toBe(404);
    expect((await first.ask('GET', 'calls/none/transfer/targets')).status).toBe(404);
  });
});

function outcomeOf(orderRef: string): Promise<string | null | undefined> {
  return test.get(Transactions).read(async (tx) => {
    const rows = await tx.query<{ outcome: string | null }[]>('SELECT outcome FROM orders WHERE id = $1', [orderRef]);
    return rows[0]?.outcome;
  });
}

function timeline(orderRef: string, kind: string): Promise<unknown[]> {
  return test.get(Transactions).read(async (tx) => {
    const lines = await tx.query<{ data: unknown }[]>(
      'SELECT data FROM order_timeline WHERE order_ref = $1 AND kind = $2 ORDER BY id',
      [orderRef, kind],
    );
    return lines.map(({ data }) => data);
  });
}

function callState(callId: string): Promise<string | undefined> {
  return test.get(Transactions).read(async (tx) => {
    const rows = await tx.query<{ state: string }[]>('SELECT state FROM calls WHERE id = $1', [callId]);
    return rows[0]?.state;
  });
}
