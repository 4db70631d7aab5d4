import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptResult } from '../../src/core/call/result.js';
import { OutcomesService, type OutcomeInput } from '../../src/features/outcomes/outcomes.service.js';
import { ShopsService } from '../../src/features/shops/shops.service.js';
import { Sweeps } from '../../src/platform/queue/sweeps.js';
import { CallRoom, type KnownOrder } from '../support/call-room.js';
import { patiently } from '../support/wait.js';

let room: CallRoom;

beforeAll(async () => {
  room = await CallRoom.open();
}, 60_000);
afterAll(() => room.close());
afterEach(() => room.settle());

const outcomes = () => room.test.get(OutcomesService);
const anAgent = () => room.agent();
const anAcceptedOrder = () => room.order(room.phone());

async function aCall(order: KnownOrder, agent: { agentId: string } | null) {
  const call = await room.call(order, agent);
  return {
    callId: call.callId,
    connect: async () => expect(await call.connect()).toBe(true),
    end: async (result?: AttemptResult) => expect(await call.end(result)).toBe(true),
  };
}

const wrapUpOver = (talk: { agent: { agentId: string }; callId: string }) =>
  room.transactions.run((tx) => room.agents.endWrapUp(tx, talk.agent.agentId, talk.callId));

/** An agent talks with the buyer of a new order. */
async function aTalk() {
  const [agent, order] = [await anAgent(), await anAcceptedOrder()];
  const call = await aCall(order, agent);
  await call.connect();
  const say = (input: OutcomeInput) => outcomes().record(agent, call.callId, input);
  return { agent, ...order, ...order.content, ...call, say };
}

