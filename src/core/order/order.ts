/** Where an order stands (contract, section 2). `final` is the only state with an outcome. */
export const ORDER_STATUSES = ['accepted', 'scheduled', 'dialing', 'ringing', 'connected', 'wrap_up', 'final'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** The final word about an order (contract, section 2). */
export const OUTCOMES = [
  'confirmed',
  'changed',
  'declined',
  'unreachable',
  'invalid_number',
  'duplicate',
  'do_not_call',
  'withdrawn',
  'expired',
  'blocked',
  'failed',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What an agent may say of a talk (contract, section 5): the first six end the order, the last two lead to another call. */
export const AGENT_OUTCOMES = [
  'confirmed',
  'changed',
  'declined',
  'invalid_number',
  'duplicate',
  'do_not_call',
  'callback',
  'no_decision',
] as const;
export type AgentOutcome = (typeof AGENT_OUTCOMES)[number];
