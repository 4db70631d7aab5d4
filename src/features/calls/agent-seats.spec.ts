import { expect, test } from 'vitest';
import { watchLegId } from '../../core/call/leg-ids.js';
import { AriHttpError } from '../../platform/ari/ari-transport.js';
import { AgentSeats } from './agent-seats.js';

const AGENT = '0190c1de-7a3b-7c11-8f00-0123456789ab';
const CALL = '0190c1de-7a3b-7c11-8f00-0123456789cd';
const LEG = `agent-${AGENT}-1`;
const NEXT = `agent-${AGENT}-2`;

function exchange(
  refusal: { on: string; status: number } | null = null,
  bridges: readonly string[] = [],
): { done: string[]; seats: AgentSeats } {
  const done: string[] = [];
  const command =
    (name: string) =>
    (...args: string[]): Promise<void> => {
      done.push([name, ...args.map((arg) => arg.slice(-1))].join(' '));
      return refusal?.on === name
        ? Promise.reject(new AriHttpError(refusal.status, 'POST', '/', ''))
        : Promise.resolve();
    };
  const seats = new AgentSeats({
    createBridge: command('create'),
    addToBridge: command('add'),
    bridges: () => Promise.resolve(bridges.map((id, n) => ({ id, channelIds: [], createdAt: new Date(n) }))),
    destroyBridge: command('destroy'),
    hangup: (legId: string) => command('hangup')(legId),
  });
  return { done, seats };
}

test('a leg gets a bridge of its own name, and the bridge ends with it', async () => {
  const { done, seats } = exchange();
  seats.take(LEG);
  seats.clear(LEG);
  await seats.settled(LEG);
  expect(done).toEqual(['create 1', 'add 1 1', 'destroy 1']);
});

test('the end of a leg is nothing to the next one of the same agent', async () => {
  const { done, seats } = exchange();
  seats.take(NEXT);
  seats.clear(LEG);
  await Promise.all([seats.settled(LEG), seats.settled(NEXT)]);
  expect(done).toEqual(expect.arrayContaining(['create 2', 'add 2 2', 'destroy 1']));
  expect(done).not.toContain('destroy 2');
});

test('a bridge that is there already is used', async () => {
  const { done, seats } = exchange({ on: 'create', status: 409 });
  seats.take(LEG);
  await seats.settled(LEG);
  expect(done).toEqual(['create 1', 'add 1 1']);
});

test('a leg that cannot be seated is let go', async () => {
  const { done, seats } = exchange({ on: 'add', status: 404 });
  seats.take(LEG);
  await seats.settled(LEG);
  expect(done).toEqual(['create 1', 'add 1 1', 'hangup 1']);
});

test('buyers have no bridge of their own', async () => {
  const { done, seats } = exchange();
  seats.take(CALL);
  seats.clear(CALL);
  await seats.settled(CALL);
  expect(done).toEqual([]);
});

test('a leg that nobody has spoken to yet is ready as it is; the next one finds it put into its bridge anew', async () => {
  const { done, seats } = exchange();
  seats.take(LEG);
  await seats.makeReady(LEG);
  expect(done).toEqual(['create 1', 'add 1 1']);
  await seats.makeReady(LEG);
  expect(done).toEqual(['create 1', 'add 1 1', 'add 1 1']);
});

test('a leg of another process is made ready before the first buyer that this one brings', async () => {
  const { done, seats } = exchange();
  await seats.makeReady(LEG);
  expect(done).toEqual(['add 1 1']);
});

test('an ear goes where its supervisor sits now, and ends where there is no such place', async () => {
  const ear = watchLegId(AGENT, CALL, 'listen');
  const { done, seats } = exchange(null, [LEG, NEXT]);
  seats.take(ear);
  await seats.settled(ear);
  expect(done).toEqual(['add 2 n']);
  const nobody = exchange();
  nobody.seats.take(ear);
  await nobody.seats.settled(ear);
  expect(nobody.done).toEqual(['hangup n']);
});
