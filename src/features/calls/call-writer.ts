import { isDeepStrictEqual } from 'node:util';
import { Injectable } from '@nestjs/common';
import type { Call } from '../../core/call/call.js';
import { decide } from '../../core/call/decide-call.js';
import { leftForNumberAt, reservedTarget, type Transfer } from '../../core/call/transfer.js';
import { DialerError } from '../../core/shared/errors.js';
import { afterCommit, Transactions, type Tx } from '../../platform/database/transaction.js';
import { Events } from '../../platform/outbox/events.js';
import { Log } from '../../platform/log/log.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { AgentsService } from '../agents/agents.service.js';
import { MOST_TRIES, OrdersService, type OrderRow } from '../orders/orders.service.js';
import { AgentLegs } from './agent-legs.js';
import type { CallMailbox, Unsaved } from './call-mailbox.js';
import { CallOrders } from './call-orders.js';
import { CallSpans } from './call-spans.js';
import { callView } from './call-view.js';
import { CallStore, type Route, type StoredCall } from './call.store.js';
import { CarefulCalls } from './careful-calls.js';
import { callConnected, callEnded, callTransfer } from './calls.events.js';
import { noteInvited } from './invite.store.js';
import { CallsMetrics } from './calls.metrics.js';

/**
 * Writes what became of a call, in one transaction each time: its row and events, its agent's state, the progress of its orders, and what other
 * rooms must hear.
 */
@Injectable()
export class CallWriter {
  /** Writes of a call that failed in a row, for reasons that waiting does not mend. */
  private readonly failures = new Map<string, number>();

  constructor(
    private readonly transactions: Transactions,
    private readonly events: Events,
    private readonly store: CallStore,
    private readonly callOrders: CallOrders,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly agentLegs: AgentLegs,
    private readonly metrics: CallsMetrics,
    private readonly spans: CallSpans,
    private readonly careful: CarefulCalls,
    private readonly log: Log,
  ) {}

  /** The exchange has taken the order to call. What was heard of the call meanwhile is being written, and says so too. */
  async noteDialed(mailbox: CallMailbox): Promise<void> {
    const { callId, route, call } = mailbox;
    if (!hasLeft(call)) {
      // Two statements by themselves: the write of the ring waits for neither.
      await this.transactions.read((tx) => noteInvited(tx, callId));
      await this.noteFirst(route, call.dialedAt ?? call.plannedAt);
    }
    this.log.info('call placed', {
      callId,
      orderRef: route.orderRef,
      traceId: route.traceId,
      trunk: route.trunkId,
      attempt: route.number,
    });
  }

  /**
   * Writes what a call became. When the end of a call cannot be written because a listener fails on it again and again, the call ends without the
   * listeners and its orders are held for a person to look at: one poisoned order must not keep an agent and a line for ever.
   */
  async save(unsaved: Unsaved): Promise<boolean> {
    const { call, route } = unsaved.stored;
    const { callId } = call;
    try {
      const isSaved = await this.careful.around(callId, route, () => this.write(unsaved));
      this.failures.delete(callId);
      return isSaved;
    } catch (error) {
      if (error instanceof DialerError && error.isRetryable) throw error;
      const failures = (this.failures.get(callId) ?? 0) + 1;
      this.failures.set(callId, failures);
      if (failures < POISON_AFTER || unsaved.stored.call.state !== 'ended') throw error;
      this.failures.delete(callId);
      this.log.error('the end of a call was written without its listeners, its orders are held', {
        callId,
        orderRef: unsaved.stored.route.orderRef,
        error,
      });
      return this.endBare(unsaved, 'system_failure');
    }
  }

  /** Ends a call that has ended its process again and again: without the listeners, and its orders are held. */
  async giveUp(stored: StoredCall, now: Date): Promise<void> {
    const event = { kind: 'buyer.missing' } as const;
    const decision = decide(stored.call, event, now);
    if ('ignored' in decision) throw new Error('a call that is over cannot be given up');
    await this.endBare(
      { before: stored.call, stored: { ...stored, call: decision.call }, events: [{ at: now, event }] },
      `its call ended the dialer ${MOST_TRIES} times`,
    );
  }

