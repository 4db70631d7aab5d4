import type { AgentWord } from './agent-word.js';

/**
 * What an agent's word for a whole call says of one of its orders; null: nothing.
 *
 * The first order (`isMain`) takes the word as it is. Changes are about that order only, so the others of the call are `confirmed` with it; and
 * that it was a `duplicate` says nothing of the others.
 */
export function wordForOrder(whole: AgentWord, isMain: boolean): AgentWord | null {
  if (isMain) return whole;
  switch (whole.outcome) {
    case 'changed':
      return { ...whole, outcome: 'confirmed', changes: null };
    case 'duplicate':
      return null;
    default:
      return whole;
  }
}
