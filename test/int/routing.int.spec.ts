import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnsweringAgents } from '../../src/features/calls/answering-agents.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { RobotFloor } from '../support/robot-floor.js';
import { asAdmin, createShop, getOrder, orderCreated, postOrder, type TestShop } from '../support/shop-client.js';
import { waitFor } from '../support/wait.js';

// Which agent takes which order: the whole service on the virtual network, with agents who decide at once.

let test: TestApp;
let floor: RobotFloor;

beforeAll(async () => {
  test = await startTestApp();
  floor = new RobotFloor(test);
  await asAdmin(test, 'PUT', '/v1/admin/trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 20,
    callsPerSecond: 50,
  });
}, 60_000);
afterAll(async () => {
  await floor.settled();
  await test.close();
}, 60_000);

let numbers = 0;
const newPhone = (ending = '00') => `+38067${String(51_000 + (numbers += 1))}${ending}`;

async function aShop(name: string, groups: string[], more: object = {}): Promise<TestShop> {
  for (const group of groups) await asAdmin(test, 'PUT', `/v1/admin/groups/${group}`, {});
  return createShop(test, name, {
    jurisdiction: 'demo',
    agentGroups: groups,
    retry: { gapMinutes: 0.01 },
    ...more,
  });
}

async function send(shop: TestShop, data: object = {}): Promise<string> {
  const orderId = `R-${(numbers += 1)}`;
  const message = orderCreated({ orderId, customer: { phone: newPhone() }, items: [], ...data });
  expect((await postOrder(test, shop, message)).status).toBe(202);
  return orderId;
}
const television = { items: [{ sku: 'TV', quantity: 1, unitPrice: '1.00', group: 'Electronics' }] };

/** Who talked about the order, in the order of the talks. */
async function talkedAbout(shop: TestShop, orderId: string, count = 1): Promise<string[]> {
  const { id } = await getOrder(test, shop, orderId);
  const logins = () => floor.talks.filter(({ orderRef }) => orderRef === id).map(({ login }) => login);
  await waitFor(`${count} talks about ${orderId}`, () => logins().length >= count, 30_000);
  return logins();
}

describe('skills', () => {
  it('take an order to who has them, past others who have been idle longer, until the wait is over', async () => {
    const shop = await aShop('skilled', ['skilled'], {
      skillRules: [
        { itemGroup: 'electronics', skill: 'tv' },
        { language: 'pl', skill: 'polish', relaxAfterSeconds: 2 },
      ],
    });
    await floor.join('plain', ['skilled']);
    const expert = await floor.join('expert', ['skilled'], ['tv']);
    expect(await talkedAbout(shop, await send(shop, television))).toEqual(['expert']);
    expect(await talkedAbout(shop, await send(shop))).toEqual(['plain']);

    // Nobody speaks Polish: after two seconds anybody will do.
    const sentAt = Date.now();
    const polish = await send(shop, { customer: { phone: newPhone(), language: 'pl-PL' } });
    await talkedAbout(shop, polish);
    expect(Date.now() - sentAt).toBeGreaterThan(2_000);

    // A skill that nobody at work has holds up this order alone.
    await floor.rest(expert);
    const waiting = await send(shop, television);
    expect(await talkedAbout(shop, await send(shop))).toEqual(['plain']);
    expect(await getOrder(test, shop, waiting)).toMatchObject({
      status: 'scheduled',
      attempts: [],
      waitingFor: { code: 'no_agent', sentence: expect.stringContaining('skill the order needs: tv') as string },
    });
  });

  it('that nobody at work has do not hide the orders behind, however many need them', async () => {
    const shop = await aShop('crowded', ['crowded'], {
      skillRules: [{ itemGroup: 'electronics', skill: 'tv' }],
      firstCall: { targetSeconds: 60, deadlineSeconds: 60 },
    });
    const stuck = await Promise.all(Array.from({ length: 60 }, () => send(shop, television)));
    const behind = await send(shop, { confirmBy: new Date(Date.now() + 3_600_000).toISOString() });
    await floor.join('all-rounder', ['crowded']);
    expect(await talkedAbout(shop, behind)).toEqual(['all-rounder']);
    expect(await getOrder(test, shop, stuck[0]!)).toMatchObject({ status: 'scheduled', attempts: [] });
    await waitFor('a record without the order that was called', async () => {
      const record = await asAdmin(test, 'GET', '/v1/admin/groups/crowded/pacing');
      return ((await record.json()) as { load: { ordersDue: number } }).load.ordersDue === 60;
    });
    // Somebody who has the skill is seen at once.
    const specialist = await floor.join('specialist', ['crowded'], ['tv']);
    expect(await talkedAbout(shop, stuck[0]!)).toEqual(['specialist']);
    await asAdmin(test, 'POST', `/v1/admin/shops/${shop.shop}/pause`);
    await floor.rest(specialist);
  });
});

