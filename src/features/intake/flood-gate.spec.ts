import { describe, expect, it } from 'vitest';
import { FloodGate } from './flood-gate.js';

describe('FloodGate', () => {
  it('lets a burst through, then the rate, and says when to come again', () => {
    const gate = new FloodGate(2, 4);
    expect([1, 2, 3, 4].map(() => gate.take('a', 0))).toEqual([null, null, null, null]);
    expect(gate.take('a', 0)).toBe(1);
    expect(gate.take('b', 0)).toBeNull();
    expect(gate.take('a', 500)).toBeNull();
    expect(gate.take('a', 600)).toBe(1);
    expect([1, 2, 3, 4, 5].map(() => gate.take('a', 60_000))).toEqual([null, null, null, null, 1]);
  });

  it('says whole seconds for slow rates', () => {
    const gate = new FloodGate(0.1, 1);
    expect(gate.take('a', 0)).toBeNull();
    expect(gate.take('a', 0)).toBe(10);
  });
});
