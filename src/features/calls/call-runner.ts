import { Inject, Injectable } from '@nestjs/common';
import { AGENT_RING_SECONDS, type Call, type CallAction } from '../../core/call/call.js';
import type { CommandResult, Telephony } from '../../core/call/telephony.js';
import { DialerError } from '../../core/shared/errors.js';
import { afterCommit, Transactions, type Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { Log } from '../../platform/log/log.js';
import { AgentsService } from '../agents/agents.service.js';
import { OrdersService, type OrderRow } from '../orders/orders.service.js';
import type { CallMailbox, Unsaved } from './call-mailbox.js';
import { AgentLegs } from './agent-legs.js';
import { AnsweringAgents } from './answering-agents.js';
import { CallOrders } from './call-orders.js';
import { CallStore } from './call.store.js';
import { callConnected, callDialed, callEnded, callRinging } from './calls.events.js';
import { CallsMetrics } from './calls.metrics.js';
import { TELEPHONY } from './telephony.provider.js';

/** Carries out what the call machine decides, and writes what it became; knows nothing of when or whom to call. */
@Injectable()
export class CallRunner {
  /** Writes of a call that failed in a row, for reasons that waiting does not mend. */
  private readonly failures = new Map<string, number>();
  /** Answered calls for which an agent is being looked for. */
  private readonly clearing = new Set<string>();

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly transactions: Transactions,
    private readonly events: Events,
    private readonly store: CallStore,
    private readonly callOrders: CallOrders,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly agentLegs: AgentLegs,
    private readonly answering: AnsweringAgents,
    private readonly metrics: CallsMetrics,
    private readonly log: Log,
  ) {}

  telephonyOf(node: string): Telephony | null {
    return this.nodes.find((telephony) => telephony.node === node) ?? null;
  }

  perform(mailbox: CallMailbox, action: CallAction): void {
    this.carryOut(mailbox, action).catch((error: unknown) => {
      this.log.error('an action of a call failed', { callId: mailbox.callId, action: action.kind, error });
    });
  }

  private async carryOut(mailbox: CallMailbox, action: CallAction): Promise<void> {
    const telephony = this.telephonyOf(mailbox.route.node);
    if (telephony === null) {
      mailbox.post({ kind: 'buyer.missing' });
      return;
    }
    const { call, callId } = mailbox;
    switch (action.kind) {
      case 'call_agent':
        return this.callAgent(telephony, mailbox);
      case 'call_buyer':
        return this.callBuyer(telephony, mailbox);
      case 'clear':
        if (action.afterMs > 0) await new Promise((resolve) => setTimeout(resolve, action.afterMs));
        return this.clear(mailbox);
      case 'bridge':
        return this.bridge(telephony, mailbox);
      case 'extend_lease':
        return this.note(mailbox, action, await telephony.extendLease(callId, action.seconds));
      case 'play_message':
        return this.note(mailbox, action, await telephony.playMessage(callId));
      case 'hangup_buyer': {
        const result = await telephony.hangup(callId);
        // The end of the leg is a fact of its own; if that fact was lost, we end the call by this answer.
        if (result.kind === 'gone') setTimeout(() => mailbox.post({ kind: 'buyer.missing' }), LOST_FACT_MS).unref();
        return this.note(mailbox, action, result);
      }
      case 'hangup_agent_leg':
        return this.note(mailbox, action, await telephony.hangup(action.legId));
      case 'hold':
        return call.agent === null
          ? undefined
          : this.note(
              mailbox,
              action,
              await telephony.hold({ buyerLegId: callId, agentLegId: call.agent.legId, isOn: action.isOn }),
            );
      case 'recall_agent':
        // The standing leg is called again by `AgentLegs`, which sees it missing.
        return;
    }
  }

  private async callAgent(telephony: Telephony, mailbox: CallMailbox): Promise<void> {
    const { agent } = mailbox.call;
    const { agentEndpoint, groupId } = mailbox.route;
    if (agent === null || agentEndpoint === null) return;
    const result = await telephony.callAgent({
      legId: agent.legId,
      agentId: agent.agentId,
      groupId,
      endpoint: agentEndpoint,
      callerId: mailbox.route.callerId,
      ringSeconds: AGENT_RING_SECONDS,
    });
    this.note(mailbox, { kind: 'call_agent' }, result);
    if (result.kind === 'refused' || result.kind === 'gone') mailbox.post({ kind: 'agent.ended', cause: 0 });
  }

  private async callBuyer(telephony: Telephony, mailbox: CallMailbox): Promise<void> {
    const { callId, route, call } = mailbox;
    const number = await this.callOrders.number(callId);
    if (mailbox.call.state !== 'dialing' || mailbox.isClosed) return;
    if (number === null) return mailbox.post({ kind: 'withdrawn' });
    const result = await telephony.callBuyer({
      legId: callId,
      groupId: route.groupId,
      trunkEndpoint: route.trunkEndpoint,
      number,
      callerId: route.callerId,
      ringSeconds: call.ringSeconds,
      language: route.language,
      detectSpeech: call.detectsMachine,
    });
    this.note(mailbox, { kind: 'call_buyer' }, result);
    if (result.kind === 'refused') mailbox.post({ kind: 'buyer.refused', isTrunkFault: result.status >= 500 });
    else if (isOver(mailbox)) await telephony.hangup(callId);
    if (result.kind === 'done') await this.noteDialed(mailbox);
  }

  private async noteDialed(mailbox: CallMailbox): Promise<void> {
    const { callId, route, call } = mailbox;
    const at = call.dialedAt ?? call.plannedAt;
    await this.transactions.run(async (tx) => {
      const orders = await this.callOrders.lock(tx, callId);
      for (const { order } of orders) await this.noteFirstCall(tx, order, at);
      const orderRef = orders.find(({ isMain }) => isMain)?.order.orderRef ?? route.orderRef;
      await this.events.publish(tx, callDialed, { ...factOf(callId, { ...route, orderRef }), at });
    });
    this.log.info('call placed', {
      callId,
      orderRef: route.orderRef,
      traceId: route.traceId,
      trunk: route.trunkId,
      attempt: route.number,
    });
  }

  private async noteFirstCall(tx: Tx, order: OrderRow, at: Date): Promise<void> {
    const { orderRef, shopId } = order;
    if (order.firstCallAt !== null) return;
    const first = await this.orders.noteFirstCall(tx, orderRef, at);
    if (first !== null) afterCommit(tx, () => this.metrics.firstCall(shopId, first.registeredAt, at));
  }

  /** The order as it is now, and an agent for the call: the reserved one, else whoever is free. One look at a time for each call. */
  private async clear(mailbox: CallMailbox): Promise<void> {
    const { callId, route } = mailbox;
    if (mailbox.call.state !== 'waiting' || this.clearing.has(callId)) return;
    this.clearing.add(callId);
    try {
      // Reads come before the transaction: inside one they would hold two connections of the pool for each answered call.
      const [toLeave] = await this.transactions.read((tx) => this.callOrders.toLeave(tx, [callId]));
      if (toLeave !== undefined && !(await this.callOrders.release(callId))) return mailbox.post({ kind: 'withdrawn' });
      const agent = await this.answering.find({
        callId,
        groupId: route.groupId,
        reserved: mailbox.call.agent,
        skills: route.skills ?? [],
      });
      // A look that is over may be followed by another one at once, which `post` asks for.
      this.clearing.delete(callId);
      if (agent === null) return mailbox.post({ kind: 'no_agent' });
      mailbox.post({ kind: 'cleared', agent });
      if (mailbox.call.agent?.agentId !== agent.agentId) await this.answering.giveBack(agent.agentId, callId);
    } catch (error) {
      this.log.warn('no agent could be looked for, trying again', { callId, error });
      setTimeout(() => this.perform(mailbox, { kind: 'clear', afterMs: 0 }), LOOK_AGAIN_MS).unref();
    } finally {
      this.clearing.delete(callId);
    }
  }

  private async bridge(telephony: Telephony, mailbox: CallMailbox): Promise<void> {
    const { call, callId } = mailbox;
    if (call.agent === null) return;
    const { legId } = call.agent;
    const [result] = await Promise.all([
      telephony.bridge({ buyerLegId: callId, agentLegId: legId, maxTalkSeconds: call.maxTalkSeconds }),
      this.agentLegs.lend(legId, call.maxTalkSeconds),
    ]);
    this.note(mailbox, { kind: 'bridge' }, result);
    mailbox.post(result.kind === 'done' ? { kind: 'buyer.bridged' } : { kind: 'bridge_failed', isBuyerGone: false });
  }

  private note(mailbox: CallMailbox, action: CallAction, result: CommandResult): void {
    if (result.kind === 'done' || result.kind === 'gone') return;
    this.log.warn('the exchange did not carry out a command', {
      callId: mailbox.callId,
      traceId: mailbox.route.traceId,
      action: action.kind,
      result: result.kind,
      ...('reason' in result ? { reason: result.reason } : {}),
    });
  }

  /**
   * Writes what a call became. When the end of a call cannot be written because a listener fails on it again and again, the call ends without the
   * listeners and its order is held for a person to look at: one poisoned order must not keep an agent and a line for ever.
   */
  async save(unsaved: Unsaved): Promise<boolean> {
    const { callId } = unsaved.stored.call;
    try {
      const isSaved = await this.write(unsaved);
      this.failures.delete(callId);
      return isSaved;
    } catch (error) {
      if (error instanceof DialerError && error.isRetryable) throw error;
      const failures = (this.failures.get(callId) ?? 0) + 1;
      this.failures.set(callId, failures);
      if (failures < POISON_AFTER || unsaved.stored.call.state !== 'ended') throw error;
      this.failures.delete(callId);
      this.log.error('the end of a call was written without its listeners, the order is held', {
        callId,
        orderRef: unsaved.stored.route.orderRef,
        error,
      });
      return this.endBare(unsaved);
    }
  }

  private async endBare({ stored, events }: Unsaved): Promise<boolean> {
    const { call } = stored;
    return this.transactions.run(async (tx) => {
      if ((await this.store.save(tx, stored, events)) === null) return false;
      if (call.agent !== null) await this.agents.afterCall(tx, call.agent.agentId, call.callId, 'ready');
      for (const { order } of call.state === 'ended' ? await this.callOrders.end(tx, call) : []) {
        if (order.liveCallId === call.callId) await this.orders.hold(tx, order.orderRef, 'system_failure');
      }
      return true;
    });
  }

  /** One transaction: the call's row and events, the agent's state, the orders' progress, and what other rooms must hear. */
  private async write(unsaved: Unsaved): Promise<boolean> {
    const { before, stored, events } = unsaved;
    const { call, route } = stored;
    const isSaved = await this.transactions.run(async (tx) => {
      const orderRef = await this.store.save(tx, stored, events);
      if (orderRef === null) return false;
      const fact = factOf(call.callId, { ...route, orderRef });
      const agentId = call.agent?.agentId ?? null;
      const isRinging = before.state !== 'ringing' && call.state === 'ringing';
      const isConnected = before.connectedAt === null && call.connectedAt !== null && agentId !== null;
      if (before.agent !== null && before.agent.agentId !== agentId) {
        await this.agents.afterCall(tx, before.agent.agentId, call.callId, 'ready');
      }
      if (isConnected) await this.agents.toTalking(tx, agentId, call.callId);
      if (isRinging || isConnected || (!hasLeft(before) && hasLeft(call))) await this.moveOrders(tx, before, call);
      if (isRinging) await this.events.publish(tx, callRinging, fact);
      if (isConnected) {
        await this.events.publish(tx, callConnected, { ...fact, agentId, at: call.connectedAt });
      }
      if (call.state === 'ended') await this.finish(tx, call, fact, route.number);
      return true;
    });
    if (isSaved) this.measure(before, call, route.shopId);
    this.returnLegs(before, call);
    return isSaved;
  }

  /** The orders of the call follow it; at the connection those of the buyer join that came since it was planned. */
  private async moveOrders(tx: Tx, before: Call, call: Call): Promise<void> {
    const { callId, connectedAt } = call;
    const orders = (await this.callOrders.lock(tx, callId)).map(({ order }) => order);
    if (hasLeft(call)) for (const order of orders) await this.noteFirstCall(tx, order, call.dialedAt ?? call.plannedAt);
    if (call.state === 'ended') return;
    const isTalk = before.connectedAt === null && connectedAt !== null;
    const status = connectedAt !== null ? 'connected' : call.state === 'ringing' ? 'ringing' : null;
    if (status !== null) for (const { orderRef } of orders) await this.orders.setProgress(tx, orderRef, status, callId);
    if (!isTalk) return;
    for (const order of await this.callOrders.joinTalk(tx, callId, connectedAt)) {
      await this.noteFirstCall(tx, order, connectedAt);
    }
  }

  private async finish(
    tx: Tx,
    call: Extract<Call, { state: 'ended' }>,
    fact: ReturnType<typeof factOf>,
    number: number,
  ): Promise<void> {
    const agentId = call.agent?.agentId ?? null;
    const wasConnected = call.connectedAt !== null && agentId !== null;
    if (agentId !== null) {
      if (call.because === 'agent_not_responding')
        await this.agents.afterCall(tx, agentId, call.callId, 'break', 'not_responding');
      else
        await this.agents.afterCall(
          tx,
          agentId,
          call.callId,
          wasConnected && call.result === 'answered' ? 'wrap_up' : 'ready',
        );
    }
    await this.callOrders.end(tx, call);
    await this.events.publish(tx, callEnded, {
      ...fact,
      agentId,
      result: call.result,
      wasConnected,
      wasAgentLost: call.because === 'agent_lost',
      endedAt: call.endedAt,
      number,
      hangupCause: call.cause,
      techCause: call.techCause,
    });
  }

  private measure(before: Call, call: Call, shopId: string): void {
    if (before.connectedAt === null && call.connectedAt !== null && call.answeredAt !== null) {
      this.metrics.connected(shopId, call.answeredAt, call.connectedAt);
    }
    if (call.state === 'ended') this.metrics.ended(shopId, call.result);
  }

  /** Legs that the call does not need any more get their short lease back. */
  private returnLegs(before: Call, call: Call): void {
    const legId = before.agent?.legId;
    if (legId !== undefined && legId !== call.agent?.legId) this.agentLegs.takeBack(legId);
    if (call.state === 'ended' && call.agent !== null) this.agentLegs.takeBack(call.agent.legId);
  }
}

/** An end of a call that fails so often is written without its listeners. */
const POISON_AFTER = 3;

/** After a look for an agent that failed, the database being away. */
const LOOK_AGAIN_MS = 150;

/** How long the fact of a leg's end may be behind the answer that the leg is gone. */
const LOST_FACT_MS = 500;

/** Something was heard of the buyer's leg: the INVITE has left, whatever the exchange answered to the order to call. */
function hasLeft(call: Call): boolean {
  return (
    call.ringingAt !== null ||
    call.hasEarlyMedia ||
    call.answeredAt !== null ||
    (call.state === 'ended' && call.cause !== null)
  );
}

/** The call was ended while the exchange was being asked to place it. */
function isOver(mailbox: CallMailbox): boolean {
  return mailbox.isClosed || mailbox.call.state === 'ending';
}

function factOf(callId: string, route: { shopId: string; orderRef: string; traceId: string }) {
  return { callId, shopId: route.shopId, orderRef: route.orderRef, traceId: route.traceId };
}