  private async endBare({ stored, events }: Unsaved, holdReason: string): Promise<boolean> {
    const { call } = stored;
    return this.transactions.run(async (tx) => {
      if ((await this.store.save(tx, stored, events)) === null) return false;
      if (call.agent !== null) await this.agents.afterCall(tx, call.agent.agentId, call.callId, 'ready');
      for (const { order } of call.state === 'ended' ? await this.callOrders.end(tx, call) : []) {
        if (order.liveCallId === call.callId) await this.orders.hold(tx, order.orderRef, holdReason);
        await this.careful.heldWith(tx, order.orderRef);
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
      for (const unneeded of targetsNotNeeded(before, call, events)) {
        await this.agents.afterCall(tx, unneeded, call.callId, 'ready');
      }
      const hasTakenOver = before.connectedAt !== null && before.agent?.agentId !== agentId;
      if (agentId !== null && (isConnected || hasTakenOver)) await this.agents.toTalking(tx, agentId, call.callId);
      if (isRinging || isConnected || (!hasLeft(before) && hasLeft(call))) await this.moveOrders(tx, before, call);
      if (isConnected) {
        await this.events.publish(tx, callConnected, { ...fact, agentId, at: call.connectedAt });
      }
      if (isConnected) await failpoint('connected_before_commit', orderRef);
      await this.tellTransfer(tx, fact, before.transfer, call);
      if (isOver(call) && !isOver(before)) await this.finish(tx, call, fact, route);
      if (call.state === 'ended') await failpoint('ended_before_commit', orderRef);
      return true;
    });
    if (call.state === 'ended') await failpoint('call_ended');
    if (isSaved) this.afterWrite(unsaved);
    else this.returnLegs(before, call);
    return isSaved;
  }

  /** Which of a call's writes, whose answers were lost, was carried out: its state is the one that is stored. None: somebody else has written the call. */
  async findWritten(doubted: readonly Unsaved[]): Promise<Unsaved | null> {
    const [{ stored }] = doubted as [Unsaved, ...Unsaved[]];
    const now = await this.transactions.read((tx) => this.store.writtenAfter(tx, stored));
    const written = now && doubted.find((one) => isDeepStrictEqual(asStored(one.stored.call), asStored(now)));
    if (!written) return null;
    this.log.info('a write of a call whose answer was lost had been carried out', { callId: stored.call.callId });
    this.afterWrite(written);
    return written;
  }

  private afterWrite({ before, stored: { call, route } }: Unsaved): void {
    this.measure(before, call, route);
    if (call.state === 'ended') this.spans.ended(call, route);
    this.returnLegs(before, call);
  }

  /** The orders of the call follow it; at the connection those of the buyer join that came since it was planned. */
  private async moveOrders(tx: Tx, before: Call, call: Call): Promise<void> {
    const { callId, connectedAt } = call;
    const inCall = await this.callOrders.lock(tx, callId);
    const orders = inCall.map(({ order }) => order);
    if (hasLeft(call)) for (const order of orders) await this.noteFirstCall(tx, order, call.dialedAt ?? call.plannedAt);
    if (call.state === 'ended') return;
    const isTalk = before.connectedAt === null && connectedAt !== null;
    const status = connectedAt !== null ? 'connected' : call.state === 'ringing' ? 'ringing' : null;
    if (status !== null) for (const order of orders) await this.orders.setProgress(tx, order, status, callId);
    if (!isTalk) return;
    for (const order of await this.callOrders.joinTalk(tx, callId, inCall, connectedAt)) {
      await this.noteFirstCall(tx, order, connectedAt);
    }
  }

  private async tellTransfer(
    tx: Tx,
    fact: ReturnType<typeof factOf>,
    before: Transfer | null,
    { transfer: now, connectedAt }: Call,
  ): Promise<void> {
    if (now === null || (before?.transferId === now.transferId && before.state === now.state)) return;
    const { agentId: fromAgentId, target, mode, state } = now;
    const toAgentId = target.kind === 'agent' ? target.agentId : null;
    await this.events.publish(tx, callTransfer, {
      ...fact,
      fromAgentId,
      toAgentId,
      transfer: now,
      connectedAt: connectedAt ?? now.startedAt,
      at: now.since,
    });
    if (state !== 'done') return;
    const to = target.kind === 'number' ? { number: target.name } : { agent: toAgentId };
    await this.orders.addTimeline(tx, fact.shopId, fact.orderRef, 'handed_over', {
      callId: fact.callId,
      from: fromAgentId,
      ...to,
      mode,
    });
  }

  private async finish(tx: Tx, ended: Call, fact: ReturnType<typeof factOf>, route: Route): Promise<void> {
    const call = { ...ended, ...endOf(ended) };
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
    const orders = await this.callOrders.end(tx, call);
    if (ended.state === 'ended') await this.careful.ended(tx, ended, fact.orderRef);
    await this.events.publish(tx, callEnded, {
      ...fact,
      orders,
      call: callView({ call: ended, route: { ...route, orderRef: fact.orderRef } }),
      agentId,
      result: call.result,
      wasConnected,
      wasAgentLost: call.because === 'agent_lost',
      endedAt: call.endedAt,
      number: route.number,
      hangupCause: call.cause,
      techCause: call.techCause,
    });
  }

  private measure(before: Call, call: Call, { shopId, traceId }: Unsaved['stored']['route']): void {
    if (before.connectedAt === null && call.connectedAt !== null && call.answeredAt !== null) {
      this.metrics.connected(shopId, call.answeredAt, call.connectedAt, traceId);
    }
    if (call.state === 'ended') this.metrics.ended(shopId, call.result);
  }

  /** Legs that the call does not need any more get their short lease back. */
  private returnLegs(before: Call, call: Call): void {
    const legId = before.agent?.legId;
    if (legId !== undefined && legId !== call.agent?.legId) this.agentLegs.takeBack(legId);
    if (isOver(call) && call.agent !== null) this.agentLegs.takeBack(call.agent.legId);
    const target = before.transfer?.target;
    if (target?.kind !== 'agent' || target.legId === call.agent?.legId) return;
    if (reservedTarget(call.transfer) !== target.agentId) this.agentLegs.takeBack(target.legId);
  }

  /** The call's first order is called for the first time; the buyer's others are looked at when the buyer's phone rings. */
  private async noteFirst({ shopId, orderRef, traceId }: Route, at: Date): Promise<void> {
    const first = await this.transactions.read((tx) => this.orders.noteFirstCall(tx, orderRef, at));
    if (first !== null) this.metrics.firstCall(shopId, first, at, traceId);
  }

  private async noteFirstCall(tx: Tx, order: OrderRow, at: Date): Promise<void> {
    const { orderRef, shopId, traceId } = order;
    if (order.firstCallAt !== null) return;
    const first = await this.orders.noteFirstCall(tx, orderRef, at);
    if (first !== null) afterCommit(tx, () => this.metrics.firstCall(shopId, first, at, traceId));
  }
}

/** The call is over for its agent and its orders: ended, or with the shop's own number. */
function isOver(call: Call): boolean {
  return call.state === 'ended' || leftForNumberAt(call.transfer) !== null;
}

function endOf(call: Call) {
  const leftAt = leftForNumberAt(call.transfer);
  if (call.state === 'ended' && leftAt === null) return call;
  const endedAt = leftAt ?? call.since;
  return { result: 'answered', because: 'agent_hung_up', endedAt, cause: null, techCause: null } as const;
}

/** Agents who were to take the buyer over, and have not. */
function targetsNotNeeded(before: Call, call: Call, events: Unsaved['events']): string[] {
  const asked = events.flatMap(({ event }) =>
    event.kind === 'transfer.asked' && event.target.kind === 'agent' ? [event.target.agentId] : [],
  );
  const known = new Set([...asked, reservedTarget(before.transfer)]);
  const needed = [call.agent?.agentId, reservedTarget(call.transfer)];
  return [...known].filter((agentId): agentId is string => agentId !== null && !needed.includes(agentId));
}

/** As it comes back from a column of JSON. */
function asStored(call: Call): unknown {
  return JSON.parse(JSON.stringify(call));
}

/** An end of a call that fails so often is written without its listeners. */
const POISON_AFTER = 3;

/** Something was heard of the buyer's leg: the INVITE has left, whatever the exchange answered to the order to call. */
function hasLeft(call: Call): boolean {
  return (
    call.ringingAt !== null ||
    call.hasEarlyMedia ||
    call.answeredAt !== null ||
    (call.state === 'ended' && call.cause !== null)
  );
}

function factOf(callId: string, route: { shopId: string; orderRef: string; traceId: string }) {
  return { callId, shopId: route.shopId, orderRef: route.orderRef, traceId: route.traceId };
}
