import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { cardOf, goReady, nextEvent, nextState } from './agents.js';
import { waitFor } from '../support/wait.js';
import { useWorld } from './world.js';

// The service ends, by force or by request, while buyers are on the telephone.

const world = useWorld({
  agents: [
    { login: 'killed', name: 'Who talks on', connection: 'persistent', group: 'default' },
    { login: 'away', name: 'Who puts the phone down unheard', connection: 'per_call', group: 'away' },
    { login: 'frozen', name: 'Who waits for a frozen service', connection: 'persistent', group: 'frozen' },
    { login: 'drained', name: 'Who is rung for', connection: 'persistent', group: 'drained' },
  ],
});

describe('the service is killed', () => {
  it('in mid-talk: the talk goes on, and the next process takes it over', async () => {
    const { network, calls, shop } = world();
    const agent = world().agent('killed');
    await agent.start();
    const order = await shop.send('00');
    const waiting = await shop.send('01');
    const callId = await cardOf(agent, order.orderId);
    // The card is told ahead of the write of the talk.
    await shop.waitForStatus(order, 'connected');

    process.kill(network.app.process.pid, 'SIGKILL');
    await network.app.process.ended;
    // Longer than the lease of an agent's idle leg: in a talk it must hold, or the buyer would be left alone.
    await new Promise((resolve) => setTimeout(resolve, 33_000));
    expect(calls.records('agent-killed')).toEqual([]);
    expect(calls.records(order.customer.phone)).toEqual([]);
    const from = agent.events.length;
    await network.restartApp();
    const restartedAt = Date.now();

    await nextEvent(agent, 'call.connected', from, (data) => data['callId'] === callId);
    expect(await shop.see(order)).toMatchObject({ status: 'connected', attempts: [{ callId, result: null }] });
    expect(calls.records(order.customer.phone)).toEqual([]);
    // Past the end of every lease that the dead process has left: two seconds of a buyer, six of a leader.
    await waitFor('a leader', async () => (await pacingAt(network.apiUrl, network.adminToken)) > restartedAt, 20_000);
    expect(calls.records(order.customer.phone)).toEqual([]);
    expect(calls.invites(waiting.customer.phone)).toEqual([]);

    expect((await agent.say(callId, { outcome: 'confirmed' })).status).toBe(200);
    const hungUpAt = Date.now();
    expect((await agent.hangUp(callId)).status).toBe(202);
    const record = await calls.record(order.customer.phone);
    expect(record.endedAt.getTime() - hungUpAt).toBeLessThan(2_000);
    expect(record.endedAt.getTime()).toBeGreaterThan(restartedAt);
    expect(await shop.outcome(order)).toBe('confirmed');
    expect(await shop.see(order)).toMatchObject({ outcome: 'confirmed', attempts: [{ callId, result: 'answered' }] });
    expect(calls.invites(order.customer.phone)).toHaveLength(1);
    // The agent's phone has not been cut either.
    expect(calls.records('agent-killed')).toEqual([]);

    await goReady(agent);
    const nextId = await cardOf(agent, waiting.orderId, from);
    await agent.say(nextId, { outcome: 'declined' });
    await agent.hangUp(nextId);
    expect(await shop.outcome(waiting)).toBe('declined');
    await agent.setState('break', 'enough');
  });
});

describe('while the service is away', () => {
  it('an agent puts the phone down: the buyer is not left alone in the line', async () => {
    const { network, calls } = world();
    const shop = await world().openShop('away');
    const agent = world().agent('away');
    await agent.start();
    const order = await shop.send('00');
    const callId = await cardOf(agent, order.orderId);
    await shop.waitForStatus(order, 'connected');
    process.kill(network.app.process.pid, 'SIGKILL');
    await network.app.process.ended;
    const from = agent.events.length;
    await network.telephony?.carrier?.hangUp('agent-away');
    expect(calls.records(order.customer.phone)).toEqual([]);
    await network.restartApp();
    const restartedAt = Date.now();
    const record = await calls.record(order.customer.phone);
    expect(record.endedAt.getTime() - restartedAt).toBeLessThan(15_000);
    await nextState(agent, 'wrap_up', from);
    await agent.say(callId, { outcome: 'confirmed' });
    expect(await shop.outcome(order)).toBe('confirmed');
    await agent.setState('break', 'enough');
  });
});

describe('the service is frozen', () => {
  it('while a phone rings: who answers hears the message, the attempt is abandoned, and nothing spins', async () => {
    const { network, calls } = world();
    const shop = await world().openShop('frozen');
    const agent = world().agent('frozen');
    await agent.start();
    const order = await shop.send('04');
    const { attempts } = await shop.waitForStatus(order, 'ringing');
    const { pid } = network.app.process;
    process.kill(pid, 'SIGSTOP');
    // The buyer answers 5 s after the INVITE; the lease of 2 s and the message follow without us.
    await new Promise((resolve) => setTimeout(resolve, 8_500));
    process.kill(pid, 'SIGCONT');
    const record = await calls.record(order.customer.phone, 1, 30_000);
    expect(record.answeredAt).not.toBeNull();
    await waitFor(
      'the attempt is abandoned',
      async () => (await shop.see(order)).attempts[0]?.result === 'abandoned',
      20_000,
    );
    // A call that cannot be served any more must not be tried again and again meanwhile.
    const client = new pg.Client({ connectionString: network.databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM call_events WHERE call_id = $1',
      [attempts[0]?.callId],
    );
    await client.end();
    expect(rows[0]?.n).toBeLessThan(40);
    await shop.cancel(order);
    await agent.setState('break', 'enough');
  });
});

describe('the service is asked to end', () => {
  it('while a phone rings: the buyer is served, the process exits 0, and nothing is lost', async () => {
    const { network, calls } = world();
    const shop = await world().openShop('drained');
    const agent = world().agent('drained');
    await agent.start();
    const order = await shop.send('04');
    const { attempts } = await shop.waitForStatus(order, 'ringing');
    const callId = attempts[0]?.callId;
    const { process: service } = network.app;
    const toldAt = Date.now();
    process.kill(service.pid, 'SIGTERM');
    // Orders that come in now are another process's work; here there is none, so they are not taken.
    await service.ended;
    expect(service.exitCode).toBe(0);
    expect(Date.now() - toldAt).toBeLessThan(45_000);
    expect(calls.records(order.customer.phone)).toEqual([]);

    const from = agent.events.length;
    await network.restartApp();
    await nextEvent(agent, 'call.connected', from, (data) => data['callId'] === callId);
    expect(await shop.see(order)).toMatchObject({ status: 'connected', attempts: [{ callId, result: null }] });
    await agent.hangUp(String(callId));
    await nextState(agent, 'wrap_up', from);
    await agent.say(String(callId), { outcome: 'confirmed' });
    expect(await shop.outcome(order)).toBe('confirmed');
    expect(await shop.see(order)).toMatchObject({ attempts: [{ callId, result: 'answered' }] });
    expect(calls.invites(order.customer.phone)).toHaveLength(1);
    const record = await calls.record(order.customer.phone);
    expect(record.answeredAt).not.toBeNull();
    expect(calls.overlaps()).toEqual([]);
  });
});

/** When the leader of the first group last decided, in ms since 1970; 0 while there is none. */
async function pacingAt(apiUrl: string, adminToken: string): Promise<number> {
  const answer = await fetch(`${apiUrl}/v1/admin/groups/default/pacing`, {
    headers: { authorization: `Bearer ${adminToken}` },
  });
  return answer.ok ? Date.parse(((await answer.json()) as { at: string }).at) : 0;
}
