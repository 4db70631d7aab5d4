import { expect, test } from 'vitest';
import { AriHttpError } from '../../platform/ari/ari-transport.js';
import { AgentSeats } from './agent-seats.js';

const BRIDGE = 'agent-0190c1de-7a3b-7c11-8f00-0123456789ab';
const FIRST = `${BRIDGE}-1`;
const SECOND = `${BRIDGE}-2`;

function exchange(
  refusal: { on: string; status: number } | null = null,
  members: readonly string[] = [],
): { done: string[]; seats: AgentSeats } {
  const done: string[] = [];
  const command =
    (name: string) =>
    (...args: string[]): Promise<void> => {
      done.push([name, ...args.map((arg) => (arg === BRIDGE ? 'bridge' : arg.slice(-1)))].join(' '));
      return refusal?.on === name
        ? Promise.reject(new AriHttpError(refusal.status, 'POST', '/', ''))
        : Promise.resolve();
    };
  const seats = new AgentSeats({
    createBridge: command('create'),
    addToBridge: command('add'),
    bridgeMembers: () => Promise.resolve([...members]),
    destroyBridge: command('destroy'),
    hangup: (legId: string) => command('hangup')(legId),
  });
  return { done, seats };
}

test('a leg gets its bridge, and the bridge ends with it', async () => {
  const { done, seats } = exchange();
  seats.take(FIRST);
  await seats.settled(BRIDGE);
  seats.clear(FIRST);
  await seats.settled(BRIDGE);
  expect(done).toEqual(['create bridge', 'add bridge 1', 'destroy bridge']);
});

test('a bridge that is there already is used', async () => {
  const { done, seats } = exchange({ on: 'create', status: 409 });
  seats.take(FIRST);
  await seats.settled(BRIDGE);
  expect(done).toEqual(['create bridge', 'add bridge 1']);
});

test('a leg that cannot be seated is let go', async () => {
  const { done, seats } = exchange({ on: 'add', status: 404 });
  seats.take(FIRST);
  await seats.settled(BRIDGE);
  expect(done).toEqual(['create bridge', 'add bridge 1', 'hangup 1']);
});

test('work on one bridge keeps its order, however fast it is asked for', async () => {
  const { done, seats } = exchange();
  seats.take(FIRST);
  seats.clear(FIRST);
  seats.take(SECOND);
  await seats.settled(BRIDGE);
  expect(done).toEqual(['create bridge', 'add bridge 1', 'destroy bridge', 'create bridge', 'add bridge 2']);
});

test('a bridge in which another process has seated the next leg is left to it', async () => {
  const { done, seats } = exchange(null, [SECOND]);
  seats.take(FIRST);
  seats.clear(FIRST);
  await seats.settled(BRIDGE);
  expect(done).toEqual(['create bridge', 'add bridge 1']);
});

test('the late end of a leg does not take the bridge of the next one', async () => {
  const { done, seats } = exchange();
  seats.take(FIRST);
  seats.take(SECOND);
  seats.clear(FIRST);
  await seats.settled(BRIDGE);
  expect(done).not.toContain('destroy bridge');
});

test('buyers have no bridge of their own', async () => {
  const { done, seats } = exchange();
  seats.take(BRIDGE.slice('agent-'.length));
  seats.clear(SECOND);
  await seats.settled(BRIDGE);
  expect(done).toEqual([]);
});

test('a leg that nobody has spoken to yet is ready as it is; the next one finds it put into its bridge anew', async () => {
  const { done, seats } = exchange();
  seats.take(FIRST);
  await seats.makeReady(BRIDGE, FIRST);
  expect(done).toEqual(['create bridge', 'add bridge 1']);
  await seats.makeReady(BRIDGE, FIRST);
  expect(done).toEqual(['create bridge', 'add bridge 1', 'add bridge 1']);
});

test('a leg of another process is made ready before the first buyer that this one brings', async () => {
  const { done, seats } = exchange();
  await seats.makeReady(BRIDGE, FIRST);
  expect(done).toEqual(['add bridge 1']);
});
