import fc from 'fast-check';
import { expect, it } from 'vitest';
import { helpsAfterSeconds } from './overflow.js';

const groups = [
  { group: 'first', afterSeconds: 0 },
  { group: 'second', afterSeconds: 30 },
  { group: 'third', afterSeconds: 65 },
];

it.each<[string, string, string[], number | null]>([
  ['the first group takes part at once', 'first', [], 0],
  ['the next one after the wait', 'second', ['first', 'second'], 30],
  ['at once when nobody is at work in the first', 'second', ['second', 'third'], 0],
  ['at once when nobody is at work in either', 'third', ['third'], 0],
  ['after the wait behind the one that is there', 'third', ['second', 'third'], 35],
  ['after both waits', 'third', ['first'], 65],
  ['a group that does not serve the shop', 'other', ['first'], null],
])('%s', (_name, group, staffed, expected) => {
  expect(helpsAfterSeconds(groups, group, new Set(staffed))).toBe(expected);
});

it('people who come to work in front never make a group help sooner', () => {
  const names = groups.map(({ group }) => group);
  fc.assert(
    fc.property(fc.subarray(names), fc.constantFrom(...names), fc.constantFrom(...names), (staffed, more, group) => {
      const before = helpsAfterSeconds(groups, group, new Set(staffed));
      const after = helpsAfterSeconds(groups, group, new Set([...staffed, more]));
      expect(after).toBeGreaterThanOrEqual(before ?? 0);
    }),
  );
});
