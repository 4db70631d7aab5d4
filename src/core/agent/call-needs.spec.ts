import { describe, expect, it } from 'vitest';
import {
  awaitedAgent,
  callNeeds,
  skillsNeeded,
  type RoutedOrder,
  type RoutingHints,
  type SkillRule,
} from './call-needs.js';

const now = new Date('2026-11-24T10:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const rule = (skill: string, given: Partial<SkillRule> = {}): SkillRule => ({
  itemGroup: null,
  language: null,
  region: null,
  relaxAfterSeconds: null,
  skill,
  ...given,
});
const hints = (given: Partial<RoutingHints> = {}): RoutingHints => ({
  itemGroups: ['electronics', 'Toys'],
  language: 'uk-UA',
  region: 'Kyiv',
  ...given,
});

describe('skillsNeeded', () => {
  it.each<[string, SkillRule[], RoutingHints | null, number, string[]]>([
    ['nothing without rules', [], hints(), 0, []],
    ['a rule without conditions holds for every order', [rule('all')], null, 0, ['all']],
    ['an item group, in any case', [rule('tv', { itemGroup: 'Electronics' })], hints(), 0, ['tv']],
    ['no item of the group', [rule('tv', { itemGroup: 'kitchen' })], hints(), 0, []],
    ['a language with its regions', [rule('ua', { language: 'uk' })], hints(), 0, ['ua']],
    ['not a longer tag than the rule’s', [rule('br', { language: 'pt-BR' })], hints({ language: 'pt' }), 0, []],
    ['not a language that only begins so', [rule('k', { language: 'k' })], hints({ language: 'kk' }), 0, []],
    ['the shop’s language when the buyer has none', [rule('pl', { language: 'pl' })], null, 0, ['pl']],
    ['a region', [rule('capital', { region: 'kyiv ' })], hints(), 0, ['capital']],
    ['an order without a region fits no rule about regions', [rule('x', { region: 'kyiv' })], null, 0, []],
    ['all conditions of a rule', [rule('both', { itemGroup: 'toys', language: 'ru' })], hints(), 0, []],
    ['each skill once', [rule('a'), rule('b'), rule('a', { itemGroup: 'toys' })], hints(), 0, ['a', 'b']],
    ['a rule that gives way holds until then', [rule('a', { relaxAfterSeconds: 60 })], hints(), 59.9, ['a']],
    ['and not from then on', [rule('a', { relaxAfterSeconds: 60 }), rule('b')], hints(), 60, ['b']],
  ])('%s', (_name, skillRules, given, waited, expected) => {
    expect(skillsNeeded({ language: 'pl', skillRules }, given, waited)).toEqual(expected);
  });
});

describe('callNeeds', () => {
  const anOrder = (given: Partial<RoutedOrder> = {}): RoutedOrder => ({
    routing: hints(),
    waitingSince: ago(5),
    callbackAt: null,
    callbackAgentId: null,
    earlierAgentId: null,
    ...given,
  });
  const rules = { language: 'uk', skillRules: [], sameAgentSeconds: 10 };
  const atWork = new Map([['anna', { skills: ['tv'] }]]);
  const promised = (atSeconds: number) => anOrder({ callbackAt: ago(atSeconds), callbackAgentId: 'anna' });

  it.each<[string, RoutedOrder, string | null, boolean]>([
    ['anybody for an order of a stranger', anOrder(), null, false],
    ['who talked with the buyer, waiting for them', anOrder({ earlierAgentId: 'anna' }), 'anna', true],
    ['not longer than the shop says', anOrder({ earlierAgentId: 'anna', waitingSince: ago(10) }), 'anna', false],
    ['not for somebody who is not there', anOrder({ earlierAgentId: 'boris' }), 'boris', false],
    ['who promised the callback, before its time', promised(-20), 'anna', true],
    ['up to 15 s after it', promised(14.9), 'anna', true],
    ['then anybody', promised(15), 'anna', false],
    [
      'the promise goes before an earlier talk',
      anOrder({ callbackAt: now, callbackAgentId: 'anna', earlierAgentId: 'boris' }),
      'anna',
      true,
    ],
    [
      'a callback that anybody may make goes to who talked with the buyer',
      anOrder({ callbackAt: now, earlierAgentId: 'anna' }),
      'anna',
      true,
    ],
  ])('%s', (_name, order, preferredAgentId, isPreferredOnly) => {
    expect(callNeeds(order, rules, atWork, now)).toEqual({ skills: [], preferredAgentId, isPreferredOnly });
  });

  it('waits for nobody who lacks a skill that the order needs', () => {
    const skillRules = [rule('pl', { relaxAfterSeconds: 8 })];
    const order = anOrder({ earlierAgentId: 'anna' });
    expect(callNeeds(order, { ...rules, skillRules }, atWork, now)).toEqual({
      skills: ['pl'],
      preferredAgentId: 'anna',
      isPreferredOnly: false,
    });
    expect(callNeeds({ ...order, waitingSince: ago(8) }, { ...rules, skillRules }, atWork, now)).toMatchObject({
      skills: [],
      isPreferredOnly: true,
    });
  });
});

describe('awaitedAgent', () => {
  const rules = { language: 'uk', skillRules: [], sameAgentSeconds: 20 };
  const floor = (isFree: boolean) => new Map([['anna', { skills: [], isFree }]]);
  const promised = { callbackAt: now, callbackAgentId: 'anna', waitingSince: ago(20) };
  const known = { callbackAt: null, callbackAgentId: null, earlierAgentId: 'anna', waitingSince: ago(5) };
  it.each<[string, RoutedOrder, boolean, { until: Date; isPromised: boolean } | null]>([
    ['who promised, until 15 s after the promise', promised, false, { until: ago(-15), isPromised: true }],
    ['who promised and is free', promised, true, null],
    ['who promised too long ago', { ...promised, callbackAt: ago(15) }, false, null],
    ['who talked before, as long as the shop says', known, false, { until: ago(-15), isPromised: false }],
    ['who talked before, and the wait is over', { ...known, waitingSince: ago(20) }, false, null],
    ['who is not at work', { ...known, earlierAgentId: 'vira' }, false, null],
  ])('%s', (_name, order, isFree, awaited) => {
    expect(awaitedAgent(order, rules, floor(isFree), now)).toEqual(awaited);
  });
});