describe('overflow', () => {
  it('goes to the second group at once while nobody is at work in the first', async () => {
    const shop = await aShop('overflowing', ['front', 'back'], { overflowAfterSeconds: 3_600 });
    await floor.join('helper', ['back']);
    const sentAt = Date.now();
    expect(await talkedAbout(shop, await send(shop))).toEqual(['helper']);
    expect(Date.now() - sentAt).toBeLessThan(5_000);

    const first = await floor.join('front-1', ['front']);
    expect(await talkedAbout(shop, await send(shop))).toEqual(['front-1']);
    // Busy is not away: the order waits for the first group.
    const release = await floor.occupy(first);
    const waiting = await send(shop);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    // Whoever is ready in the second group has nothing to do with it yet.
    expect(await getOrder(test, shop, waiting)).toMatchObject({
      status: 'scheduled',
      attempts: [],
      waitingFor: { code: 'no_agent' },
    });
    // On the way out it is.
    await test.get(AgentsService).wish(first, 'break', 'lunch');
    expect(await talkedAbout(shop, waiting)).toEqual(['helper']);
    await release();
  });

  it('helps after the wait', async () => {
    const shop = await aShop('patient', ['slow', 'quick'], { overflowAfterSeconds: 2 });
    await floor.occupy(await floor.join('slow-1', ['slow']));
    await floor.join('quick-1', ['quick']);
    const sentAt = Date.now();
    expect(await talkedAbout(shop, await send(shop))).toEqual(['quick-1']);
    expect(Date.now() - sentAt).toBeGreaterThan(2_000);
  });
});

describe('the same agent', () => {
  /** Two agents, of whom the second has the talk about the order, and the first has been idle longer after it. */
  async function twoAgents(shop: TestShop, group: string, customer: object) {
    const first = await floor.join(`${group}-1`, [group]);
    await floor.rest(first);
    const second = await floor.join(`${group}-2`, [group]);
    const orderId = await send(shop, { customer });
    await waitFor('ringing', async () => (await getOrder(test, shop, orderId))['status'] === 'ringing');
    await floor.resume(first);
    expect(await talkedAbout(shop, orderId)).toEqual([`${group}-2`]);
    return { orderId, second };
  }

  it('talks with the buyer again, and is waited for a little while when busy', async () => {
    const shop = await aShop('faithful', ['faithful'], { sameAgentSeconds: 3 });
    const customer = { phone: newPhone('02') };
    floor.word = { outcome: 'no_decision' };
    const { orderId, second } = await twoAgents(shop, 'faithful', customer);
    floor.word = { outcome: 'confirmed' };
    expect(await talkedAbout(shop, orderId, 2)).toEqual(['faithful-2', 'faithful-2']);

    const release = await floor.occupy(second);
    const sentAt = Date.now();
    expect(await talkedAbout(shop, await send(shop, { customer }))).toEqual(['faithful-1']);
    expect(Date.now() - sentAt).toBeGreaterThan(3_000);
    await release();
  }, 60_000);

  it('takes the answer of a call that has no agent of its own, when free then', async () => {
    await aShop('answering', ['answering']);
    const [longer, known] = [
      await floor.join('answering-1', ['answering']),
      await floor.join('answering-2', ['answering']),
    ];
    const answering = test.get(AnsweringAgents);
    const take = async (preferredAgentId: string | null) => {
      const at = { callId: crypto.randomUUID(), groupId: 'answering', node: 'main' };
      const call = { ...at, reserved: null, isReserved: false, skills: [], preferredAgentId };
      return { ...call, taken: (await answering.find(call))?.agentId };
    };
    const first = await take(known);
    expect(first.taken).toBe(known);
    // Not free any more: whoever is.
    expect((await take(known)).taken).toBe(longer);
    await answering.giveBack(known, first.callId);
    expect((await take(null)).taken).toBe(known);
  });

  it('takes the answer also of a call for which somebody else had to be reserved', async () => {
    await aShop('returning', ['returning']);
    const [other, promised] = [
      await floor.join('returning-1', ['returning']),
      await floor.join('returning-2', ['returning']),
    ];
    const answering = test.get(AnsweringAgents);
    const base = { callId: crypto.randomUUID(), groupId: 'returning', node: 'main', skills: [] };
    const reserved = await answering.find({ ...base, reserved: null, isReserved: false, preferredAgentId: other });
    expect(reserved?.agentId).toBe(other);
    const release = await floor.occupy(promised);
    const answer = () => answering.find({ ...base, reserved, isReserved: true, preferredAgentId: promised });
    expect((await answer())?.agentId).toBe(other);
    await release();
    await waitFor('the promised one free', async () => (await answer())?.agentId === promised);
  });

  it('calls back as promised', async () => {
    const shop = await aShop('promised', ['promised']);
    const at = new Date(Date.now() + 30_000);
    floor.word = { outcome: 'callback', callbackAt: at.toISOString(), callbackAgent: 'me' };
    const { orderId } = await twoAgents(shop, 'promised', { phone: newPhone('02') });
    floor.word = { outcome: 'confirmed' };
    expect(await talkedAbout(shop, orderId, 2)).toEqual(['promised-2', 'promised-2']);
    const { attempts } = (await getOrder(test, shop, orderId)) as { attempts: { dialedAt: string }[] };
    expect(Math.abs(Date.parse(attempts[1]?.dialedAt ?? '') - at.getTime())).toBeLessThan(30_000);
  }, 60_000);
});
