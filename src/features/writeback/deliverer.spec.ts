import { expect, it } from 'vitest';
import { Deliverer } from './deliverer.js';

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
