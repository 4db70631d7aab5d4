import { describe, expect, it } from 'vitest';
import { Gathering } from './gathering.js';

interface Piece {
  readonly owner: string;
  readonly n: number;
}

/** A gathering whose goes end when the test says so. */
function held(o: { most?: number; atOnce?: number } = {}) {
  const goes: { pieces: readonly Piece[]; end: () => void; fail: (error: Error) => void }[] = [];
  const gathering = new Gathering<Piece, string>({
    most: o.most ?? 10,
    atOnce: o.atOnce ?? 1,
    ownerOf: ({ owner }) => owner,
    work: (pieces) =>
      new Promise((resolve, reject) => {
        goes.push({ pieces, end: () => resolve(pieces.map(({ owner, n }) => `${owner}${n}`)), fail: reject });
      }),
  });
  const add = (owner: string, ...numbers: number[]): Promise<string>[] =>
    numbers.map((n) => gathering.add({ owner, n }));
  const shown = (at: number): string => goes[at]?.pieces.map(({ owner, n }) => `${owner}${n}`).join(' ') ?? '';
  return { gathering, goes, add, shown };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('a gathering', () => {
  it('does what comes together in one go, and answers each in its place', async () => {
    const { goes, add, shown } = held();
    const answers = [...add('a', 1, 2), ...add('b', 3)];
    await turn();
    expect(shown(0)).toBe('a1 b3 a2');
    goes[0]?.end();
    expect(await Promise.all(answers)).toEqual(['a1', 'a2', 'b3']);
    expect(goes).toHaveLength(1);
  });

  it('gathers what comes while it works, up to its most', async () => {
    const { goes, add, shown } = held({ most: 3 });
    const first = add('a', 1);
    await turn();
    const later = add('a', 2, 3, 4, 5);
    await turn();
    expect(goes).toHaveLength(1);
    goes[0]?.end();
    await Promise.all(first);
    await turn();
    expect(shown(1)).toBe('a2 a3 a4');
    goes[1]?.end();
    await turn();
    goes[2]?.end();
    expect(await Promise.all(later)).toEqual(['a2', 'a3', 'a4', 'a5']);
  });

  it('lets the few of one owner go before the many of another', async () => {
    const { gathering, goes, add, shown } = held({ most: 4 });
    const many = add('big', ...Array.from({ length: 20 }, (_, n) => n));
    const few = add('small', 100, 101);
    await turn();
    expect(shown(0)).toBe('big0 small100 big1 small101');
    expect(gathering.waitingOf('big').count).toBe(18);
    expect(gathering.waitingOf('small')).toEqual({ count: 0, longestMs: 0 });
    for (let at = 0; at < 6; at += 1) {
      goes[at]?.end();
      await turn();
    }
    expect(await Promise.all([...many, ...few])).toHaveLength(22);
  });

  it('runs so many goes side by side', async () => {
    const { goes, add, shown } = held({ most: 2, atOnce: 2 });
    const all = add('a', 1, 2, 3, 4, 5);
    await turn();
    expect([goes.length, shown(0), shown(1)]).toEqual([2, 'a1 a2', 'a3 a4']);
    goes[1]?.end();
    await turn();
    expect(shown(2)).toBe('a5');
    goes[0]?.end();
    goes[2]?.end();
    expect(await Promise.all(all)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  });

  it('tells a failure to all whom it met, and goes on', async () => {
    const { goes, add } = held();
    const failed = add('a', 1, 2);
    await turn();
    goes[0]?.fail(new Error('no'));
    for (const one of failed) await expect(one).rejects.toThrow('no');
    const [next] = add('a', 3);
    await turn();
    goes[1]?.end();
    expect(await next).toBe('a3');
  });

  it('says how long somebody has been waiting', async () => {
    const { gathering, goes, add } = held();
    void add('a', 1);
    await turn();
    const waits = add('a', 2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gathering.waitingOf('a').count).toBe(1);
    expect(gathering.waitingOf('a').longestMs).toBeGreaterThanOrEqual(15);
    goes[0]?.end();
    await turn();
    goes[1]?.end();
    await Promise.all(waits);
    expect(gathering.waitingOf('a').longestMs).toBe(0);
  });
});