describe("an agent's word", () => {
  it('said while they talk takes effect when the call has ended, and is told in full', async () => {
    const talk = await aTalk();
    const card = await talk.say({
      outcome: 'changed',
      changes: { delivery: { city: 'Одеса' } },
      note: 'подзвонити кур’єру',
    });
    expect(card).toMatchObject({ status: 'connected', outcome: null, id: talk.orderRef });
    await talk.end();
    expect(await room.row(talk)).toMatchObject({ status: 'final', outcome: 'changed', results: { answered: 1 } });
    await room.untilHeard(talk, ['order.outcome']);
    expect(room.heard(talk)[0]!.body.data).toMatchObject({
      orderId: talk.orderId,
      sequence: 1,
      outcome: 'changed',
      decidedBy: { kind: 'agent', id: talk.agent.agentId, name: 'Анна' },
      changes: { delivery: { city: 'Одеса' } },
      note: 'подзвонити кур’єру',
      callbackAt: null,
      attempts: 1,
      call: { id: talk.callId, recordingId: null },
    });
    const { call } = room.heard(talk)[0]!.body.data as { call: Record<string, string> };
    for (const name of ['dialedAt', 'answeredAt', 'connectedAt', 'endedAt'])
      expect(Date.parse(call[name]!)).not.toBeNaN();
    const [sealed] = await room.sql('SELECT details_encrypted FROM outcomes WHERE order_ref = $1', [talk.orderRef]);
    expect(JSON.stringify(sealed)).not.toMatch(/Одеса|кур/);
    expect(room.test.logLines.join('')).not.toMatch(/Одеса|Анна/);
  });

  it('said in the wrap-up takes effect at once; the total follows from the items', async () => {
    const talk = await aTalk();
    await talk.end();
    expect(await room.row(talk)).toMatchObject({ status: 'wrap_up', outcome: null });
    const items = [{ sku: 'NEW', name: 'Чохол', quantity: 2, unitPrice: '100.00' }];
    expect(await talk.say({ outcome: 'changed', changes: { items } })).toMatchObject({
      status: 'final',
      outcome: 'changed',
    });
    await room.untilHeard(talk, ['order.outcome']);
    expect(room.heard(talk)[0]!.body.data).toMatchObject({
      changes: { total: { amount: '200.00', currency: 'UAH' } },
    });
  });

  it('said again changes nothing; fifty at once are one', async () => {
    const talk = await aTalk();
    await talk.end();
    const sayIt = () => patiently(() => talk.say({ outcome: 'confirmed', note: ' ' }));
    const answers = await Promise.all(Array.from({ length: 50 }, sayIt));
    expect(new Set(answers.map((card) => JSON.stringify(card))).size).toBe(1);
    await talk.say({ outcome: 'confirmed', changes: null, note: null });
    expect(await room.sql('SELECT 1 FROM outcomes WHERE order_ref = $1', [talk.orderRef])).toHaveLength(1);
    await wrapUpOver(talk);
    expect(await talk.say({ outcome: 'confirmed' })).toMatchObject({ outcome: 'confirmed' });
    await room.untilHeard(talk, ['order.outcome']);
  });

  it('is corrected until the wrap-up ends, each correction a new version; then it is closed', async () => {
    const talk = await aTalk();
    await talk.say({ outcome: 'no_decision' });
    await talk.say({ outcome: 'confirmed' });
    await talk.end();
    expect(await talk.say({ outcome: 'declined' })).toMatchObject({ outcome: 'declined' });
    await expect(talk.say({ outcome: 'no_decision' })).rejects.toMatchObject({ code: 'call.state_refused' });
    await room.untilHeard(talk, ['order.outcome', 'order.outcome']);
    expect(room.heard(talk).map((one) => [one.sequence, one.body.data['outcome']])).toEqual([
      [1, 'confirmed'],
      [2, 'declined'],
    ]);
    await wrapUpOver(talk);
    await expect(talk.say({ outcome: 'confirmed' })).rejects.toMatchObject({ code: 'call.closed' });
    expect(await room.row(talk)).toMatchObject({ outcome: 'declined', sequence: 2 });
  });

  it('of a callback plans it, tells it, and may still become final in the wrap-up', async () => {
    const talk = await aTalk();
    const callbackAt = new Date(Date.now() + 3_600_000).toISOString();
    await talk.say({ outcome: 'callback', callbackAt, callbackAgent: 'me' });
    await talk.end();
    const row = await room.row(talk);
    expect(row).toMatchObject({ status: 'scheduled', callback_agent_id: talk.agent.agentId });
    expect((row['callback_at'] as Date).toISOString()).toBe(callbackAt);
    await room.untilHeard(talk, ['order.attempt', 'order.callback_scheduled']);
    expect(room.heard(talk).map((one) => one.body.data)).toMatchObject([
      { sequence: 1, attempt: 1, result: 'answered', nextAttemptAt: callbackAt },
      { sequence: 2, callbackAt },
    ]);
    await talk.say({ outcome: 'confirmed' });
    await room.untilHeard(talk, ['order.attempt', 'order.callback_scheduled', 'order.outcome']);
    expect(await room.row(talk)).toMatchObject({
      status: 'final',
      outcome: 'confirmed',
      callback_at: null,
      results: { answered: 1 },
    });
  });

  it('with faults names each of them and is not kept', async () => {
    const talk = await aTalk();
    const wrong: OutcomeInput = {
      outcome: 'changed',
      changes: { total: 1, items: [] },
      callbackAt: '2020-01-01T00:00:00Z',
    };
    const refusal = await talk.say(wrong).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'input.invalid' });
    const { fieldErrors } = refusal as { fieldErrors: { pointer: string }[] };
    expect(fieldErrors.map((error) => error.pointer)).toEqual(
      expect.arrayContaining(['/changes/total', '/changes/items', '/callbackAt']),
    );
    expect(await room.sql('SELECT 1 FROM outcomes WHERE order_ref = $1', [talk.orderRef])).toHaveLength(0);
    await talk.say({ outcome: 'confirmed' });
    await talk.end();
  });

  it("of another agent's call, or of one that nobody talked in, is refused", async () => {
    const talk = await aTalk();
    const stranger = await anAgent();
    await expect(outcomes().record(stranger, talk.callId, { outcome: 'confirmed' })).rejects.toMatchObject({
      code: 'call.not_found',
    });
    await expect(outcomes().record(stranger, randomUUID(), { outcome: 'confirmed' })).rejects.toMatchObject({
      code: 'call.not_found',
    });
    const ringing = await aCall(await anAcceptedOrder(), stranger);
    await expect(outcomes().record(stranger, ringing.callId, { outcome: 'confirmed' })).rejects.toMatchObject({
      code: 'call.state_refused',
    });
  });

  it('that meets the end of the call is never lost, whichever comes first', async () => {
    for (let i = 0; i < 5; i += 1) {
      const talk = await aTalk();
      await Promise.all([talk.end(), talk.say({ outcome: 'confirmed' })]);
      expect(await room.row(talk)).toMatchObject({ status: 'final', outcome: 'confirmed' });
      await room.untilHeard(talk, ['order.outcome']);
    }
  });

  it('that meets the end of the wrap-up counts or is refused, and the order goes on either way', async () => {
    for (let i = 0; i < 5; i += 1) {
      const talk = await aTalk();
      await talk.end();
      const [said] = await Promise.allSettled([talk.say({ outcome: 'confirmed' }), wrapUpOver(talk)]);
      const row = await room.row(talk);
      if (said.status === 'fulfilled') expect(row).toMatchObject({ status: 'final', outcome: 'confirmed' });
      else {
        expect(said.reason).toMatchObject({ code: 'call.closed' });
        expect(row).toMatchObject({ status: 'scheduled' });
      }
    }
  });
});

