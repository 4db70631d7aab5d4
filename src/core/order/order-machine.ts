import type { OrderStatus, Outcome } from './order.js';

/**
 * The order machine.
 *
 * ```
 *            received                schedule             call_progressed
 *   (nothing) ------> accepted ----------------> scheduled ------> dialing -> ringing -> connected -> wrap_up
 *                        |                        ^  |                |          |           |           |
 *                        |                        |  |                '----------+--reschedule-----------'
 *                        |                        '--|-----------------------------------'
 *                        '--- withdraw, finish ------+------> final <------ finish (any time)
 * ```
 *
 * A cancel of an order that is being called does not end it at once: the call is ended first (or the agent decides), and whatever would have put
 * the order back into the queue makes it `final` / `withdrawn` instead. `final` is for ever.
 */
export type OrderState =
  | { readonly status: 'accepted' | 'scheduled' }
  | { readonly status: LiveStatus; readonly callId: string; readonly isWithdrawRequested: boolean }
  | { readonly status: 'final'; readonly outcome: Outcome };

/** Statuses of an order that somebody is busy with. */
export type LiveStatus = 'dialing' | 'ringing' | 'connected' | 'wrap_up';

export type OrderEvent =
  | { readonly kind: 'schedule' }
  | { readonly kind: 'call_progressed'; readonly status: LiveStatus; readonly callId: string }
  | { readonly kind: 'reschedule' }
  | { readonly kind: 'withdraw' }
  | { readonly kind: 'finish'; readonly outcome: Outcome };

/** `ask_to_end_call`: a live call serves a cancelled order. `tell_finished`: the order has just become final. */
export type OrderAction = 'ask_to_end_call' | 'tell_finished';

export type OrderDecision =
  { readonly order: OrderState; readonly actions: readonly OrderAction[] } | { readonly ignored: string };

/** Where each status may lead, and what ends it at the latest. */
export const ORDER_MOVES: Readonly<
  Record<OrderStatus, { readonly to: readonly OrderStatus[]; readonly endedBy: string }>
> = {
  accepted: { to: ['scheduled', 'final'], endedBy: 'the scheduling job, or the sweep after 2 s' },
  scheduled: { to: ['dialing', 'ringing', 'connected', 'wrap_up', 'final'], endedBy: 'the dial queue, or give_up_at' },
  dialing: { to: ['ringing', 'connected', 'wrap_up', 'scheduled', 'final'], endedBy: 'the limits of the call machine' },
  ringing: { to: ['connected', 'wrap_up', 'scheduled', 'final'], endedBy: 'the limits of the call machine' },
  connected: { to: ['wrap_up', 'scheduled', 'final'], endedBy: 'the limits of the call machine' },
  wrap_up: { to: ['scheduled', 'final'], endedBy: 'the limit of the wrap-up' },
  final: { to: [], endedBy: 'nothing: it is the end' },
};

const STEP: Readonly<Record<LiveStatus, number>> = { dialing: 1, ringing: 2, connected: 3, wrap_up: 4 };

/**
 * What an event makes of an order. Never throws: a fact that comes late, twice or after the end is ignored with a reason.
 * An event that changes nothing (scheduling a scheduled order) is ignored too, but for `reschedule`, which may carry another time.
 */
export function decideOrder(order: OrderState, event: OrderEvent): OrderDecision {
  if (order.status === 'final') return { ignored: 'the order is final' };
  const live = isLive(order) ? order : null;
  switch (event.kind) {
    case 'schedule':
      return order.status === 'accepted'
        ? { order: { status: 'scheduled' }, actions: [] }
        : { ignored: 'scheduled already' };
    case 'call_progressed':
      return progress(order, live, event);
    case 'reschedule':
      return live?.isWithdrawRequested === true ? finish('withdrawn') : { order: { status: 'scheduled' }, actions: [] };
    case 'withdraw':
      if (live === null) return finish('withdrawn');
      if (live.isWithdrawRequested) return { ignored: 'withdrawn already' };
      return { order: { ...live, isWithdrawRequested: true }, actions: ['ask_to_end_call'] };
    case 'finish':
      return finish(event.outcome);
  }
}

function progress(
  order: OrderState,
  live: Extract<OrderState, { callId: string }> | null,
  event: Extract<OrderEvent, { kind: 'call_progressed' }>,
): OrderDecision {
  if (order.status === 'accepted') return { ignored: 'not scheduled yet' };
  if (live !== null && live.callId !== event.callId) return { ignored: 'another call is live' };
  if (live !== null && STEP[live.status] >= STEP[event.status]) return { ignored: 'further already' };
  return {
    order: { status: event.status, callId: event.callId, isWithdrawRequested: live?.isWithdrawRequested ?? false },
    actions: [],
  };
}

function finish(outcome: Outcome): OrderDecision {
  return { order: { status: 'final', outcome }, actions: ['tell_finished'] };
}

/** Whether a call or its wrap-up is going on. */
export function isLive(order: OrderState): order is Extract<OrderState, { callId: string }> {
  return 'callId' in order;
}

/** What a shop's message does to an order that is known already. */
export type MessageEffect = 'update' | 'withdraw' | 'complete_tombstone' | 'nothing';

/**
 * Judges a shop's message about a known order by its version (contract, section 2).
 *
 * A lower or equal version changes nothing; neither does anything sent after the end. A cancel that came before its create left a tombstone
 * (`hasContent` false): the create then only fills it, whatever its version, and the order stays withdrawn.
 */
export function effectOfMessage(
  known: { readonly version: number; readonly status: OrderStatus; readonly hasContent: boolean },
  message: { readonly kind: 'content' | 'cancel'; readonly version: number },
): MessageEffect {
  if (!known.hasContent && message.kind === 'content') return 'complete_tombstone';
  if (known.status === 'final' || message.version <= known.version) return 'nothing';
  return message.kind === 'cancel' ? 'withdraw' : 'update';
}
