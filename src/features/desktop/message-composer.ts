import { Injectable } from '@nestjs/common';
import { candidateZones } from '../../core/calling-hours/candidate-zones.js';
import { callingWindows } from '../../core/calling-hours/calling-windows.js';
import { fillScript, scriptFor } from '../../core/order/greeting-script.js';
import { MAX_CALLBACK_DAYS } from '../../core/outcome/agent-word.js';
import type { OrderCard } from '../../core/order/order-card.js';
import type { CallId, OrderRef, ShopId } from '../../core/shared/ids.js';
import { Vault } from '../../platform/auth/vault.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions } from '../../platform/database/transaction.js';
import type { PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import type { TalkNotice } from '../calls/calls.events.js';
import { OrderCards } from '../orders/orders.service.js';
import { OutcomesService, type StoredWord } from '../outcomes/outcomes.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { AgentEventStore, type AgentEventRow, type TransferRow } from './agent-event.store.js';
import { AttemptsReadModel } from './attempts.read-model.js';
import type {
  AgentStateMessage,
  CallConnectedMessage,
  CallTransferMessage,
  DesktopMessages,
  NoticeCode,
  NoticeMessage,
  OtherOrder,
  SaidMessage,
} from './desktop.protocol.js';

/** One message for a screen, ready to be written. */
export type DesktopMessage = {
  [E in keyof DesktopMessages]: { readonly event: E; readonly data: DesktopMessages[E] };
}[keyof DesktopMessages];

/** A card that was shown ahead of the tape, and how the buyer's orders stood when it was made. */
export interface ToldTalk {
  readonly callId: CallId;
  readonly standing: string | null;
}

/** A talk, as far as its card is made of it. */
interface TalkRow {
  readonly callId: CallId;
  readonly orderRef: OrderRef;
  readonly shopId: ShopId;
  readonly connectedAt: string;
}

const NOTICES: Readonly<Record<NoticeCode, string>> = {
  'session.signed_out': 'You have signed out.',
  'session.replaced': 'You have signed in on another screen. This one is closed.',
  'session.switched_off': 'Your access was switched off by an administrator.',
  'session.expired': 'You were signed out after a long pause.',
  'session.password_changed': 'Your password was changed. Sign in again.',
  'session.ended_by_supervisor': 'A supervisor has signed you out.',
  'server.restarting': 'The server restarts; the connection comes back by itself.',
};

export function notice(code: NoticeCode): NoticeMessage {
  return { code, text: NOTICES[code] };
}

export function stateMessage(presence: PresenceView): AgentStateMessage {
  return {
    state: presence.state,
    since: presence.since.toISOString(),
    reason: presence.reason,
    callId: presence.callId,
    wanted: presence.wish.to,
    wrapUpUntil: presence.state === 'wrap_up' && presence.limitAt ? presence.limitAt.toISOString() : null,
    isLineUp: presence.isLegUp,
  };
}

export function saidMessage({ id, orderRef, word }: StoredWord): SaidMessage {
  const { outcome, changes, note, callbackAt, callbackAgent } = word;
  return { id, orderRef, outcome, changes, note, callbackAt: callbackAt?.toISOString() ?? null, callbackAgent };
}

/** Turns what the tape says (ids) into what the screen shows (the whole order): personal data is read when it is sent, and kept nowhere else. */
@Injectable()
export class MessageComposer {
  constructor(
    private readonly transactions: Transactions,
    private readonly vault: Vault,
    private readonly shops: ShopsService,
    private readonly orders: OrderCards,
    private readonly agents: AgentsService,
    private readonly attempts: AttemptsReadModel,
    private readonly outcomes: OutcomesService,
    private readonly tape: AgentEventStore,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * @param told  the talk whose card the screen has been shown ahead of the tape
   * @returns null when there is nothing to show any more, `told` when the screen shows it already
   */
  async compose(row: AgentEventRow, told: ToldTalk | null = null): Promise<DesktopMessage | 'told' | null> {
    switch (row.event) {
      case 'agent.state':
        return { event: row.event, data: row.data };
      case 'call.connected': {
        if (told?.callId === row.data.callId && (await this.isStill(told))) return 'told';
        const presence = await this.agents.presence(row.agentId);
        return { event: row.event, data: await this.rejoined(presence, row.data) };
      }
      case 'call.ended': {
        const presence = await this.agents.presence(row.agentId);
        const isWrappingUp = presence.state === 'wrap_up' && presence.callId === row.data.callId;
        const wrapUpUntil = isWrappingUp ? (presence.limitAt?.toISOString() ?? null) : null;
        return { event: row.event, data: { ...row.data, wrapUpUntil } };
      }
      case 'call.transfer':
        return { event: row.event, data: await this.transfer(row.agentId, row.data) };
      case 'order.arrived': {
        const order = await this.orders.card(row.data.orderRef);
        return { event: row.event, data: { callId: row.data.callId, order: { ...order, isInThisCall: false } } };
      }
      case 'order.updated':
        return {
          event: row.event,
          data: { callId: row.data.callId, order: await this.orders.card(row.data.orderRef) },
        };
      case 'order.withdrawn': {
        const { orderId } = await this.orders.card(row.data.orderRef);
        return { event: row.event, data: { callId: row.data.callId, orderId } };
      }
      case 'screen.changed':
      case 'session.ended':
        return null;
    }
  }

  /**
   * The card of a talk that has just begun, as it will be once that is written: the orders of the call are connected.
   * @returns null when the call is not this agent's
   */
  async talk({ agentId, callId, at }: TalkNotice): Promise<{ message: DesktopMessage; told: ToldTalk } | null> {
    const [presence, call] = await Promise.all([
      this.agents.presence(agentId),
      this.transactions.read((tx) => this.attempts.liveCall(tx, callId)),
    ]);
    if (call === null || presence.callId !== callId) return null;
    const data = await this.connected(presence, { ...call, connectedAt: at });
    const inTalk = <O extends OrderCard>(order: O): O => ({ ...order, status: 'connected' });
    const message: DesktopMessage = {
      event: 'call.connected',
      data: {
        ...data,
        order: inTalk(data.order),
        otherOrders: data.otherOrders.map((order) => (order.isInThisCall ? inTalk(order) : order)),
      },
    };
    return { message, told: { callId, standing: call.standing } };
  }

  /** Whether the card would be made as it was told: nothing has come to the buyer's orders, or left them. */
  private async isStill({ callId, standing }: ToldTalk): Promise<boolean> {
    return standing !== null && standing === (await this.transactions.read((tx) => this.attempts.standing(tx, callId)));
  }

  /** What a screen must know that has just been opened: where the agent stands and, with a call at hand, the order. */
  async present(agentId: string): Promise<DesktopMessage[]> {
    const presence = await this.agents.presence(agentId);
    const state: DesktopMessage = { event: 'agent.state', data: stateMessage(presence) };
    const { callId } = presence;
    if (callId === null) return [state];
    const [call, transfer] = await this.transactions.read((tx) =>
      Promise.all([
        presence.state === 'reserved' ? null : this.attempts.connectedCall(tx, agentId, callId),
        this.tape.transferOf(tx, agentId, callId),
      ]),
    );
    const messages: DesktopMessage[] = [state];
    if (call) {
      const at = { ...call, connectedAt: call.connectedAt.toISOString() };
      messages.push({ event: 'call.connected', data: await this.rejoined(presence, at) });
    }
    if (transfer) messages.push({ event: 'call.transfer', data: await this.transfer(agentId, transfer) });
    return messages;
  }

  private async transfer(agentId: string, about: TransferRow): Promise<CallTransferMessage> {
    const { callId, transferId, side, mode, state, reason, fromAgentId, toAgentId, number } = about;
    const nameOf = async (id: string) => (await this.agents.presence(id)).name;
    const isComing = side === 'to' && ['calling', 'consulting', 'conference', 'handing_over'].includes(state);
    return {
      callId,
      transferId,
      side,
      mode,
      state,
      reason,
      from: await nameOf(fromAgentId),
      to: toAgentId === null ? number : await nameOf(toAgentId),
      card: isComing ? await this.connected(await this.agents.presence(agentId), about) : null,
    };
  }

  /** The card of a talk on which the agent may have given a word already. */
  private async rejoined(presence: PresenceView, call: TalkRow): Promise<CallConnectedMessage> {
    const [message, said] = await Promise.all([
      this.connected(presence, call),
      this.outcomes.saidBy(presence.agentId, call.callId),
    ]);
    return { ...message, said: said.map(saidMessage) };
  }

  private async connected(presence: PresenceView, call: TalkRow): Promise<CallConnectedMessage> {
    const { callId, orderRef, shopId, connectedAt } = call;
    const [order, shop, attempts, groups] = await Promise.all([
      this.orders.card(orderRef),
      this.shops.get(shopId),
      this.transactions.read((tx) => this.attempts.earlier(tx, shopId, orderRef, callId)),
      this.agents.groups(),
    ]);
    const otherOrders = await this.otherOrders(callId, order);
    const own = groups.filter((group) => presence.groupIds.includes(group.groupId));
    const { language, timeZone } = shop.settings;
    const ahead = {
      rules: shop.ringRules,
      timeZones: candidateZones({ ...order.customer, delivery: order.delivery, shop: shop.settings }),
      now: this.clock.now(),
      days: MAX_CALLBACK_DAYS,
    };
    return {
      callId,
      order,
      attempts,
      otherOrders,
      shop: { shop: shopId, name: shop.name, language, timeZone },
      callbackWindows: callingWindows(ahead).map(({ from, to }) => ({
        from: from.toISOString(),
        to: to.toISOString(),
      })),
      connectedAt,
      wrapUpSeconds: Math.max(...own.map((group) => group.settings.wrapUpSeconds)),
      script: this.script(order, shop, presence.name),
      said: [],
    };
  }

  private script(order: OrderCard, shop: Shop, agentName: string): CallConnectedMessage['script'] {
    const languages = { buyer: order.customer.language, shop: shop.settings.language };
    const script = scriptFor(shop.settings.scripts, languages);
    if (script === null) return null;
    return { language: script.language, text: fillScript(script, { order, agentName, shopName: shop.name }) };
  }

  /** Those in the call first, whatever has become of them; then open ones that wait for a call of their own. */
  private async otherOrders(callId: CallId, main: OrderCard): Promise<OtherOrder[]> {
    const { id, shopId, customer } = main;
    const inCall = await this.transactions.read((tx) => this.attempts.othersInCall(tx, callId, id));
    const cards = await Promise.all(inCall.map((orderRef) => this.orders.card(orderRef)));
    const open = await this.orders.otherOpenOrders(shopId, this.vault.phoneHash(customer.phone), id);
    return [
      ...cards.map((card) => ({ ...card, isInThisCall: true })),
      ...open.filter((card) => !inCall.includes(card.id)).map((card) => ({ ...card, isInThisCall: false })),
    ];
  }
}
