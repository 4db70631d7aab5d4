import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OrderContent } from '../../src/core/order/order-card.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { TELEPHONY } from '../../src/features/calls/telephony.provider.js';
import type { VirtualTelephony } from '../../src/features/calls/virtual-telephony.js';
import { DialingModule } from '../../src/features/dialing/dialing.module.js';
import { Leadership } from '../../src/features/dialing/leadership.js';
import { IntakeModule } from '../../src/features/intake/intake.module.js';
import { OrderStatusReader } from '../../src/features/intake/order-status.js';
import { OutcomesModule } from '../../src/features/outcomes/outcomes.module.js';
import { OutcomesService } from '../../src/features/outcomes/outcomes.service.js';
import { Transactions, rows } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { putPastCalls, type PastCalls } from '../support/past-calls.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// All rooms but the desktop on real Postgres and Redis and the virtual telephone network in real time: calls ahead of the agents.

let test: TestApp;

beforeAll(async () => {
  test = await startTestApp({ modules: [DialingModule, OutcomesModule, IntakeModule] });
  await administer(test, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 100,
    callsPerSecond: 100,
  });
}, 60_000);
afterAll(() => test.close(), 30_000);

const LENIENT = [{ maxRatio: 0.2, windowHours: 24 }];
/** One call in five answered: the chance that two of a few ringing calls are answered is small. */
const SELDOM: Omit<PastCalls, 'shopId' | 'groupId'> = { answered: 60, unanswered: 240 };

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

let groups = 0;

/** A group with a shop of its own, and a past that it learns from. */
async function aGroup(given: { past?: Omit<PastCalls, 'shopId' | 'groupId'>; abandon?: object[] }) {
  groups += 1;
  const [group, shop] = [`group${groups}`, `shop${groups}`];
  const settings = {
    name: shop,
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
    ringSeconds: 15,
    dialing: 'predictive',
    abandon: given.abandon ?? LENIENT,
  };
  await administer(test, 'PUT', `shops/${shop}`, { ...settings, agentGroups: ['default'] });
  if (given.past !== undefined) {
    await putPastCalls(test, { ...given.past, shopId: shop, groupId: group });
    // The shop's windows are counted every 2 s.
    await pause(2_100);
  }
  await administer(test, 'PUT', `groups/${group}`, { wrapUpSeconds: 30 });
  await administer(test, 'PUT', `shops/${shop}`, { ...settings, agentGroups: [group] });
  return { group, shop };
}

let people = 0;
async function anAgent(group: string) {
  const login = `p${++people}`;
  const { agentId } = (await administer(test, 'PUT', `agents/${login}`, {
    password: 'correct horse',
    groups: [group],
  })) as { agentId: string };
  const agents = test.get(AgentsService);
  await agents.signIn(login, 'correct horse', 'test');
  await agents.wish(agentId, 'ready');
  await waitFor(`${login} ready`, async () => (await agents.presence(agentId)).state === 'ready', 12_000);
  return { agentId, login, presence: () => agents.presence(agentId), rest: () => agents.wish(agentId, 'break', 'tea') };
}

let numbers = 2_000_000 + Math.floor(Math.random() * 1_000) * 1_000;
/** A waiting order; the last two digits say what its buyer does. */
function order(shop: string, ending: string): Promise<string> {
  numbers += 1;
  const content = anOrder();
  const phone = `+38067${String(numbers).slice(-5)}${ending}` as OrderContent['customer']['phone'];
  return acceptOrder(test, shop, { ...content, customer: { ...content.customer, phone } });
}

interface CallRow {
  readonly id: string;
  readonly orderRef: string;
  readonly agentId: string | null;
  readonly state: string;
  readonly result: string | null;
}

const callsOf = (group: string): Promise<CallRow[]> =>
  test
    .get(Transactions)
    .read((tx) =>
      rows<CallRow>(
        tx,
        `SELECT id, order_ref AS "orderRef", agent_id AS "agentId", state, result FROM calls WHERE group_id = $1 AND trace_id <> 'past' ORDER BY planned_at, id`,
        [group],
      ),
    );
