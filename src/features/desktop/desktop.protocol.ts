import type { AgentConnection, AgentState } from '../../core/agent/agent.js';
import type { AttemptResult } from '../../core/call/result.js';
import type { TransferFailure, TransferMode, TransferState } from '../../core/call/transfer.js';
import type { Delivery, OrderCard, OrderItem } from '../../core/order/order-card.js';
import type { AgentOutcome } from '../../core/order/order.js';
import type { OutcomeChanges } from '../../core/outcome/changes.js';
import type { FieldError } from '../../core/shared/errors.js';

export { AGENT_STATES } from '../../core/agent/agent.js';
export { ATTEMPT_RESULTS } from '../../core/call/result.js';
export { AGENT_OUTCOMES } from '../../core/order/order.js';
export { totalAfter } from '../../core/outcome/total.js';
export type { AgentOutcome, AgentState, AttemptResult, Delivery, FieldError, OrderCard, OrderItem, OutcomeChanges };

/** Where the agent stands; instants are RFC 3339 strings here and below. */
export interface AgentStateMessage {
  readonly state: AgentState;
  readonly since: string;
  /** Why it is a break: `signed_in`, `not_responding`, `no_outcome`, `screen_lost`, or the agent's own word. */
  readonly reason: string | null;
  readonly callId: string | null;
  /** What comes true after the call. */
  readonly wanted: 'ready' | 'break' | 'offline';
  /** When the wrap-up ends by itself; null in other states. */
  readonly wrapUpUntil: string | null;
  /** The exchange has the agent's phone on the line; absent in messages kept from before this was told. */
  readonly isLineUp?: boolean;
}

export interface AttemptMessage {
  readonly number: number;
  readonly result: AttemptResult | null;
  readonly at: string;
}

/**
 * Another order of the buyer. One that is in this call gets the word for the call, unless it is given one of its own; one that is not keeps waiting
 * unless it is given one.
 */
export interface OtherOrder extends OrderCard {
  readonly isInThisCall: boolean;
}

/** What this agent has said of an order of the call, in the fields of the outcome's body. */
export interface SaidMessage {
  /** Of the word: later words have greater ones. */
  readonly id: string;
  /** The order's `id`. */
  readonly orderRef: string;
  readonly outcome: AgentOutcome;
  readonly changes: OutcomeChanges | null;
  readonly note: string | null;
  readonly callbackAt: string | null;
  readonly callbackAgent: 'me' | 'anyone' | null;
}

/** Buyer and agent hear each other. */
export interface CallConnectedMessage {
  readonly callId: string;
  /** The order that the call was placed for. */
  readonly order: OrderCard;
  /** Earlier calls for this order, oldest first; this one is not among them. */
  readonly attempts: readonly AttemptMessage[];
  /** The buyer's other orders in the same shop: those in this call, and open ones. */
  readonly otherOrders: readonly OtherOrder[];
  readonly shop: {
    readonly shop: string;
    readonly name: string;
    readonly language: string;
    /** IANA zone of buyers who have none of their own. */
    readonly timeZone: string;
  };
  /** When this buyer may be rung back: hours and closed days in all zones the buyer may be in, for the days ahead that a callback may lie. */
  readonly callbackWindows: readonly { readonly from: string; readonly to: string }[];
  readonly connectedAt: string;
  readonly wrapUpSeconds: number;
  /** What the agent says first, in the buyer's language if the shop has a script in it, with names filled in; plain text. */
  readonly script: { readonly language: string; readonly text: string } | null;
  /** The last word of each order on which this agent has given one, for a screen that was not the one it was given on. */
  readonly said: readonly SaidMessage[];
}

/** The answer to an outcome: the call's first order as it is now, and what is kept of the agent's words. */
export interface OutcomeMessage extends OrderCard {
  readonly said: readonly SaidMessage[];
}

export interface CallEndedMessage {
  readonly callId: string;
  readonly result: AttemptResult;
  readonly endedAt: string;
  /** Until when an outcome can be given or corrected; null when there is no wrap-up. */
  readonly wrapUpUntil: string | null;
}

/** The answer to an outcome while the database is away: the word is safe on disk, and takes effect when the database is back. */
export interface SpooledMessage {
  readonly callId: string;
  readonly isSpooled: true;
}

/** The buyer has ordered once more while they talk: an order that is not in this call. */
export interface OrderArrivedMessage {
  readonly callId: string;
  readonly order: OtherOrder;
}

/** The shop has sent a new version of an order of the call. */
export interface OrderUpdatedMessage {
  readonly callId: string;
  readonly order: OrderCard;
}

/** The shop has taken an order of the call back; what the buyer decides in this talk still counts. */
export interface OrderWithdrawnMessage {
  readonly callId: string;
  readonly orderId: string;
}

