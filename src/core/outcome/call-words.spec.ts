import { describe, expect, it } from 'vitest';
import { AGENT_OUTCOMES } from '../order/order.js';
import type { AgentWord } from './agent-word.js';
import { wordForOrder } from './call-words.js';

const word = (outcome: AgentWord['outcome']): AgentWord => ({
  outcome,
  changes: outcome === 'changed' ? { comment: 'no lift' } : null,
  note: 'a note',
  callbackAt: outcome === 'callback' ? new Date('2026-11-23T10:00:00Z') : null,
  callbackAgent: null,
});

describe('a word for a whole call', () => {
  it.each(AGENT_OUTCOMES)('%s is taken as it is by the first order', (outcome) => {
    expect(wordForOrder(word(outcome), true)).toEqual(word(outcome));
  });

  it.each(AGENT_OUTCOMES.filter((outcome) => outcome !== 'changed' && outcome !== 'duplicate'))(
    '%s goes to the other orders too, with its note and its time',
    (outcome) => {
      expect(wordForOrder(word(outcome), false)).toEqual(word(outcome));
    },
  );

  it('confirms the others when the first one is changed, without its changes', () => {
    expect(wordForOrder(word('changed'), false)).toEqual({ ...word('confirmed'), note: 'a note' });
  });

  it('says nothing of the others when the first one is a duplicate', () => {
    expect(wordForOrder(word('duplicate'), false)).toBeNull();
  });
});
