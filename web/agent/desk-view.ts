import type {
  AgentProfile,
  AgentStateMessage,
  CallConnectedMessage,
  CallEndedMessage,
  CallTransferMessage,
  DesktopMessages,
  OrderCard,
  OtherOrder,
  ScreenMessage,
  SessionMessage,
} from '../../src/features/desktop/desktop.protocol.js';

/** An order of the call; `isUpdated`: the shop has sent a new version during the talk. */
export type OrderOnScreen = OrderCard & { readonly isUpdated?: boolean };

/** The call on the screen. */
export interface CallOnScreen extends CallConnectedMessage {
  readonly order: OrderOnScreen;
  readonly otherOrders: readonly (OtherOrder & OrderOnScreen)[];
  readonly endedAt: string | null;
  readonly wrapUpUntil: string | null;
  readonly isHeld: boolean;
}

/** Everything the page is drawn from; what the server said last. */
export interface DeskView {
  /** `asking`: not known yet; `closed`: another place has taken over, what was on the screen stays readable. */
  readonly session: 'asking' | 'signed_out' | 'live' | 'closed';
  /** Why the session ended, in the words of the notices. */
  readonly ending: string | null;
  readonly agent: AgentProfile | null;
  readonly state: AgentStateMessage | null;
  readonly call: CallOnScreen | null;
  /** The hand-over of this call, under way or failed. */
  readonly transfer: CallTransferMessage | null;
  /** The event stream stands. */
  readonly isConnected: boolean;
  readonly screen: ScreenMessage;
}

export const START: DeskView = {
  session: 'asking',
  ending: null,
  agent: null,
  state: null,
  call: null,
  transfer: null,
  isConnected: false,
  screen: { isActive: true },
};

/** What the page learns: the server's messages, and what it has done itself. */
export type DeskFact =
  | {
      readonly [E in keyof DesktopMessages]: { readonly event: E; readonly data: DesktopMessages[E] };
    }[keyof DesktopMessages]
  | { readonly event: 'signed_in'; readonly data: SessionMessage }
  | { readonly event: 'signed_out'; readonly data: { readonly reason: string | null } }
  | { readonly event: 'held'; readonly data: { readonly isHeld: boolean } }
  | { readonly event: 'link'; readonly data: { readonly isConnected: boolean } };

/** `reserved`: about to take a buyer over, whose card is there before them. */
const AT_CALL: readonly string[] = ['reserved', 'talking', 'wrap_up', 'lost'];
/** Sessions that end so leave the page as it is: somebody may want to read what was on it. */
const TAKEN_OVER = 'session.replaced';

/** What a fact makes of the view. */
export function after(view: DeskView, fact: DeskFact): DeskView {
  switch (fact.event) {
    case 'signed_in': {
      const { agent, ...state } = fact.data;
      const call = AT_CALL.includes(state.state) && view.call?.callId === state.callId ? view.call : null;
      return { ...view, session: 'live', ending: null, agent, state, call };
    }
    case 'signed_out':
      return { ...START, session: 'signed_out', ending: fact.data.reason };
    case 'agent.state':
      return onState(view, fact.data);
    case 'call.connected':
      return onConnected(view, fact.data);
    case 'call.transfer':
      return onTransfer(view, fact.data);
    case 'call.ended':
      return onEnded(view, fact.data);
    case 'order.arrived': {
      const { callId, order } = fact.data;
      return withCall(view, callId, (call) => ({
        ...call,
        otherOrders: [...call.otherOrders.filter(({ id }) => id !== order.id), order],
      }));
    }
    case 'order.updated': {
      const { callId, order } = fact.data;
      return withOrder(view, callId, { id: order.id }, { ...order, isUpdated: true });
    }
    case 'order.withdrawn': {
      const { callId, orderId } = fact.data;
      return withOrder(view, callId, { orderId }, { isWithdrawRequested: true });
    }
    case 'screen.state':
      return { ...view, screen: fact.data };
    case 'held':
      return view.call === null ? view : { ...view, call: { ...view.call, isHeld: fact.data.isHeld } };
    case 'link':
      return { ...view, isConnected: fact.data.isConnected };
    case 'notice': {
      const { code } = fact.data;
      if (!code.startsWith('session.')) return view;
      if (code === TAKEN_OVER) return { ...view, session: 'closed', ending: code, isConnected: false };
      return { ...START, session: 'signed_out', ending: code === 'session.signed_out' ? null : code };
    }
    default:
      return unknownFact(view, fact);
  }
}

/** A server newer than this page may tell more than it knows. */
function unknownFact(view: DeskView, _fact: never): DeskView {
  return view;
}

/** Whether this page may act: signed in, and the active one of this session's tabs. */
export function mayAct(view: DeskView): boolean {
  return view.session === 'live' && view.screen.isActive;
}

function onState(view: DeskView, state: AgentStateMessage): DeskView {
  const call = AT_CALL.includes(state.state) && view.call?.callId === state.callId ? view.call : null;
  const isWrapUp = state.state === 'wrap_up';
  return {
    ...view,
    state,
    transfer: call === null || isWrapUp ? null : view.transfer,
    call: call === null || !isWrapUp ? call : { ...call, wrapUpUntil: state.wrapUpUntil, isHeld: false },
  };
}

function onConnected(view: DeskView, message: CallConnectedMessage): DeskView {
  const isSame = view.call?.callId === message.callId;
  const wrapUpUntil = view.state?.state === 'wrap_up' ? view.state.wrapUpUntil : null;
  const old = isSame ? view.call : null;
  return {
    ...view,
    call: {
      ...message,
      endedAt: old?.endedAt ?? null,
      wrapUpUntil: old?.wrapUpUntil ?? wrapUpUntil,
      isHeld: old?.isHeld ?? false,
    },
  };
}

const TRANSFER_OVER: readonly string[] = ['done', 'cancelled'];

function onTransfer(view: DeskView, transfer: CallTransferMessage): DeskView {
  const { callId, side, state, card } = transfer;
  const isOver = TRANSFER_OVER.includes(state) || (side === 'to' && state === 'failed');
  const isCard = card !== null && view.call?.callId !== callId;
  const call = isCard ? { ...card, endedAt: null, wrapUpUntil: null, isHeld: false } : view.call;
  return { ...view, call, transfer: isOver || call?.callId !== callId ? null : transfer };
}

function onEnded(view: DeskView, { callId, endedAt, wrapUpUntil }: CallEndedMessage): DeskView {
  return withCall(view, callId, (call) => ({ ...call, endedAt, wrapUpUntil, isHeld: false }));
}

/** Changes whichever order of the call it is. */
function withOrder(
  view: DeskView,
  callId: string,
  which: { readonly id?: string; readonly orderId?: string },
  change: Partial<OrderOnScreen>,
): DeskView {
  const changed = <O extends OrderCard>(order: O): O =>
    order.id === which.id || order.orderId === which.orderId ? { ...order, ...change } : order;
  return withCall(view, callId, (call) => ({
    ...call,
    order: changed(call.order),
    otherOrders: call.otherOrders.map(changed),
  }));
}

function withCall(view: DeskView, callId: string, change: (call: CallOnScreen) => CallOnScreen): DeskView {
  return view.call?.callId === callId ? { ...view, call: change(view.call) } : view;
}
