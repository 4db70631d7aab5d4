import { describe, expect, it } from 'vitest';
import { AGENT_OUTCOMES } from '../order/order.js';
import {
  checkWord,
  decideWord,
  effectOf,
  meaningOf,
  type AgentWord,
  type Meaning,
  type TalkStage,
} from './agent-word.js';

const now = new Date('2026-11-22T10:00:00Z');
const tomorrow = new Date('2026-11-23T10:00:00Z');
const word = (more: Partial<AgentWord>): AgentWord => ({
  outcome: 'confirmed',
  changes: null,
  note: null,
  callbackAt: null,
  callbackAgent: null,
  ...more,
});

describe('what a word means', () => {
  it.each(AGENT_OUTCOMES)('%s', (outcome) => {
    const meaning = meaningOf(word({ outcome, callbackAt: tomorrow, callbackAgent: 'me' }));
    if (outcome === 'callback') expect(meaning).toEqual({ kind: 'callback', at: tomorrow, isSameAgent: true });
    else if (outcome === 'no_decision') expect(meaning).toEqual({ kind: 'retry' });
    else expect(meaning).toEqual({ kind: 'final', outcome });
  });
});

describe('whether a word is in order', () => {
  const changes = { comment: 'ring twice' };
  const cases: [string, AgentWord, string[]][] = [
    ['a plain word', word({}), []],
    ['changed with changes', word({ outcome: 'changed', changes }), []],
    ['changed without', word({ outcome: 'changed' }), ['/changes']],
    ['changes with another word', word({ changes }), ['/changes']],
    ['a callback tomorrow', word({ outcome: 'callback', callbackAt: tomorrow }), []],
    ['a callback without a time', word({ outcome: 'callback' }), ['/callbackAt']],
    ['a callback now', word({ outcome: 'callback', callbackAt: now }), ['/callbackAt']],
    [
      'a callback next year',
      word({ outcome: 'callback', callbackAt: new Date('2027-11-22T10:00:00Z') }),
      ['/callbackAt'],
    ],
    [
      'a time with another word',
      word({ callbackAt: tomorrow, callbackAgent: 'me' }),
      ['/callbackAt', '/callbackAgent'],
    ],
  ];
  it.each(cases)('%s', (_, given, pointers) => {
    expect(checkWord(given, now).map((error) => error.pointer)).toEqual(pointers);
  });
});

describe('what to do with a word', () => {
  const confirmed: Meaning = { kind: 'final', outcome: 'confirmed' };
  const retry: Meaning = { kind: 'retry' };
  const open = { outcome: null, isElsewhere: false };
  const decide = (
    stage: TalkStage,
    meaning: Meaning,
    order: Parameters<typeof decideWord>[0]['order'] = open,
    isWithdrawRequested = false,
  ) => decideWord({ stage, meaning, order, isWithdrawRequested });

  it('keeps it while they talk', () => {
    expect(decide('talking', confirmed)).toEqual({ kind: 'keep' });
    expect(decide('talking', retry)).toEqual({ kind: 'keep' });
  });
  it('applies it in the wrap-up', () => {
    expect(decide('wrap_up', confirmed)).toEqual({ kind: 'apply', effect: confirmed });
    expect(decide('wrap_up', retry)).toEqual({ kind: 'apply', effect: retry });
  });
  it('corrects a final order in the wrap-up with a final word only', () => {
    const final = { outcome: 'declined' as const, isElsewhere: false };
    expect(decide('wrap_up', confirmed, final)).toEqual({ kind: 'correct', outcome: 'confirmed' });
    expect(decide('wrap_up', retry, final)).toEqual({ kind: 'refuse', code: 'call.state_refused' });
  });
  it('refuses it once the wrap-up has ended or the order has moved on', () => {
    expect(decide('over', confirmed)).toEqual({ kind: 'refuse', code: 'call.closed' });
    expect(decide('wrap_up', confirmed, { outcome: null, isElsewhere: true })).toEqual({
      kind: 'refuse',
      code: 'call.closed',
    });
  });
  it("lets the buyer's decision stand against the shop's withdrawal, and nothing less", () => {
    expect(effectOf(confirmed, true)).toEqual(confirmed);
    expect(effectOf(retry, true)).toEqual({ kind: 'final', outcome: 'withdrawn' });
    expect(effectOf({ kind: 'callback', at: tomorrow, isSameAgent: false }, true)).toEqual({
      kind: 'final',
      outcome: 'withdrawn',
    });
    expect(effectOf(retry, false)).toEqual(retry);
  });
});