const live = async (group: string) => (await callsOf(group)).filter((call) => call.result === null);

interface Pacing {
  readonly reason: string;
  readonly mode: string;
  readonly dial: number;
  readonly nearCap: string[];
  readonly risk: number | null;
  readonly acceptedRisk: number;
  readonly answerRatio: number;
  readonly abandons: { shop: string; windowHours: number; answered: number; abandoned: number }[];
  readonly load: { due: { attempt: number; count: number; needsAgent: boolean }[]; ordersDue: number };
}
const pacing = async (group: string) => (await administer(test, 'GET', `groups/${group}/pacing`)) as unknown as Pacing;
/** The decision once the group places no more calls. */
const settledPacing = (group: string) =>
  waitFor('no more calls', async () => {
    const record = await pacing(group);
    return record.dial === 0 && record.load.ordersDue > 0 ? record : null;
  });

// Each has a group and a shop of its own.
describe.concurrent('how many calls a predictive group places', { timeout: 40_000 }, () => {
  it('is one for each free agent as long as too little was seen', async () => {
    const { group, shop } = await aGroup({});
    const [anna, borys] = [await anAgent(group), await anAgent(group)];
    await Promise.all(Array.from({ length: 8 }, () => order(shop, '62')));
    await waitFor('two calls', async () => (await live(group)).length === 2);
    await pause(1_200);
    expect((await live(group)).map((call) => call.agentId)).toEqual([null, null]);
    expect(await settledPacing(group)).toMatchObject({ mode: 'predictive', reason: 'cap_reached', nearCap: [shop] });
    for (const one of [anna, borys]) await one.rest();
  });

  it('is more with evidence, none of them reserved, and no more than the risk permits', async () => {
    const { group, shop } = await aGroup({ past: SELDOM });
    const [anna, borys] = [await anAgent(group), await anAgent(group)];
    const refs = await Promise.all(Array.from({ length: 40 }, () => order(shop, '62')));
    await waitFor('more calls than agents', async () => (await live(group)).length > 2);
    await pause(1_000);
    const calls = await live(group);
    expect(calls.length).toBeLessThan(30);
    expect(calls.every((call) => call.agentId === null)).toBe(true);
    expect((await anna.presence()).state).toBe('ready');
    const record = await settledPacing(group);
    expect(record).toMatchObject({ mode: 'predictive', reason: 'predicted', nearCap: [], dial: 0 });
    expect(record.answerRatio).toBeCloseTo(0.2, 1);
    expect(record.risk).toBeGreaterThan(record.acceptedRisk);
    expect(record.abandons).toEqual([{ shop, windowHours: 24, maxRatio: 0.2, answered: 60, abandoned: 0 }]);
    const waiting = refs.find((ref) => !calls.some((call) => call.orderRef === ref));
    expect(await waitingFor(shop, waiting ?? '')).toMatchObject({
      code: 'pacing',
      sentence: expect.stringContaining('one more answered call would find no agent') as string,
    });
    for (const one of [anna, borys]) await one.rest();
  });

  it.each([
    ['in its only window', [{ maxRatio: 0.03, windowHours: 24 }], 1],
    [
      'in the shorter of two windows',
      [
        { maxRatio: 0.03, windowHours: 1 },
        { maxRatio: 0.2, windowHours: 24 },
      ],
      1,
    ],
    [
      'in the longer of two windows',
      [
        { maxRatio: 0.2, windowHours: 1 },
        { maxRatio: 0.03, windowHours: 24 },
      ],
      90,
    ],
  ])(
    'falls to one reserved call for each free agent when the cap is reached %s',
    async (_name, abandon, minutesAgo) => {
      const { group, shop } = await aGroup({ abandon, past: SELDOM });
      await putPastCalls(test, { shopId: shop, groupId: 'elsewhere', answered: 100, abandoned: 5, minutesAgo });
      await pause(5_500);
      const anna = await anAgent(group);
      const refs = [await order(shop, '62'), await order(shop, '62'), await order(shop, '62')];
      await waitFor('a call', async () => (await live(group)).length === 1);
      await pause(1_000);
      expect(await live(group)).toMatchObject([{ agentId: anna.agentId }]);
      expect(await settledPacing(group)).toMatchObject({ reason: 'cap_reached', nearCap: [shop] });
      expect(await waitingFor(shop, refs[2] ?? '')).toMatchObject({
        code: 'pacing',
        sentence: expect.stringContaining('could break a cap') as string,
      });
      await anna.rest();
    },
  );

  it('agents who go to break stop new calls at once; ringing ones go on and are served by who is left', async () => {
    const { group, shop } = await aGroup({ past: SELDOM });
    const [anna, borys] = [await anAgent(group), await anAgent(group)];
    const first = await order(shop, '05');
    await waitFor('ringing', async () => (await live(group)).some((call) => call.state === 'ringing'));
    await anna.rest();
    await borys.rest();
    const placed = (await callsOf(group)).length;
    await Promise.all([order(shop, '62'), order(shop, '62')]);
    await pause(1_500);
    expect((await callsOf(group)).length).toBe(placed);
    expect(await live(group)).toMatchObject([{ orderRef: first, state: 'ringing' }]);
    await test.get(AgentsService).wish(borys.agentId, 'ready');
    await waitFor('connected', async () => (await live(group)).some(({ state }) => state === 'connected'), 8_000);
    expect((await live(group)).find((call) => call.orderRef === first)?.agentId).toBe(borys.agentId);
    await borys.rest();
  });
});

