import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DatabaseClock } from '../../src/platform/clock/database-clock.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { DialingService } from '../../src/features/dialing/dialing.service.js';
import { AgentsService } from '../../src/features/agents/agents.service.js';
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
const anOrderFor = (digits: string) => {
  const order = anOrder();
  const phone = `+38067${String(4_000_000 + ++phones * 100).slice(0, 5)}${digits}` as typeof order.customer.phone;
  return acceptOrder(service, 'clocks', { ...order, customer: { ...order.customer, phone } });
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
