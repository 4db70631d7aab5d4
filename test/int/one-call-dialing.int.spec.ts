import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { DialingModule } from '../../src/features/dialing/dialing.module.js';
import { OrdersService } from '../../src/features/orders/orders.service.js';
import { OutcomesModule } from '../../src/features/outcomes/outcomes.module.js';
import { OutcomesService } from '../../src/features/outcomes/outcomes.service.js';
import { ShopsService } from '../../src/features/shops/shops.service.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// One call for all orders of a buyer: dialer, calls and the virtual telephone network in real time.

let test: TestApp;
let agent: { agentId: string; name: string };
let numbers = 1_000_000 + (randomBytes(2).readUInt16BE() % 50_000) * 100;

beforeAll(async () => {
  test = await startTestApp({ modules: [DialingModule, OutcomesModule] });
  await administer(test, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 20,
    callsPerSecond: 50,
  });
  await administer(test, 'PUT', 'shops/s1', {
    name: 'S',
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
  });
  const password = 'correct horse';
  const { agentId } = await administer(test, 'PUT', 'agents/anna', {
    name: 'Анна',
    password,
    connection: 'persistent',
  });
  agent = { agentId: String(agentId), name: 'Анна' };
  await test.get(AgentsService).signIn('anna', password, 'test');
}, 60_000);
afterAll(() => test.close(), 60_000);

const agents = () => test.get(AgentsService);
const sql = <R = Record<string, unknown>>(text: string, parameters: unknown[] = []): Promise<R[]> =>
  test.get(Transactions).read((tx) => tx.query(text, parameters));
const rowOf = async (ref: string) => (await sql('SELECT * FROM orders WHERE id = $1', [ref]))[0]!;
const statuses = (refs: string[]) => Promise.all(refs.map(async (ref) => String((await rowOf(ref))['status'])));

function buyer(ending: string) {
  numbers += 100;
  const phone = `+38067${String(numbers).slice(0, 5)}${ending}`;
  return () => {
    const base = anOrder();
    return { ...base, customer: { ...base.customer, phone } };
  };
}

async function cancel(orderId: string): Promise<void> {
  const shop = await test.get(ShopsService).get('s1');
  await test
    .get(Transactions)
    .run((tx) =>
      test
        .get(OrdersService)
        .withdraw(tx, shop, { orderId, version: 2, reason: null }, { traceId: 't', receivedAt: new Date() }),
    );
}

/** Ready for one call; afterwards a break. */
async function work(): Promise<void> {
  await agents().wish(agent.agentId, 'ready');
}
async function rest(): Promise<void> {
  const { state, callId } = await agents().wish(agent.agentId, 'break', 'done');
  if (state === 'wrap_up' && callId !== null) {
    await test.get(Transactions).run((tx) => agents().endWrapUp(tx, agent.agentId, callId));
  }
  const isResting = async () => (await agents().presence(agent.agentId)).state === 'break';
  await waitFor('the agent is on a break', isResting, 10_000);
}