describe.concurrent('who takes a call that was placed ahead', { timeout: 40_000 }, () => {
  it('whoever has been idle longest; buyers who answer together get different agents', async () => {
    const { group, shop } = await aGroup({ past: SELDOM });
    const [anna, borys, vira] = [await anAgent(group), await anAgent(group), await anAgent(group)];
    const ref = await order(shop, '00');
    await waitFor('connected', async () => (await live(group)).some((call) => call.state === 'connected'));
    expect(await live(group)).toMatchObject([{ orderRef: ref, agentId: anna.agentId }]);
    await Promise.all([order(shop, '00'), order(shop, '00')]);
    await waitFor('both', async () => (await live(group)).filter((call) => call.state === 'connected').length === 3);
    expect(new Set((await live(group)).map((call) => call.agentId))).toEqual(
      new Set([anna.agentId, borys.agentId, vira.agentId]),
    );
    for (const one of [anna, borys, vira]) await one.rest();
  });

  it('nobody within 2 s: the recorded message, abandoned, and called again first with an agent reserved', async () => {
    const { group, shop } = await aGroup({ past: { answered: 30, unanswered: 370 } });
    const anna = await anAgent(group);
    await Promise.all([order(shop, '00'), order(shop, '00'), order(shop, '00')]);
    const talk = await waitFor('a talk', async () => (await live(group)).find((call) => call.state === 'connected'));
    await waitFor('abandoned', async () => (await callsOf(group)).some((call) => call.result === 'abandoned'), 15_000);
    const abandoned = async () => (await callsOf(group)).filter((call) => call.result === 'abandoned');
    const [first] = await abandoned();
    const [message] = await test.get(Transactions).read((tx) =>
      rows<{ answeredMs: number }>(
        tx,
        `SELECT extract(epoch FROM e.at - c.answered_at) * 1000 AS "answeredMs" FROM calls c JOIN call_events e ON e.call_id = c.id
         WHERE c.id = $1 AND e.event ->> 'kind' = 'time' ORDER BY e.id LIMIT 1`,
        [first?.id],
      ),
    );
    expect(Number(message?.answeredMs)).toBeLessThan(2_000);
    await order(shop, '62');
    await test.get(OutcomesService).record({ agentId: anna.agentId, name: 'Anna' }, talk.id, { outcome: 'confirmed' });
    await test.get(Transactions).run((tx) => test.get(CallsService).request(tx, talk.id, { kind: 'agent_hangup' }));
    await waitFor('wrap-up', async () => (await anna.presence()).state === 'wrap_up');
    await pause(5_500);
    const before = new Set((await callsOf(group)).map((call) => call.id));
    await test.get(AgentsService).wish(anna.agentId, 'ready');
    const next = await waitFor('the next call', async () =>
      (await callsOf(group)).find((call) => !before.has(call.id)),
    );
    expect((await abandoned()).map((call) => call.orderRef)).toContain(next.orderRef);
    expect(next).toMatchObject({ agentId: anna.agentId, result: null });
    await anna.rest();
  });
});

