import { expect, it } from 'vitest';
import { PassedOver } from './passed-over.js';

it('remembers orders of a group while nobody else becomes free, and for 2 s', () => {
  const passedOver = new PassedOver();
  passedOver.add('g', ['a'], ['anna', 'borys'], 0);
  passedOver.add('g', ['b'], ['anna', 'borys'], 1_000);
  expect(passedOver.of('g', ['anna'], 1_999)).toEqual(['a', 'b']);
  expect(passedOver.of('other', ['anna'], 1_999)).toEqual([]);
  expect(passedOver.of('g', ['anna'], 2_000)).toEqual([]);
});

it('forgets them when somebody else becomes free', () => {
  const passedOver = new PassedOver();
  passedOver.add('g', ['a'], ['anna'], 0);
  expect(passedOver.of('g', ['anna', 'vira'], 10)).toEqual([]);
  expect(passedOver.of('g', ['anna'], 20)).toEqual([]);
});

it('is bounded', () => {
  const passedOver = new PassedOver();
  for (let n = 0; n < 30; n++)
    passedOver.add(
      'g',
      Array.from({ length: 100 }, (_, i) => `${n}-${i}`),
      [],
      0,
    );
  expect(passedOver.of('g', [], 1)).toHaveLength(2_000);
});
