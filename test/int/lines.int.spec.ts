import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CallPlan } from '../../src/features/calls/call.store.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { noteInvited, takeInvitePlace } from '../../src/features/calls/invite.store.js';
import { Lines } from '../../src/features/dialing/lines.js';
import { Transactions, type Tx } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, getOrder, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

// Lines and calls per second of trunks, over everybody who places calls on them.

let test: TestApp;
let transactions: Transactions;
let shop: TestShop;
let floor: RobotFloor;

const trunk = (name: string, callsPerSecond: number, prefix: string, maxChannels = 1_000) =>
  asAdmin(test, 'PUT', `/v1/admin/trunks/${name}`, {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels,
    callsPerSecond,
    prefixes: [prefix],
  });

beforeAll(async () => {
  test = await startTestApp();
  transactions = test.get(Transactions);
  floor = new RobotFloor(test);
  await trunk('shared', 8, '+38095');
  await trunk('slow', 3, '+38067');
  shop = await createShop(test, 'rated', { jurisdiction: 'demo', ringSeconds: 15 });
}, 60_000);
afterAll(async () => {
  await floor.settled();
  await test.close();
}, 60_000);

let numbers = 0;
async function order(prefix: string): Promise<string> {
  numbers += 1;
  const orderId = `C-${numbers}`;
  const customer = { phone: `${prefix}${String(51_000 + numbers)}00` };
  expect((await postOrder(test, shop, orderCreated({ orderId, customer }))).status).toBe(202);
  return orderId;
}