describe('a new leader', { timeout: 40_000 }, () => {
  it('takes over phones that ring for nobody in particular, counts them, and serves who answers', async () => {
    const { group, shop } = await aGroup({ past: SELDOM });
    const anna = await anAgent(group);
    const next = await startTestApp({
      databaseUrl: test.databaseUrl,
      roles: ['dialer'],
      modules: [DialingModule, OutcomesModule],
    });
    try {
      await shareExchange(test, next);
      const soon = await order(shop, '05');
      await Promise.all([order(shop, '62'), order(shop, '62')]);
      await waitFor(
        'ringing',
        async () => (await live(group)).filter(({ state }) => state === 'ringing').length === 3,
        10_000,
      );
      await waitFor('taken over', () => takeOver(group, next));
      const logged = (message: string) => next.logLines.some((line) => line.includes(message) && line.includes(group));
      await waitFor('leading', () => logged('leading a group'));
      await waitFor('learnt', () => logged('pacing learnt from earlier calls'));
      expect((await live(group)).map(({ state, agentId }) => [state, agentId])).toEqual(
        Array.from({ length: 3 }, () => ['ringing', null]),
      );
      // One call more than there are now is not worth its risk for the new leader either.
      await order(shop, '62');
      await waitFor('connected', async () => (await live(group)).some(({ state }) => state === 'connected'), 8_000);
      expect((await live(group)).find(({ orderRef }) => orderRef === soon)).toMatchObject({ agentId: anna.agentId });
      expect((await callsOf(group)).every(({ result }) => result === null)).toBe(true);
      await anna.rest();
    } finally {
      await next.close();
    }
  });
});

/** Both processes stand at the same exchange, as they do at a real one. */
async function shareExchange(first: TestApp, second: TestApp): Promise<void> {
  const [theirs] = first.app.get<VirtualTelephony[]>(TELEPHONY, { strict: false });
  const [own] = second.app.get<VirtualTelephony[]>(TELEPHONY, { strict: false });
  if (theirs === undefined || own === undefined) throw new Error('no telephony');
  await own.stop();
  Object.assign(own, { network: (theirs as unknown as { network: unknown }).network });
  own.restore();
}

/** The lease ends, as that of a leader that was paused, and the other process is the first to claim the group. */
async function takeOver(group: string, by: TestApp): Promise<boolean> {
  await test
    .get(Transactions)
    .run((tx) => rows(tx, `UPDATE leaders SET expires_at = now() - interval '1 second' WHERE group_id = $1`, [group]));
  return (await by.get(Leadership).claim(new Map([[group, 3]]))).has(group);
}

async function waitingFor(shop: string, orderRef: string): Promise<unknown> {
  const [row] = await test
    .get(Transactions)
    .read((tx) => rows<{ orderId: string }>(tx, 'SELECT order_id AS "orderId" FROM orders WHERE id = $1', [orderRef]));
  return (await test.get(OrderStatusReader).read(shop, row?.orderId ?? '')).waitingFor;
}