/** How the hand-over of a call goes; told to both agents, to each state once. */
export interface CallTransferMessage {
  readonly callId: string;
  readonly transferId: string;
  /** `from`: this agent hands over; `to`: this agent is to take over. */
  readonly side: 'from' | 'to';
  readonly mode: TransferMode;
  readonly state: TransferState;
  /** Of `returning` and `failed`. */
  readonly reason: TransferFailure | null;
  /** Names of those who hand over and take over; null: nobody was free. */
  readonly from: string;
  readonly to: string | null;
  /** What the one who is to take over must see; null once it is over, and for the other side. */
  readonly card: CallConnectedMessage | null;
}

/** `GET /v1/agent/calls/{callId}/transfer/targets`: to whom the call can be handed over now. */
export interface TransferTargetsMessage {
  readonly agents: readonly { readonly agent: string; readonly name: string; readonly isSenior: boolean }[];
  readonly numbers: readonly string[];
}

export type NoticeCode =
  | 'session.signed_out'
  | 'session.replaced'
  | 'session.switched_off'
  | 'session.expired'
  | 'session.password_changed'
  | 'session.ended_by_supervisor'
  | 'server.restarting';

/** Something to tell the person; after a `session.…` notice the stream is closed and must not be opened again with this session. */
export interface NoticeMessage {
  readonly code: NoticeCode;
  readonly text: string;
}

/**
 * Whether this screen may act. Of the screens of one session that name themselves (`GET events?screen=…`), one is active; the others only show,
 * until the person says otherwise (`POST screen`). Writes that name another screen in `X-Screen` are refused.
 */
export interface ScreenMessage {
  readonly isActive: boolean;
}

/** The events of `GET /v1/agent/events` and their data. */
export interface DesktopMessages {
  readonly 'agent.state': AgentStateMessage;
  readonly 'call.connected': CallConnectedMessage;
  readonly 'call.ended': CallEndedMessage;
  readonly 'call.transfer': CallTransferMessage;
  readonly 'order.arrived': OrderArrivedMessage;
  readonly 'order.updated': OrderUpdatedMessage;
  readonly 'order.withdrawn': OrderWithdrawnMessage;
  readonly 'screen.state': ScreenMessage;
  readonly notice: NoticeMessage;
}

/** An error body (RFC 9457). */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code?: string;
  readonly errors?: readonly FieldError[];
}

/** Who has signed in. */
export interface AgentProfile {
  readonly agentId: string;
  readonly login: string;
  readonly name: string;
  readonly role: string;
  readonly groups: readonly string[];
  readonly skills: readonly string[];
  readonly connection: AgentConnection;
  readonly endpoint: string;
}

/** `GET /v1/agent/session`. */
export interface SessionMessage extends AgentStateMessage {
  readonly agent: AgentProfile;
}

/** `GET /v1/agent/softphone`: SIP over WebSocket, with credentials that end with the session. */
export interface SoftphoneMessage {
  /** `ws:` or `wss:`; the browser sends the session's cookie with it. */
  readonly url: string;
  /** `sip:…`, the address to register. */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
  /** How long a registration lasts before it must be renewed. */
  readonly registerSeconds: number;
}

/** `GET /v1/agent/figures`: the agent's own work since an instant. Ratios are 0–1; null while there is nothing to divide by. */
export interface FiguresMessage {
  readonly talks: number;
  /** Calls of them that ended with an order confirmed, as it was or with changes. */
  readonly confirmed: number;
  /** Talk and wrap-up of one call on average. */
  readonly averageHandlingSeconds: number | null;
  /** Talk and wrap-up as a share of these and of waiting. */
  readonly occupancyRatio: number | null;
}

/** `GET /v1/agent/shops`: the shops whose calls the agent's groups take. */
export interface ShopsMessage {
  readonly shops: readonly { readonly shop: string; readonly name: string }[];
}

/** An article of a shop's knowledge base, as lists show it. */
export interface ArticleHead {
  readonly article: string;
  readonly title: string;
  /** BCP 47. */
  readonly language: string | null;
  readonly tags: readonly string[];
  readonly updatedAt: string;
}

/** `GET /v1/agent/shops/{shop}/articles`. */
export interface ArticlesMessage {
  readonly articles: readonly ArticleHead[];
}

/** `GET /v1/agent/shops/{shop}/articles/{article}`; `body` is Markdown without HTML. */
export interface ArticleMessage extends ArticleHead {
  readonly body: string;
}

interface Word {
  readonly outcome: AgentOutcome;
  readonly changes?: OutcomeChanges | null;
  readonly note?: string | null;
  readonly callbackAt?: string | null;
  readonly callbackAgent?: 'me' | 'anyone' | null;
}

/**
 * Body of `POST /v1/agent/calls/{callId}/outcome`: a word for the whole call, and words of their own for single orders of the buyer. `changes`
 * are about the first order; the others of the call are then `confirmed`. A `duplicate` is the first order only.
 */
export interface OutcomeBody extends Word {
  readonly orders?: readonly (Word & { readonly orderId: string })[] | null;
}
