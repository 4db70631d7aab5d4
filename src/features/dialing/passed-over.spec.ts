import { expect, it } from 'vitest';
import { PassedOver } from './passed-over.js';

const refs = (passedOver: PassedOver, free: string[], atMs: number) => [...passedOver.of('g', free, atMs)];

it('remembers orders of a group while nobody else becomes free, and for so long', () => {
  const passedOver = new PassedOver(2_000);
  passedOver.add('g', ['a'], ['anna', 'borys'], 0);
  passedOver.add('g', ['b'], ['anna', 'borys'], 1_000);
  expect(refs(passedOver, ['anna'], 1_999)).toEqual(['a', 'b']);
  expect([...passedOver.of('other', ['anna'], 1_999)]).toEqual([]);
  expect(refs(passedOver, ['anna'], 2_000)).toEqual([]);
});

it('forgets them when somebody else becomes free', () => {
  const passedOver = new PassedOver(2_000);
  passedOver.add('g', ['a'], ['anna'], 0);
  expect(refs(passedOver, ['anna', 'vira'], 10)).toEqual([]);
  expect(refs(passedOver, ['anna'], 20)).toEqual([]);
});

it('forgets them when somebody becomes free who was not when one of them was met', () => {
  const passedOver = new PassedOver(2_000);
  passedOver.add('g', ['a'], ['anna', 'borys'], 0);
  passedOver.add('g', ['b'], ['anna'], 10);
  expect(refs(passedOver, ['anna'], 20)).toEqual(['a', 'b']);
  expect(refs(passedOver, ['anna', 'borys'], 30)).toEqual([]);
});

it('is bounded, and says when it is full', () => {
  const passedOver = new PassedOver(2_000);
  const hundred = (n: number) => Array.from({ length: 100 }, (_, i) => `${n}-${i}`);
  for (let n = 0; n < 99; n++) expect(passedOver.add('g', hundred(n), [], 0)).toBe(true);
  expect(passedOver.add('g', hundred(99), [], 0)).toBe(false);
  expect(passedOver.add('g', hundred(100), [], 0)).toBe(false);
  expect(refs(passedOver, [], 1)).toHaveLength(10_000);
});
