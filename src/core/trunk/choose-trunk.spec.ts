import { describe, expect, it } from 'vitest';
import { chooseCallerId, chooseTrunk, hasOtherWay, wayTo, type TrunkLoad } from './choose-trunk.js';

const trunk = (trunkId: string, more: Partial<TrunkLoad> = {}): TrunkLoad => ({
  trunkId,
  prefixes: [],
  priority: 0,
  linesFree: 5,
  ...more,
});
const chosen = (trunks: TrunkLoad[], number = '+380671234567', failedTrunks: string[] = []) => {
  const choice = chooseTrunk(trunks, number, { failedTrunks });
  return typeof choice === 'string' ? choice : choice.trunkId;
};
const buyers = Array.from({ length: 3_000 }, (_, n) => `+38067${String(n).padStart(7, '0')}`);

describe('chooseTrunk', () => {
  it.each([
    ['any number on a trunk without prefixes', [trunk('a')], 'a'],
    ['better priority first', [trunk('a', { priority: 2 }), trunk('b', { priority: 1 })], 'b'],
    [
      'longer prefix at equal priority',
      [trunk('a', { prefixes: ['+380'] }), trunk('b', { prefixes: ['+38067', '+1'] })],
      'b',
    ],
    ['overflow when the best is full', [trunk('a', { linesFree: 0 }), trunk('b', { priority: 9 })], 'b'],
    ['full when all are', [trunk('a', { linesFree: 0.9 })], 'full'],
    ['none when no prefix fits', [trunk('a', { prefixes: ['+48'] })], 'none'],
    ['none without trunks', [], 'none'],
    ['down when every circuit is open', [trunk('a', { circuit: 'open', linesFree: 0 })], 'down'],
    ['past an open circuit', [trunk('a', { circuit: 'open', linesFree: 0 }), trunk('b', { priority: 9 })], 'b'],
    [
      'full behind an open circuit',
      [trunk('a', { circuit: 'open', linesFree: 0 }), trunk('b', { linesFree: 0 })],
      'full',
    ],
    [
      'a probe over the better one',
      [trunk('a', { circuit: 'half_open', linesFree: 1 }), trunk('b', { priority: 9 })],
      'a',
    ],
  ])('%s', (_name, trunks, expected) => {
    expect(chosen(trunks)).toBe(expected);
  });

  it('leaves out a trunk that has just failed on this buyer, while another one works', () => {
    const number = '+380671234567';
    const both = [trunk('a'), trunk('b', { priority: 9 })];
    expect(chosen(both, number, ['a'])).toBe('b');
    expect(chosen([trunk('a'), trunk('b', { linesFree: 0 })], number, ['a'])).toBe('full');
    expect(chosen([trunk('a'), trunk('b', { circuit: 'open', linesFree: 0 })], number, ['a'])).toBe('a');
    expect(chosen(both, number, ['a', 'b'])).toBe('a');
  });

  it('gives each buyer the same one of equal trunks, whatever their order and load', () => {
    const [a, b, c] = [trunk('a'), trunk('b'), trunk('c')];
    for (const number of buyers.slice(0, 200)) {
      const first = chosen([a, b, c], number);
      expect(chosen([c, { ...b, linesFree: 1 }, a], number)).toBe(first);
      // When another one goes, nobody else moves.
      const others = [a, b, c].filter(({ trunkId }) => trunkId !== first);
      const gone = chosen(others, number);
      expect(
        chosen(
          [a, b, c].filter(({ trunkId }) => trunkId !== gone),
          number,
        ),
      ).toBe(first);
    }
  });

  it('spreads the buyers over equal trunks by their size', () => {
    const trunks = [trunk('small', { maxChannels: 10 }), trunk('large', { maxChannels: 30 })];
    const large = buyers.filter((number) => chosen(trunks, number) === 'large').length;
    expect(large / buyers.length).toBeGreaterThan(0.72);
    expect(large / buyers.length).toBeLessThan(0.78);
  });
});

describe('hasOtherWay', () => {
  it.each<[string, TrunkLoad[], boolean]>([
    ['another trunk leads there', [trunk('a'), trunk('b')], true],
    ['it may be full for the moment', [trunk('a'), trunk('b', { linesFree: 0 })], true],
    ['it leads elsewhere', [trunk('a'), trunk('b', { prefixes: ['+48'] })], false],
    ['its circuit is open', [trunk('a'), trunk('b', { circuit: 'open' })], false],
    ['there is none', [trunk('a')], false],
  ])('%s', (_name, trunks, expected) => {
    expect(hasOtherWay(trunks, '+380671234567', { failedTrunks: ['a'] })).toBe(expected);
  });
});

describe('wayTo', () => {
  const at = (prefix: string, linesFree: number, circuit?: 'closed' | 'open' | 'half_open'): TrunkLoad => ({
    trunkId: `${prefix} ${circuit}`,
    prefixes: [prefix],
    priority: 0,
    linesFree,
    ...(circuit ? { circuit } : {}),
  });
  it.each<[string, TrunkLoad[], string]>([
    ['a line', [at('+380', 0), at('+38067', 1)], 'free'],
    ['none free, whatever other numbers have', [at('+380', 0), at('+48', 9)], 'full'],
    ['all refuse', [at('+380', 0, 'open')], 'down'],
    ['single calls try again', [at('+380', 0, 'open'), at('+380', 0, 'half_open')], 'down'],
    ['one of them works and is full', [at('+380', 0, 'half_open'), at('+380', 0, 'closed')], 'full'],
    ['a probe may leave', [at('+380', 1, 'half_open')], 'free'],
    ['none leads there', [at('+48', 9)], 'none'],
  ])('%s', (_name, trunks, way) => {
    expect(wayTo(trunks, '+380671234567')).toBe(way);
  });
});

describe('chooseCallerId', () => {
  const shop = { callerId: '+380440000001', callerIds: { PL: '+48221234567' } };
  const ofTrunk = { callerId: null, callerIds: {} };
  it('is the shop’s for the buyer’s country, else the shop’s own, else the trunk’s', () => {
    expect(chooseCallerId(shop, ['+380440000002'], '+48601234567')).toBe('+48221234567');
    expect(chooseCallerId(shop, ['+380440000002'], '+380671234567')).toBe('+380440000001');
    expect(chooseCallerId({ ...shop, callerId: null }, ['+380440000002'], '+380671234567')).toBe('+380440000002');
    expect(chooseCallerId(ofTrunk, [], '+380671234567')).toBeNull();
  });

  it('is one of the trunk’s from the buyer’s country where there is any', () => {
    const ids = ['+48221234567', '+380440000002', '+380440000003'];
    expect(chooseCallerId(ofTrunk, ids, '+48601234567')).toBe('+48221234567');
    expect(chooseCallerId(ofTrunk, ids, '+380671234567')).toMatch(/^\+380/);
    expect(ids).toContain(chooseCallerId(ofTrunk, ids, '+4915112345678'));
  });

  it('is always the same one for one buyer, whatever is added, and uses all of them', () => {
    const ids = ['+380440000002', '+380440000003', '+380440000004'];
    const seen = new Set<string | null>();
    for (const number of buyers.slice(0, 200)) {
      const first = chooseCallerId(ofTrunk, ids, number);
      seen.add(first);
      const more = chooseCallerId(ofTrunk, ['+380440000005', ...ids], number);
      expect([first, '+380440000005']).toContain(more);
    }
    expect([...seen].sort()).toEqual(ids);
  });
});
