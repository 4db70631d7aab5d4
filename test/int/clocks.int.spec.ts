import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DatabaseClock } from '../../src/platform/clock/database-clock.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { DialingService } from '../../src/features/dialing/dialing.service.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { OutcomesService } from '../../src/features/outcomes/outcomes.service.js';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// The whole service on the virtual telephone network, whose machine's clock jumps.

let service: TestApp;
let phones = 0;

beforeAll(async () => {
  service = await startTestApp();
  await administer(service, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 20,
    callsPerSecond: 50,
  });
  await administer(service, 'PUT', 'shops/clocks', {
    name: 'Clocks',
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
  });
}, 60_000);
afterEach(() => vi.restoreAllMocks());
afterAll(() => service.close(), 60_000);

/** The machine's clock stands so far from where it should. */
function jump(ms: number): void {
  vi.restoreAllMocks();
  const real = Date.now.bind(Date);
  const RealDate = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms);
  vi.stubGlobal(
    'Date',
    new Proxy(RealDate, {
      construct: (target, args) =>
        args.length === 0 ? new target(Date.now()) : (Reflect.construct(target, args) as Date),
    }),
  );
}
afterEach(() => vi.unstubAllGlobals());

const pacing = () => service.get(DialingService).pacing('default');
const skew = async () =>
  Number(/^dialer_clock_skew_seconds (\S+)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1]);
const anOrderFor = (digits: string, shop = 'clocks') => {
  const order = anOrder();
  const phone = `+38067${String(4_000_000 + ++phones * 100).slice(0, 5)}${digits}` as typeof order.customer.phone;
  return acceptOrder(service, shop, { ...order, customer: { ...order.customer, phone } });
};
async function anAgent(login: string) {
  const { agentId } = await administer(service, 'PUT', `agents/${login}`, {
    password: 'correct horse',
    connection: 'persistent',
  });
  const agents = service.get(AgentsService);
  await agents.signIn(login, 'correct horse', 'test');
  await agents.wish(String(agentId), 'ready');
  await waitFor('ready', async () => (await agents.presence(String(agentId))).state === 'ready', 15_000);
  return String(agentId);
}

describe('a clock that jumps', () => {
  it('is measured, and at 0 otherwise', async () => {
    expect(Math.abs(await skew())).toBeLessThan(0.5);
    jump(7_200_000);
    expect(await skew()).toBeGreaterThan(7_199);
    jump(-5_000);
    expect(await skew()).toBeLessThan(-4.5);
    expect(Math.abs(service.get(DatabaseClock).now().getTime() - Date.now() - 5_000)).toBeLessThan(500);
  });

  it.each([7_200_000, -7_200_000, 2_500])(
    'by %i ms stops new calls at once, moves nothing of a live one, and is over with it',
    async (ms) => {
      const first = await anAgent(`clock${ms < 0 ? '-back' : ''}-${Math.abs(ms)}`);
      await anOrderFor('01');
      const live = () =>
        service
          .get(CallsService)
          .liveOf('default')
          .filter(({ call }) => call.state === 'connected');
      await waitFor('a talk', () => live().length === 1, 15_000);
      // Due, and nobody is free for it yet.
      await anOrderFor('02');
      jump(ms);
      const second = await anAgent(`second${ms < 0 ? '-back' : ''}-${Math.abs(ms)}`);
      // Each event of a call sets its limits anew.
      const { callId, agent } = live()[0]!.call;
      for (const kind of ['hold', 'unhold'] as const)
        service.get(CallsService).requestHere(agent!.agentId, callId, { kind });
      await waitFor('told', async () => (await pacing()).reason === 'clock_skew', 5_000);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(await pacing()).toMatchObject({ reason: 'clock_skew', dial: 0, placed: 0 });
      expect(service.get(CallsService).liveOf('default')).toHaveLength(1);
      expect(live()).toHaveLength(1);
      vi.restoreAllMocks();
      vi.unstubAllGlobals();
      await waitFor('the next call', () => live().length === 2, 15_000);
      for (const { call } of live()) {
        expect(Math.abs(call.connectedAt!.getTime() - Date.now())).toBeLessThan(60_000);
        service.get(CallsService).requestHere(call.agent!.agentId, call.callId, { kind: 'agent_hangup' });
      }
      await waitFor('the end', () => service.get(CallsService).liveOf('default').length === 0, 10_000);
      for (const agentId of [first, second]) await service.get(AgentsService).wish(agentId, 'break', 'done');
    },
    60_000,
  );
});

