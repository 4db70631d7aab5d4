import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Processes } from './processes.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A process whose way to the database can be cut. */
async function aProcess() {
  let isCut = false;
  const transactions = {
    read: () => (isCut ? Promise.reject(new Error('away')) : Promise.resolve([{ overdue: 0 }])),
  };
  const parts = [{ processId: 'p1' }, transactions, { debug: () => undefined, warn: () => undefined }];
  const processes = new Processes(...(parts as unknown as ConstructorParameters<typeof Processes>));
  await processes.onModuleInit();
  return { processes, cut: (is: boolean) => (isCut = is) };
}

it('a process that was cut off and is trusted again holds only what it took since', async () => {
  const { processes, cut } = await aProcess();
  await vi.advanceTimersByTimeAsync(1_500);
  const before = performance.now();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(processes.isTrustedSince(before)).toBe(true);
  const heard: boolean[] = [];
  const work = processes.whileTrustedSince(before, async (over) => {
    over.addEventListener('abort', () => heard.push(true));
    await new Promise((resolve) => setTimeout(resolve, 20_000));
  });
  cut(true);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([processes.isTrusted, processes.isTrustedSince(before), heard]).toEqual([false, false, [true]]);
  cut(false);
  await vi.advanceTimersByTimeAsync(1_500);
  expect([processes.isTrusted, processes.isTrustedSince(before)]).toEqual([true, false]);
  await vi.advanceTimersByTimeAsync(15_000);
  await work;
  expect(processes.isTrustedSince(performance.now() - 5_000)).toBe(true);
});

it('a renewal that fails once and succeeds in time costs nothing', async () => {
  const { processes, cut } = await aProcess();
  const before = performance.now();
  cut(true);
  await vi.advanceTimersByTimeAsync(2_500);
  cut(false);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(processes.isTrustedSince(before)).toBe(true);
});
