import { describe, expect, it } from 'vitest';
import { chooseCallerId, chooseTrunk, refill, type TrunkLoad } from './choose-trunk.js';

const trunk = (trunkId: string, more: Partial<TrunkLoad> = {}): TrunkLoad => ({
  trunkId,
  prefixes: [],
  priority: 0,
  linesFree: 5,
  ...more,
});
const chosen = (trunks: TrunkLoad[], number = '+380671234567') => {
  const choice = chooseTrunk(trunks, number);
  return typeof choice === 'string' ? choice : choice.trunkId;
};

describe('chooseTrunk', () => {
  it.each([
    ['any number on a trunk without prefixes', [trunk('a')], 'a'],
    ['better priority first', [trunk('a', { priority: 2 }), trunk('b', { priority: 1 })], 'b'],
    [
      'longer prefix at equal priority',
      [trunk('a', { prefixes: ['+380'] }), trunk('b', { prefixes: ['+38067', '+1'] })],
      'b',
    ],
    ['the freer one at equal prefix', [trunk('a'), trunk('b', { linesFree: 9 })], 'b'],
    ['overflow when the best is full', [trunk('a', { linesFree: 0 }), trunk('b', { priority: 9 })], 'b'],
    ['full when all are', [trunk('a', { linesFree: 0.9 })], 'full'],
    ['none when no prefix fits', [trunk('a', { prefixes: ['+48'] })], 'none'],
    ['none without trunks', [], 'none'],
  ])('%s', (_name, trunks, expected) => {
    expect(chosen(trunks)).toBe(expected);
  });
});

describe('chooseCallerId', () => {
  it('is the shop’s, else one of the trunk’s and always the same for one buyer', () => {
    expect(chooseCallerId('+380440000001', ['+380440000002'], '+380671234567')).toBe('+380440000001');
    expect(chooseCallerId(null, [], '+380671234567')).toBeNull();
    const ids = ['+380440000002', '+380440000003', '+380440000004'];
    const first = chooseCallerId(null, ids, '+380671234567');
    expect(ids).toContain(first);
    expect(chooseCallerId(null, ids, '+380671234567')).toBe(first);
  });
});

describe('refill', () => {
  it('fills evenly and holds one second’s worth', () => {
    expect(refill(null, 10, 0).tokens).toBe(10);
    expect(refill({ tokens: 0, atMs: 0 }, 10, 250).tokens).toBeCloseTo(2.5);
    expect(refill({ tokens: 0, atMs: 0 }, 10, 60_000).tokens).toBe(10);
    expect(refill({ tokens: 0, atMs: 0 }, 0.5, 2_000).tokens).toBe(1);
  });
});
