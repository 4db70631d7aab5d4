import { expect, it } from 'vitest';
import { Deliverer } from './deliverer.js';

const DELIVERY = { id: 'd1', shopId: 'shop', destination: 'main', orderRef: 'o1', url: 'http://shop', isEnabled: true };

const NOTHING = (): undefined => undefined;

it('what is claimed while a sweep waits for its connection is not let go of', async () => {
  let connect: () => void = NOTHING;
  const connected = new Promise<void>((resolve) => (connect = resolve));
  const kept: string[][] = [];
  let transactions = 0;
  const parts = [
    {
      // The first to ask has to wait for a connection of the pool.
      run: async (work: (tx: object) => unknown) => {
        transactions += 1;
        if (transactions === 1) await connected;
        return work({});
      },
      read: (work: (tx: object) => unknown) => {
        const asked = work({});
        return connected.then(() => asked);
      },
    },
    {
      free: (_: object, __: string, except: string[]) => Promise.resolve(void kept.push(except)),
      nextDue: () => Promise.resolve({ id: 'd1', orderRef: 'o1' }),
      lockPair: () => new Promise(NOTHING),
    },
    {},
    {},
    {},
    {},
    {},
    {},
    {},
    { isKnown: true },
    { id: 'p1', isTrusted: true },
    {},
  ];
  const deliverer = new Deliverer(...(parts as unknown as ConstructorParameters<typeof Deliverer>));
  const letGo = deliverer.letGo();
  void deliverer.sendNext('shop', 'main');
  await new Promise((resolve) => setTimeout(resolve, 5));
  connect();
  await letGo;
  expect(kept).toEqual([['d1']]);
});

it('what was claimed before this process was cut off from the database is not sent when it is back', async () => {
  let isCutOff = false;
  const sent: string[] = [];
  const member = { id: 'd1', sequence: 1, state: 'pending', isDue: true, isLeased: false };
  const parts = [
    { run: (work: (tx: object) => unknown) => work({}) },
    {
      nextDue: () => Promise.resolve({ id: 'd1', orderRef: 'o1' }),
      lockPair: () => Promise.resolve([member]),
      lease: () => Promise.resolve(DELIVERY),
    },
    {
      // Answers only when the line has healed; meanwhile the others have freed what this process held.
      destinationSecrets: () => {
        isCutOff = true;
        return Promise.resolve([]);
      },
    },
    {},
    { post: (url: string) => Promise.resolve(void sent.push(url)) },
    {},
    {},
    { isOn: false },
    { error: NOTHING },
    { isKnown: true, now: () => new Date() },
    {
      id: 'p1',
      isTrusted: true,
      isTrustedSince: () => !isCutOff,
      whileTrustedSince: () => Promise.reject(new Error('must not come so far')),
    },
    { suspicions: () => Promise.resolve(new Map()), gate: { enter: () => Promise.resolve(NOTHING) } },
  ];
  const deliverer = new Deliverer(...(parts as unknown as ConstructorParameters<typeof Deliverer>));
  expect(await deliverer.sendNext('shop', 'main')).toBe(true);
  expect(sent).toEqual([]);
});
