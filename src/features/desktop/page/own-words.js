/** Words that need nothing but themselves; changes and callbacks are said of the first order. */
export const OWN_OUTCOMES = ['confirmed', 'declined', 'no_decision', 'duplicate', 'invalid_number', 'do_not_call'];

const chosen = new Map();

/** Forgets all choices, for a new call. */
export function resetOwnWords() {
  chosen.clear();
}

/** The outcome chosen for this order; empty when it has no word of its own. */
export function ownWord(orderId) {
  return chosen.get(orderId) ?? '';
}

export function setOwnWord(orderId, outcome) {
  if (outcome === '') chosen.delete(orderId);
  else chosen.set(orderId, outcome);
}

/** The part of the body that is about single orders. */
export function ownWords() {
  return [...chosen].map(([orderId, outcome]) => ({ orderId, outcome }));
}