/** The most that fall into one second, wherever it begins. */
function mostInASecond(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return Math.max(0, ...sorted.map((from) => sorted.filter((at) => at >= from && at < from + 1_000).length));
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A call of no dialer in particular, written as the pacer does; null when the order has one. */
function planOf(orderRef: string, agent: CallPlan['agent'] = null, trunkId = 'shared'): CallPlan {
  return {
    callId: randomUUID(),
    shopId: 'rated',
    orderRef,
    groupId: 'elsewhere',
    epoch: 1,
    node: 'main',
    trunkId,
    trunkEndpoint: 'PJSIP/{number}@trunk',
    callsPerSecond: 8,
    callerId: null,
    phoneHash: randomBytes(32),
    language: 'uk',
    agent,
    agentEndpoint: agent === null ? null : 'PJSIP/phone',
    ringSeconds: 15,
    maxTalkSeconds: 60,
    detectsMachine: false,
    number: 1,
    traceId: randomBytes(16).toString('hex'),
  };
}

async function endAll(tx: Tx): Promise<void> {
  await tx.query(
    `UPDATE calls SET ended_at = now(), result = 'no_answer' WHERE group_id = 'elsewhere' AND ended_at IS NULL`,
  );
}

describe('two dialers on one trunk', () => {
  it('place no more than it bears in any second, and not much less', async () => {
    await asAdmin(test, 'POST', '/v1/admin/shops/rated/pause');
    const refs: string[] = [];
    for (let n = 0; n < 60; n++) refs.push((await getOrder(test, shop, await order('+38095')))['id'] as string);
    await transactions.run((tx) =>
      tx.query(
        `INSERT INTO leaders (group_id, holder, epoch, expires_at) VALUES ('elsewhere', $1, 1, now() + interval '1 minute')`,
        [randomUUID()],
      ),
    );
    const [lines, calls] = [test.get(Lines), test.get(CallsService)];
    const left: number[] = [];
    const sending: Promise<unknown>[] = [];
    const beganAt = performance.now();
    const send = async (callId: string) => {
      // The exchange needs its time, and its answer a while longer to be written.
      await sleep(Math.random() * 80);
      left.push(performance.now());
      await sleep(Math.random() * 10);
      await transactions.run((tx) => noteInvited(tx, callId));
    };
    const dialer = async () => {
      while (performance.now() - beganAt < 4_000 && refs.length > 0) {
        const placed = await transactions.run(async (tx) => {
          const shared = (await lines.lock(tx))?.find(({ trunkId }) => trunkId === 'shared');
          const plans = refs.splice(0, shared?.linesFree ?? 0).map((orderRef) => planOf(orderRef));
          for (const plan of plans) expect(await calls.place(tx, plan)).not.toBeNull();
          return plans;
        });
        for (const { callId } of placed) sending.push(send(callId));
        await sleep(10);
      }
    };
    await Promise.all([dialer(), dialer(), dialer()]);
    await Promise.all(sending);
    expect(mostInASecond(left)).toBeLessThanOrEqual(8);
    expect(left.length).toBeGreaterThanOrEqual(20);
    await transactions.run(endAll);
  }, 30_000);

  it('and let a call whose agent was rung first wait for its place', async () => {
    await sleep(1_100);
    const [first, second] = [await order('+38095'), await order('+38095')];
    const refs = [(await getOrder(test, shop, first))['id'], (await getOrder(test, shop, second))['id']] as string[];
    const agent = { agentId: randomUUID(), legId: 'agent-x', connection: 'per_call' as const };
    const rungFirst = planOf(refs[0]!, agent);
    const calls = test.get(CallsService);
    await transactions.run((tx) => calls.place(tx, rungFirst));
    const rate = async () =>
      (await transactions.run((tx) => test.get(Lines).lock(tx)))?.find(({ trunkId }) => trunkId === 'shared')
        ?.linesFree;
    // No INVITE leaves before the agent has picked up.
    expect(await rate()).toBe(8);
    const place = (perSecond: number) =>
      transactions.run((tx) => takeInvitePlace(tx, rungFirst.callId, { trunkId: 'shared', callsPerSecond: perSecond }));
    expect(await place(8)).toBe(0);
    expect(await rate()).toBe(7);
    expect(await place(1)).toBeGreaterThan(900);
    await transactions.run((tx) => calls.place(tx, planOf(refs[1]!)));
    expect(await rate()).toBe(6);
    await transactions.run(endAll);
  });
});

describe('the dialer itself', () => {
  it('keeps to the calls per second, and looks again when the next one may leave', async () => {
    // Another shop: the calls before were of orders that nobody calls.
    shop = await createShop(test, 'paced', { jurisdiction: 'demo', ringSeconds: 15 });
    for (let n = 0; n < 7; n++) await floor.join(`rated-${n}`, ['default']);
    const orders = await Promise.all(Array.from({ length: 7 }, () => order('+38067')));
    for (const orderId of orders) {
      await waitFor(`${orderId} called`, async () => (await getOrder(test, shop, orderId))['firstCallAt'], 30_000);
    }
    const times = (await transactions.read((tx) =>
      tx.query(`SELECT extract(epoch FROM line_taken_at)::float8 * 1000 AS taken,
        coalesce(invited_at, ringing_at) IS NOT NULL AS "hasLeft" FROM calls WHERE trunk_id = 'slow' ORDER BY 1`),
    )) as { taken: number; hasLeft: boolean }[];
    expect(mostInASecond(times.map(({ taken }) => taken))).toBeLessThanOrEqual(3);
    expect(times.every(({ hasLeft }) => hasLeft)).toBe(true);
    // Of 7 calls the last leaves two seconds after the first, or little later: no poll is waited for.
    expect(times[6]!.taken - times[0]!.taken).toBeGreaterThanOrEqual(2_000);
  }, 60_000);
});

describe('a full trunk', () => {
  it('hides no order that another one carries, however many wait for it', async () => {
    await trunk('single', 50, '+38063', 1);
    await trunk('other', 50, '+38099');
    const crowd = await createShop(test, 'crowd', { jurisdiction: 'demo', ringSeconds: 15 });
    await asAdmin(test, 'POST', '/v1/admin/shops/crowd/pause');
    shop = crowd;
    const [talking, stuck, behind] = [await order('+38063'), await order('+38063'), await order('+38099')];
    const refOf = async (orderId: string) => (await getOrder(test, shop, orderId))['id'] as string;
    const busy = { ...planOf(await refOf(talking), null, 'single'), shopId: 'crowd' };
    await transactions.run((tx) => test.get(CallsService).place(tx, busy));
    // Nearly all of them before the one behind; nobody opens their cards.
    const columns = (
      (await transactions.read((tx) =>
        tx.query(`SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'orders' AND table_schema = 'public'
          AND is_generated = 'NEVER' AND column_name NOT IN ('id', 'order_id', 'phone_hash', 'turn_at')`),
      )) as { name: string }[]
    ).map(({ name }) => name);
    const stuckRef = await refOf(stuck);
    await waitFor('scheduled', async () => (await getOrder(test, shop, stuck))['status'] === 'scheduled');
    await transactions.run((tx) =>
      tx.query(
        `INSERT INTO orders (id, order_id, phone_hash, turn_at, ${columns.join(', ')})
         SELECT gen_random_uuid(), 'many-' || n, sha256(('many' || n)::bytea), turn_at - interval '1 minute', ${columns.join(', ')}
         FROM orders, generate_series(1, 3000) AS n WHERE id = $1`,
        [stuckRef],
      ),
    );
    const beganAt = performance.now();
    await asAdmin(test, 'POST', '/v1/admin/shops/crowd/resume');
    await waitFor('the one behind called', async () => (await getOrder(test, shop, behind))['firstCallAt'], 40_000);
    expect(performance.now() - beganAt).toBeLessThan(30_000);
    expect(await getOrder(test, shop, stuck)).toMatchObject({ status: 'scheduled', attempts: [] });
    await asAdmin(test, 'POST', '/v1/admin/shops/crowd/pause');
    await transactions.run(endAll);
  }, 60_000);
});
