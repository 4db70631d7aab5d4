import { describe, expect, it } from 'vitest';
import { collectOnce } from './heap.js';

/** Something large that nobody holds when this returns. */
const leaveBehind = (): WeakRef<object> => new WeakRef(Array.from({ length: 300_000 }, (_, n) => ({ n })));

describe('the collection at the end of the start', () => {
  it('throws away what nobody holds any more', async () => {
    const left = leaveBehind();
    const before = process.memoryUsage().heapUsed;
    await new Promise((resolve) => setTimeout(resolve, 0));
    collectOnce();
    expect(left.deref()).toBeUndefined();
    expect(process.memoryUsage().heapUsed).toBeLessThan(before);
  });
});
