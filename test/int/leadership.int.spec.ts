import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { CallStore } from '../../src/features/calls/call.store.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { TELEPHONY } from '../../src/features/calls/telephony.provider.js';
import type { VirtualTelephony } from '../../src/features/calls/virtual-telephony.js';
import { DialingModule } from '../../src/features/dialing/dialing.module.js';
import { Leadership } from '../../src/features/dialing/leadership.js';
import { IntakeModule } from '../../src/features/intake/intake.module.js';
import { OutcomesModule } from '../../src/features/outcomes/outcomes.module.js';
import { DatabaseClock } from '../../src/platform/clock/database-clock.js';
import { Transactions, rows } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { acceptOrder, administer, anOrder } from '../support/talk.js';
import { waitFor } from '../support/wait.js';

// Two processes at one exchange and one database, in real time: who leads, and what the other one may do meanwhile.

let first: TestApp;
let second: TestApp;

beforeAll(async () => {
  first = await startTestApp({ modules: [DialingModule, OutcomesModule, IntakeModule] });
  await administer(first, 'PUT', 'trunks/main', {
    endpoint: 'PJSIP/{number}@trunk',
    maxChannels: 10,
    callsPerSecond: 10,
  });
  await administer(first, 'PUT', 'shops/s1', {
    name: 's1',
    timeZone: 'Europe/Kyiv',
    jurisdiction: 'demo',
    callingHours: 'always',
  });
  second = await startTestApp({
    databaseUrl: first.databaseUrl,
    roles: ['dialer'],
    modules: [DialingModule, OutcomesModule],
  });
  const [own] = second.app.get<VirtualTelephony[]>(TELEPHONY, { strict: false });
  await own!.stop();
  Object.assign(own!, { network: (exchangeOf(first) as unknown as { network: unknown }).network });
  own!.restore();
}, 60_000);
afterAll(async () => {
  await second.close();
  await first.close();
}, 30_000);

const exchangeOf = (test: TestApp): VirtualTelephony =>
  test.app.get<VirtualTelephony[]>(TELEPHONY, { strict: false })[0]!;
const ask = <T extends object>(sql: string): Promise<T[]> => first.get(Transactions).read((tx) => rows<T>(tx, sql));
const leader = async () =>
  (
    await ask<{ holder: string; epoch: string; isValid: boolean; reach: number }>(
      `SELECT holder, epoch, expires_at > now() AS "isValid", reach FROM leaders WHERE group_id = 'default'`,
    )
  )[0];

const [ORDER, CUSTOMER] = [anOrder(), anOrder().customer];
/** Its buyer answers and talks on. */
const TALK = { ...ORDER, customer: { ...CUSTOMER, phone: '+380671234500' as typeof CUSTOMER.phone } };

describe('a leader', { timeout: 60_000 }, () => {
  it('whose own link is down is followed within 10 s by a process that reaches the exchange, and its talk is adopted', async () => {
    const before = await waitFor('a leader', async () => ((await leader())?.isValid ? leader() : null), 10_000);
    const byFirst = first.logLines.some((line) => line.includes('leading a group'));
    const [leading, other] = byFirst ? [first, second] : [second, first];
    const { agentId } = (await administer(first, 'PUT', 'agents/anna', { password: 'correct horse' })) as {
      agentId: string;
    };
    const agents = first.get(AgentsService);
    await agents.signIn('anna', 'correct horse', 'test');
    await agents.wish(agentId, 'ready');
    await waitFor('anna ready', async () => (await agents.presence(agentId)).state === 'ready', 12_000);
    await acceptOrder(first, 's1', TALK);
    const [call] = await waitFor(
      'a talk',
      async () => {
        const talks = await ask<{ id: string }>(`SELECT id FROM calls WHERE state = 'connected'`);
        return talks.length === 1 ? talks : null;
      },
      15_000,
    );
    exchangeOf(leading).cut('the line was cut');
    const cutAt = performance.now();
    await waitFor(
      'another leader',
      async () => {
        const now = await leader();
        return now?.isValid === true && now.holder !== before!.holder;
      },
      10_000,
    );
    await waitFor('adopted', () => other.logLines.some((line) => line.includes('live calls taken over')), 5_000);
    expect(performance.now() - cutAt).toBeLessThan(10_000);
    expect(Number((await leader())!.epoch)).toBe(Number(before!.epoch) + 1);
    const changed = await leader();
    // Back again it is one of two: nothing changes hands.
    exchangeOf(leading).restore();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await leader())!.holder).toBe(changed!.holder);
    // The phone is leased for the talk by whoever leads now: neither was hung up.
    expect(await agents.presence(agentId)).toMatchObject({ state: 'talking', callId: call!.id, isLegUp: true });
    await first.get(Transactions).run((tx) => first.get(CallsService).request(tx, call!.id, { kind: 'agent_hangup' }));
    await waitFor('ended', async () => (await ask(`SELECT 1 FROM calls WHERE ended_at IS NULL`)).length === 0);
    expect(await ask(`SELECT result FROM calls`)).toEqual([{ result: 'answered' }]);
  });

  it('whose clock is off is followed by a process whose clock is right', async () => {
    const before = (await leader())!;
    const pidOf = (test: TestApp) => (test.get(Leadership) as unknown as { holder: string }).holder;
    const leading = pidOf(first) === before.holder ? first : second;
    const skewed = vi.spyOn(leading.get(DatabaseClock), 'isSkewed', 'get').mockReturnValue(true);
    await waitFor('another leader', async () => (await leader())!.holder !== before.holder, 10_000);
    const after = (await leader())!;
    // When all clocks are off somebody leads all the same: live calls need it.
    const other = leading === first ? second : first;
    const skewedToo = vi.spyOn(other.get(DatabaseClock), 'isSkewed', 'get').mockReturnValue(true);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(await leader()).toMatchObject({ holder: after.holder, isValid: true, reach: 0 });
    skewedToo.mockRestore();
    await waitFor('its full standing', async () => (await leader())!.reach > 0, 5_000);
    skewed.mockRestore();
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await leader())!.holder).toBe(after.holder);
  });

  it('that stood still takes nothing back from its successor', async () => {
    const { epoch } = (await leader())!;
    const adopt = (of: number) => first.get(Transactions).run((tx) => first.get(CallStore).adopt(tx, 'default', of));
    await expect(adopt(Number(epoch) - 1)).rejects.toThrow('the leadership is over');
    await expect(adopt(Number(epoch))).resolves.toEqual([]);
  });
});