describe('what a process writes and tells while its clock is wrong', () => {
  it.each([7_200_000, -7_200_000])(
    'has the right time (%i ms)',
    async (ms) => {
      const rightMs = () => performance.timeOrigin + performance.now();
      const told: { stamp: number; body: { type: string; timestamp: string } }[] = [];
      const outside = createServer((request, response) => {
        void text(request).then((body) => {
          told.push({ stamp: Number(request.headers['webhook-timestamp']), body: JSON.parse(body) });
          response.writeHead(200).end();
        });
      });
      await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
      const shop = `told${ms < 0 ? '-back' : ''}`;
      await administer(service, 'PUT', 'groups/nobody', {});
      const silent = `silent${ms < 0 ? '-back' : ''}`;
      const { webhookSecret } = await administer(service, 'PUT', `shops/${silent}`, {
        name: silent,
        timeZone: 'Europe/Kyiv',
        agentGroups: ['nobody'],
      });
      await administer(service, 'PUT', `shops/${shop}`, {
        name: shop,
        timeZone: 'Europe/Kyiv',
        jurisdiction: 'demo',
        callingHours: 'always',
        destinations: [
          {
            name: 'main',
            url: `http://127.0.0.1:${(outside.address() as AddressInfo).port}/`,
            events: ['order.outcome'],
          },
        ],
      });
      const agentId = await anAgent(shop);
      const orderRef = await anOrderFor('01', shop);
      const live = () =>
        service
          .get(CallsService)
          .liveOf('default')
          .map(({ call }) => call);
      await waitFor('a talk', () => live().some(({ state }) => state === 'connected'), 15_000);
      jump(ms);
      const { callId } = live()[0]!;
      const posted = anOrder();
      const message = JSON.stringify({
        type: 'order.created',
        timestamp: new Date(rightMs()).toISOString(),
        data: posted,
      });
      const at = new Date(rightMs());
      const answer = await fetch(`${service.url}/v1/shops/${silent}/orders`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'webhook-id': `msg_${ms}`,
          'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
          'webhook-signature': new Webhook(String(webhookSecret)).sign(`msg_${ms}`, at, message),
        },
        body: message,
      });
      expect(answer.status).toBe(202);
      service.get(CallsService).requestHere(agentId, callId, { kind: 'agent_hangup' });
      const agents = service.get(AgentsService);
      await waitFor('the wrap-up', async () => (await agents.presence(agentId)).state === 'wrap_up', 10_000);
      await service.get(OutcomesService).record({ agentId, name: shop }, callId, { outcome: 'confirmed' });
      await waitFor('told', () => told.length > 0, 15_000);
      const near = (time: Date | number) => expect(Math.abs(Number(time) - rightMs())).toBeLessThan(60_000);
      near(told[0]!.stamp * 1_000);
      near(Date.parse(told[0]!.body.timestamp));
      const rows = await service.get(Transactions).read((tx) =>
        tx.query<Record<string, Date>[]>(
          `SELECT o.decided_at, a.ended_at, p.due_at, p.received_at, p.registered_at FROM outcomes o
           JOIN attempts a ON a.order_ref = o.order_ref JOIN orders p ON p.order_id = $2 WHERE o.order_ref = $1`,
          [orderRef, posted.orderId],
        ),
      );
      expect(rows).toHaveLength(1);
      for (const time of Object.values(rows[0] ?? {})) near(time);
      outside.close();
    },
    60_000,
  );
});

describe('a process that does not keep up', () => {
  it('places no call in the second after, and says why', async () => {
    const reasons = new Set<string>();
    const untilMs = performance.now() + 20_000;
    while (!reasons.has('event_loop_lag') && performance.now() < untilMs) {
      const blockedUntilMs = performance.now() + 260;
      while (performance.now() < blockedUntilMs);
      await new Promise((resolve) => setTimeout(resolve, 300));
      reasons.add((await pacing()).reason);
    }
    expect([...reasons]).toContain('event_loop_lag');
    await waitFor('over', async () => (await pacing()).reason !== 'event_loop_lag', 10_000);
  }, 60_000);
});