describe('two orders of one buyer', () => {
  it('ring once, are talked about together with one that comes while it rings, and end with one word', async () => {
    const next = buyer('02');
    const contents = [next(), next()];
    const refs = [await acceptOrder(test, 's1', contents[0]!), await acceptOrder(test, 's1', contents[1]!)];
    await work();
    await waitFor('ringing', async () => (await statuses(refs)).every((status) => status === 'ringing'), 10_000);
    refs.push(await acceptOrder(test, 's1', next()));
    await waitFor('connected', async () => (await statuses(refs)).every((status) => status === 'connected'), 10_000);
    const callId = String((await rowOf(refs[0]!))['live_call_id']);
    for (const ref of refs) expect(await rowOf(ref)).toMatchObject({ live_call_id: callId, attempts_made: 1 });
    await test.get(OutcomesService).record(agent, callId, { outcome: 'confirmed' });
    await test.get(Transactions).run((tx) => test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
    await waitFor('final', async () => (await statuses(refs)).every((status) => status === 'final'), 10_000);
    for (const ref of refs) expect(await rowOf(ref)).toMatchObject({ outcome: 'confirmed' });
    expect(await sql('SELECT id FROM calls WHERE order_ref = ANY($1)', [refs])).toHaveLength(1);
    await rest();
  }, 40_000);

  it('one cancelled while it rings leaves the call, which rings on for the other', async () => {
    const next = buyer('05');
    const contents = [next(), next()];
    const refs = [await acceptOrder(test, 's1', contents[0]!), await acceptOrder(test, 's1', contents[1]!)];
    await work();
    await waitFor('ringing', async () => (await statuses(refs)).every((status) => status === 'ringing'), 10_000);
    const callId = String((await rowOf(refs[0]!))['live_call_id']);
    const [main] = await sql<{ orderRef: string }>('SELECT order_ref AS "orderRef" FROM calls WHERE id = $1', [callId]);
    const first = refs.indexOf(main!.orderRef);
    await cancel(contents[first]!.orderId);
    await waitFor('withdrawn', async () => (await rowOf(refs[first]!))['outcome'] === 'withdrawn', 5_000);
    expect(await rowOf(refs[1 - first]!)).toMatchObject({ status: 'ringing' });
    const other = refs[1 - first]!;
    await waitFor('connected', async () => (await rowOf(other))['status'] === 'connected', 12_000);
    expect(await rowOf(other)).toMatchObject({ live_call_id: callId, attempts_made: 1 });
    await test.get(Transactions).run((tx) => test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
    await waitFor('wrap-up', async () => (await rowOf(other))['status'] === 'wrap_up', 10_000);
    await test.get(OutcomesService).record(agent, callId, { outcome: 'declined' });
    expect(await rowOf(other)).toMatchObject({ status: 'final', outcome: 'declined' });
    await rest();
  }, 40_000);

  it('both cancelled while it rings: the ring stops', async () => {
    const next = buyer('62');
    const contents = [next(), next()];
    const refs = [await acceptOrder(test, 's1', contents[0]!), await acceptOrder(test, 's1', contents[1]!)];
    await work();
    await waitFor('ringing', async () => (await statuses(refs)).every((status) => status === 'ringing'), 10_000);
    const callId = String((await rowOf(refs[0]!))['live_call_id']);
    await Promise.all(contents.map(({ orderId }) => cancel(orderId)));
    await waitFor('final', async () => (await statuses(refs)).every((status) => status === 'final'), 5_000);
    const [call] = await sql('SELECT result, ended_at FROM calls WHERE id = $1', [callId]);
    expect(call).toMatchObject({ result: 'withdrawn', ended_at: expect.any(Date) as Date });
    for (const ref of refs) expect(await rowOf(ref)).toMatchObject({ outcome: 'withdrawn' });
    await rest();
  }, 40_000);

  it('not reached: both are tried again, once more with one call', async () => {
    const next = buyer('60');
    const refs = [await acceptOrder(test, 's1', next()), await acceptOrder(test, 's1', next())];
    await work();
    await waitFor(
      'two attempts of each',
      async () => {
        const rows = await Promise.all(refs.map(rowOf));
        return rows.every((row) => Number((row['results'] as { busy?: number }).busy ?? 0) >= 2);
      },
      30_000,
    );
    await rest();
    const calls = await sql<{ id: string; n: number }>(
      'SELECT c.id, count(*)::int AS n FROM attempts a JOIN calls c ON c.id = a.call_id WHERE a.order_ref = ANY($1) GROUP BY 1',
      [refs],
    );
    expect(calls[0]).toMatchObject({ n: 2 });
    const [overlap] = await sql<{ n: number }>(
      `SELECT count(*)::int AS n FROM calls a JOIN calls b ON a.phone_hash = b.phone_hash AND a.id < b.id
       AND tstzrange(a.planned_at, a.ended_at) && tstzrange(b.planned_at, b.ended_at)`,
    );
    expect(overlap).toEqual({ n: 0 });
  }, 50_000);
});
