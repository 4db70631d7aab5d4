import { describe, expect, it } from 'vitest';
import { WorkGate } from './work-gate.js';

const LONG_MS = 60_000;

describe('the gate', () => {
  it('lets innocent work go side by side, and who is to go alone when all of it has ended', async () => {
    const gate = new WorkGate();
    const [first, second] = [await gate.enter(false, LONG_MS), await gate.enter(false, LONG_MS)];
    const gone: string[] = [];
    const alone = gate.enter(true, LONG_MS).then((leave) => (gone.push('alone'), leave));
    const third = gate.enter(false, LONG_MS).then((leave) => (gone.push('third'), leave));
    first();
    await Promise.resolve();
    expect(gone).toEqual([]);
    second();
    (await alone)();
    (await third)();
    expect(gone).toEqual(['alone', 'third']);
  });

  it('lets two go alone one after the other', async () => {
    const gate = new WorkGate();
    const first = await gate.enter(true, LONG_MS);
    const gone: string[] = [];
    const second = gate.enter(true, LONG_MS).then((leave) => (gone.push('second'), leave));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(gone).toEqual([]);
    first();
    (await second)();
  });

  it('keeps nobody waiting beyond the limit, and is right again afterwards', async () => {
    const gate = new WorkGate();
    const alone = await gate.enter(true, LONG_MS);
    const hurried = await gate.enter(false, 5);
    alone();
    alone();
    hurried();
    const again = await gate.enter(true, 0);
    let isIn = false;
    const next = gate.enter(false, LONG_MS).then((leave) => ((isIn = true), leave));
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(isIn).toBe(false);
    again();
    (await next)();
  });
});