describe('the end of a wrap-up without a word', () => {
  it('is no decision: the order is tried again', async () => {
    const talk = await aTalk();
    await talk.end();
    await wrapUpOver(talk);
    const row = await room.row(talk);
    expect(row).toMatchObject({ status: 'scheduled', results: { answered: 1 } });
    const gapMs = (row['not_before'] as Date).getTime() - Date.now();
    expect(gapMs).toBeGreaterThan(119 * 60_000);
    expect(gapMs).toBeLessThan(133 * 60_000);
    await room.untilHeard(talk, ['order.attempt']);
    expect(room.heard(talk)[0]!.body.data).toMatchObject({
      result: 'answered',
      attempt: 1,
      call: { id: talk.callId },
    });
  });

  it('is found by the sweep when nobody told it', async () => {
    const talk = await aTalk();
    await talk.end();
    await room.sql(`UPDATE agent_presence SET state = 'break', call_id = NULL, limit_at = NULL WHERE agent_id = $1`, [
      talk.agent.agentId,
    ]);
    await room.test.get(Sweeps).runNow('outcomes.forgotten-wrap-ups');
    expect(await room.row(talk)).toMatchObject({ status: 'scheduled' });
  });
});

describe('an attempt without an agent', () => {
  const again: AttemptResult[] = [
    'busy',
    'no_answer',
    'rejected',
    'machine',
    'unobtainable',
    'carrier_failure',
    'system_failure',
    'abandoned',
  ];
  it.each(again)('%s: tried again, and told', async (result) => {
    const order = await anAcceptedOrder();
    const call = await aCall(order, null);
    await call.end(result);
    const row = await room.row(order);
    expect(row).toMatchObject({
      status: 'scheduled',
      results: { [result]: 1 },
      is_abandoned_before: result === 'abandoned',
    });
    await room.untilHeard(order, ['order.attempt']);
    expect(room.heard(order)[0]!.body.data).toMatchObject({
      sequence: 1,
      attempt: 1,
      result,
      nextAttemptAt: (row['not_before'] as Date).toISOString(),
      call: { id: call.callId, connectedAt: null },
    });
  });

  it.each(['carrier_failure', 'system_failure'] as const)(
    '%s of a promised callback: the promise stands, whatever the gap after the talk',
    async (result) => {
      const talk = await aTalk();
      const callbackAt = new Date(Date.now() + 1_000);
      await talk.say({ outcome: 'callback', callbackAt: callbackAt.toISOString(), callbackAgent: 'me' });
      await talk.end();
      const call = await aCall(talk, null);
      expect(await room.row(talk)).toMatchObject({ status: 'dialing', callback_agent_id: talk.agent.agentId });
      await call.end(result);
      const row = await room.row(talk);
      expect(row).toMatchObject({ status: 'scheduled', band: 1, callback_agent_id: talk.agent.agentId });
      expect((row['due_at'] as Date).getTime()).toBeLessThan(Date.now() + 80_000);
      expect((row['callback_at'] as Date).getTime()).toBeGreaterThanOrEqual(callbackAt.getTime());

      // Nobody picked up: the promise was kept.
      await (await aCall(talk, null)).end('no_answer');
      expect(await room.row(talk)).toMatchObject({ callback_at: null, callback_agent_id: null });
    },
  );

  it('abandoned: owed a call until the buyer has talked with an agent, not longer', async () => {
    const [agent, order] = [await anAgent(), await anAcceptedOrder()];
    await (await aCall(order, null)).end('abandoned');
    await (await aCall(order, null)).end('busy');
    expect(await room.row(order)).toMatchObject({ is_abandoned_before: true, band: 0 });
    const talk = await aCall(order, agent);
    await talk.connect();
    await outcomes().record(agent, talk.callId, { outcome: 'no_decision' });
    await talk.end();
    expect(await room.row(order)).toMatchObject({ status: 'scheduled', is_abandoned_before: false });
  });

  it('invalid number: final at once, by the system', async () => {
    const order = await anAcceptedOrder();
    await (await aCall(order, null)).end('invalid_number');
    expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'invalid_number' });
    await room.untilHeard(order, ['order.outcome']);
    expect(room.heard(order)[0]!.body.data).toMatchObject({
      decidedBy: { kind: 'system', id: null, name: null },
      attempts: 1,
    });
  });

  it('failing on our side again and again: held for a person, and told so', async () => {
    const order = await anAcceptedOrder();
    for (let i = 0; i < 10; i += 1) await (await aCall(order, null)).end('system_failure');
    const row = await room.row(order);
    expect(row).toMatchObject({ status: 'scheduled', results: { system_failure: 10 } });
    expect(row['hold_reason']).toMatch(/failed/);
    await room.untilHeard(
      order,
      Array.from({ length: 10 }, () => 'order.attempt'),
    );
    expect(room.heard(order).at(-1)!.body.data).toMatchObject({ nextAttemptAt: null });
  });

  it('the sixth in vain: unreachable, after one message for each of the others', async () => {
    const order = await anAcceptedOrder();
    for (let i = 0; i < 6; i += 1) {
      await (await aCall(order, null)).end('no_answer');
      await room.sql(
        `UPDATE calls SET planned_at = planned_at - interval '25 hours', dialed_at = dialed_at - interval '25 hours' WHERE order_ref = $1`,
        [order.orderRef],
      );
    }
    expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'unreachable', attempts_made: 6 });
    await room.untilHeard(order, [...Array.from({ length: 5 }, () => 'order.attempt'), 'order.outcome']);
    expect(room.heard(order).map((one) => one.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe("the shop's withdrawal", () => {
  it('of an order that is not being called is told at once, by the shop', async () => {
    const order = await anAcceptedOrder();
    await room.cancel(order);
    await room.untilHeard(order, ['order.outcome']);
    expect(room.heard(order)[0]!.body.data).toMatchObject({
      outcome: 'withdrawn',
      decidedBy: { kind: 'shop' },
      attempts: 0,
      call: null,
    });
  });

  it('while it rings ends the order with the call', async () => {
    const order = await anAcceptedOrder();
    const call = await aCall(order, null);
    await room.cancel(order);
    expect(await room.row(order)).toMatchObject({ status: 'dialing' });
    await call.end('no_answer');
    expect(await room.row(order)).toMatchObject({ status: 'final', outcome: 'withdrawn' });
    await room.untilHeard(order, ['order.outcome']);
  });

  it("during a talk gives way to the buyer's decision, and only to that", async () => {
    const decided = await aTalk();
    await room.cancel(decided);
    await decided.end();
    await decided.say({ outcome: 'confirmed' });
    expect(await room.row(decided)).toMatchObject({ outcome: 'confirmed' });
    const open = await aTalk();
    await room.cancel(open);
    await open.say({ outcome: 'no_decision' });
    await open.end();
    expect(await room.row(open)).toMatchObject({ outcome: 'withdrawn' });
    const silent = await aTalk();
    await room.cancel(silent);
    await silent.end();
    await wrapUpOver(silent);
    expect(await room.row(silent)).toMatchObject({ outcome: 'withdrawn' });
    for (const talk of [decided, open, silent]) await room.untilHeard(talk, ['order.outcome']);
  });
});

describe('the time to give up', () => {
  const giveUp = () => room.test.get(Sweeps).runNow('outcomes.give-up');

  it('ends an order that was never called as expired, one called in vain as unreachable', async () => {
    const [never, vain] = [await anAcceptedOrder(), await anAcceptedOrder()];
    const call = await aCall(vain, null);
    await call.end('busy');
    await room.sql(`UPDATE orders SET first_call_at = now() WHERE id = $1`, [vain.orderRef]);
    await room.sql(`UPDATE orders SET give_up_at = now() - interval '1 second' WHERE id = ANY ($1)`, [
      [never.orderRef, vain.orderRef],
    ]);
    await giveUp();
    expect(await room.row(never)).toMatchObject({ outcome: 'expired' });
    expect(await room.row(vain)).toMatchObject({ outcome: 'unreachable' });
    await room.untilHeard(never, ['order.outcome']);
    await room.untilHeard(vain, ['order.attempt', 'order.outcome']);
  });

  it('ends as expired what the carrier never let through', async () => {
    const order = await anAcceptedOrder();
    for (let n = 0; n < 2; n += 1) {
      await (await aCall(order, null)).end('carrier_failure');
      await room.sql(`UPDATE orders SET first_call_at = now() WHERE id = $1`, [order.orderRef]);
    }
    await room.sql(`UPDATE orders SET give_up_at = now() - interval '1 second' WHERE id = $1`, [order.orderRef]);
    await giveUp();
    expect(await room.row(order)).toMatchObject({ outcome: 'expired', attempts_made: 2 });
  });

  it('is over at once for an order that has had as many attempts as its shop now allows', async () => {
    const [tried, failed, promised] = [await anAcceptedOrder(), await anAcceptedOrder(), await anAcceptedOrder()];
    for (let n = 0; n < 2; n += 1) await (await aCall(tried, null)).end('busy');
    for (let n = 0; n < 2; n += 1) await (await aCall(failed, null)).end('carrier_failure');
    for (let n = 0; n < 2; n += 1) await (await aCall(promised, null)).end('busy');
    await room.sql(`UPDATE orders SET callback_at = now() + interval '1 hour' WHERE id = $1`, [promised.orderRef]);
    const usedUp = () => room.test.get(Sweeps).runNow('outcomes.used-up');
    await usedUp();
    expect(await room.row(tried)).toMatchObject({ status: 'scheduled' });
    const lower = (max: number) =>
      room.sql(`UPDATE shops SET settings = jsonb_set(settings, '{retry,maxAttempts}', to_jsonb($1::int))`, [max]);
    await lower(2);
    room.test.get(ShopsService).forget();
    await usedUp();
    await lower(6);
    room.test.get(ShopsService).forget();
    expect(await room.row(tried)).toMatchObject({ status: 'final', outcome: 'unreachable' });
    for (const one of [failed, promised]) expect(await room.row(one)).toMatchObject({ status: 'scheduled' });
    await room.untilHeard(tried, ['order.attempt', 'order.attempt', 'order.outcome']);
  });

  it('waits for a callback that the buyer asked for', async () => {
    const talk = await aTalk();
    await talk.end();
    await talk.say({ outcome: 'callback', callbackAt: new Date(Date.now() + 60_000).toISOString() });
    await room.sql(`UPDATE orders SET give_up_at = now() - interval '1 second' WHERE id = $1`, [talk.orderRef]);
    await giveUp();
    expect(await room.row(talk)).toMatchObject({ status: 'scheduled' });
    await room.sql(`UPDATE orders SET callback_at = now() - interval '2 hours' WHERE id = $1`, [talk.orderRef]);
    await giveUp();
    expect(await room.row(talk)).toMatchObject({ status: 'final' });
  });
});

it('counts outcomes, with series that exist from the start', async () => {
  const text = await (await fetch(`${room.test.url}/metrics`)).text();
  expect(text).toMatch(/dialer_outcomes_total\{shop="shop",outcome="confirmed"\} [1-9]/);
  expect(text).toContain('dialer_outcomes_total{shop="shop",outcome="blocked"} 0');
});
