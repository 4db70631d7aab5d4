import { Inject, Injectable } from '@nestjs/common';
import { AGENT_RING_SECONDS, type CallAction } from '../../core/call/call.js';
import type { CommandResult, Telephony } from '../../core/call/telephony.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import type { CallMailbox } from './call-mailbox.js';
import { AgentLegs } from './agent-legs.js';
import { AnsweringAgents } from './answering-agents.js';
import { CallOrders } from './call-orders.js';
import { takeInvitePlace } from './invite.store.js';
import { CallStore } from './call.store.js';
import { CallWriter } from './call-writer.js';
import { CarefulCalls } from './careful-calls.js';
import { Tenures } from './tenures.js';
import { Transfers } from './transfers.js';
import { TELEPHONY } from './telephony.provider.js';

/** Carries out what the call machine decides; knows nothing of when or whom to call. */
@Injectable()
export class CallRunner {
  /** Answered calls for which an agent is being looked for. */
  private readonly clearing = new Set<string>();
  /** Calls that are being placed: a command to the exchange is on its way, or may still leave. */
  private readonly placing = new Set<string>();

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly transactions: Transactions,
    private readonly store: CallStore,
    private readonly careful: CarefulCalls,
    private readonly writer: CallWriter,
    private readonly callOrders: CallOrders,
    private readonly agentLegs: AgentLegs,
    private readonly answering: AnsweringAgents,
    private readonly tenures: Tenures,
    private readonly transfers: Transfers,
    private readonly log: Log,
  ) {}

  /** Whether a command to place the call may still reach the exchange through this process. */
  isPlacing(callId: string): boolean {
    return this.placing.has(callId);
  }

  telephonyOf(node: string): Telephony | null {
    return this.nodes.find((telephony) => telephony.node === node) ?? null;
  }

  perform(mailbox: CallMailbox, action: CallAction): void {
    const { callId, route } = mailbox;
    const isPlacing = action.kind === 'call_buyer';
    if (isPlacing) {
      this.placing.add(callId);
      mailbox.notePlacing();
    }
    this.careful
      .around(callId, route, () => this.carryOut(mailbox, action))
      .catch((error: unknown) => {
        this.log.error('an action of a call failed', { callId, action: action.kind, error });
      })
      .finally(() => {
        if (!isPlacing) return;
        this.placing.delete(callId);
        mailbox.noteQuiet();
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
        return this.playMessage(telephony, mailbox);
      case 'hangup_buyer': {
        const result = await telephony.hangup(callId);
        // The end of the leg is a fact of its own; if that fact was lost, we end the call by this answer.
        if (result.kind === 'gone') {
          const isCarrierTold = telephony.run !== null && telephony.run === mailbox.route.run;
          setTimeout(() => mailbox.post({ kind: 'buyer.missing', isCarrierTold }), LOST_FACT_MS).unref();
        }
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
      case 'call_number':
      case 'consult':
      case 'conference':
      case 'hand_over':
      case 'take_back':
      case 'seat_agent':
        return this.transfers.carryOut(telephony, mailbox, action);
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
    await failpoint('attempt_planned', route.orderRef);
    // A place that was taken with the plan is used up by the time at which another leader comes to call.
    if (route.agentEndpoint !== null || mailbox.isTakenOver) await this.awaitPlace(mailbox);
    const number = await this.callOrders.number(callId);
    if (!(await this.mayPlace(mailbox))) return;
    if (number === null) return mailbox.post({ kind: 'withdrawn' });
    // Whoever takes the call over knows by this whether the buyer's phone may be ringing. With the database away nobody is called.
    if (!(await this.transactions.read((tx) => this.store.noteSent(tx, callId, route.epoch)))) return;
    mailbox.noteSent();
    if (!this.tenures.isHeld(route.groupId)) return;
    const sending = telephony.callBuyer({
      legId: callId,
      groupId: route.groupId,
      trunkEndpoint: route.trunkEndpoint,
      number,
      callerId: route.callerId,
      ringSeconds: call.ringSeconds,
      language: route.language,
      detectSpeech: call.detectsMachine,
    });
    await failpoint('originate_sending', route.orderRef);
    const result = await sending;
    await failpoint('originate_sent', route.orderRef);
    this.note(mailbox, { kind: 'call_buyer' }, result);
    if (result.kind === 'refused') mailbox.post({ kind: 'buyer.refused', isTrunkFault: result.status >= 500 });
    else if (isOver(mailbox)) await telephony.hangup(callId);
    if (result.kind === 'done') await this.writer.noteDialed(mailbox);
  }

  /** The agent's phone was rung first, so that the place among the trunk's calls per second could not be taken with the plan. */
  private async awaitPlace(mailbox: CallMailbox): Promise<void> {
    const { callId, route } = mailbox;
    while (mailbox.call.state === 'dialing' && !mailbox.isClosed) {
      const waitMs = await this.transactions.run((tx) => takeInvitePlace(tx, callId, route));
      if (waitMs === 0) return;
      await new Promise((resolve) => setTimeout(resolve, Math.ceil(waitMs)));
    }
  }

  /** The last look before the command leaves: the call is still to be placed, and the group is ours beyond doubt. Waits for a lease that is late. */
  private async mayPlace(mailbox: CallMailbox): Promise<boolean> {
    while (mailbox.call.state === 'dialing' && !mailbox.isClosed) {
      if (this.tenures.isHeld(mailbox.route.groupId)) return true;
      await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
    }
    return false;
  }

  /** The order as it is now, and an agent for the call: the reserved one, else whoever is free. One look at a time for each call. */
  private async clear(mailbox: CallMailbox): Promise<void> {
    const { callId, route } = mailbox;
    if (mailbox.call.state !== 'waiting' || this.clearing.has(callId)) return;
    this.clearing.add(callId);
    const silence = setTimeout(() => this.goOnUnasked(mailbox), DATABASE_LIMIT_MS);
    try {
      await failpoint('answered', route.orderRef);
      // Reads come before the transaction: inside one they would hold two connections of the pool for each answered call.
      // Side by side: the buyer says hello meanwhile.
      const reserved = mailbox.call.agent;
      const [[toLeave], isReserved] = await Promise.all([
        this.transactions.read((tx) => this.callOrders.toLeave(tx, [callId])),
        this.answering.isReservedFor(reserved, callId),
      ]);
      if (isServed(mailbox)) return;
      if (toLeave !== undefined && !(await this.callOrders.release(callId))) return mailbox.post({ kind: 'withdrawn' });
      const agent = await this.answering.find({
        callId,
        groupId: route.groupId,
        node: route.node,
        reserved,
        isReserved,
        skills: route.skills ?? [],
        preferredAgentId: route.preferredAgentId ?? null,
      });
      // A look that is over may be followed by another one at once, which `post` asks for.
      this.clearing.delete(callId);
      if (agent === null) return isServed(mailbox) ? undefined : mailbox.post({ kind: 'no_agent' });
      if (!isServed(mailbox)) mailbox.post({ kind: 'cleared', agent });
      if (mailbox.call.agent?.agentId !== agent.agentId) await this.answering.giveBack(agent.agentId, callId);
    } catch (error) {
      this.goOnUnasked(mailbox);
      if (isServed(mailbox)) return;
      this.log.warn('no agent could be looked for, trying again', { callId, error });
      setTimeout(() => this.perform(mailbox, { kind: 'clear', afterMs: 0 }), LOOK_AGAIN_MS).unref();
    } finally {
      clearTimeout(silence);
      this.clearing.delete(callId);
    }
  }

  /**
   * The database does not say whether the shop has withdrawn the order in the last moment: the buyer is on the telephone, and the agent who was
   * reserved for them takes the call.
   */
  private goOnUnasked(mailbox: CallMailbox): void {
    const { agent } = mailbox.call;
    if (mailbox.call.state !== 'waiting' || isServed(mailbox) || agent === null) return;
    this.log.warn('the database is away: an answered buyer goes to the reserved agent unasked', {
      callId: mailbox.callId,
    });
    mailbox.post({ kind: 'cleared', agent });
  }

  private async bridge(telephony: Telephony, mailbox: CallMailbox): Promise<void> {
    const { call, callId } = mailbox;
    if (call.agent === null) return;
    const { legId } = call.agent;
    await failpoint('before_bridge', mailbox.route.orderRef);
    const [result] = await Promise.all([
      telephony.bridge({ buyerLegId: callId, agentLegId: legId, maxTalkSeconds: call.maxTalkSeconds }),
      this.agentLegs.lend(legId, call.maxTalkSeconds),
    ]);
    await failpoint('bridged', mailbox.route.orderRef);
    this.note(mailbox, { kind: 'bridge' }, result);
    mailbox.post(result.kind === 'done' ? { kind: 'buyer.bridged' } : { kind: 'bridge_failed', isBuyerGone: false });
  }

  /** Again while the exchange does not say: a buyer who stays in the bridge would be together with the next one there. */
  private async playMessage(telephony: Telephony, mailbox: CallMailbox): Promise<void> {
    const action = { kind: 'play_message' } as const;
    const result = await telephony.playMessage(mailbox.callId);
    this.note(mailbox, action, result);
    if (result.kind !== 'unknown') return;
    setTimeout(() => {
      if (!mailbox.isClosed && mailbox.call.state === 'message') this.perform(mailbox, action);
    }, PLAY_AGAIN_MS).unref();
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
}

/** An answered buyer is connected within 1.8 s or hears the message: the database gets this much of it. */
const DATABASE_LIMIT_MS = 800;

/** After a look for an agent that failed, the database being away; and while a lease is late. */
const LOOK_AGAIN_MS = 150;

/** A command whose answer did not come: the exchange was cut off, and may be back by then. */
const PLAY_AGAIN_MS = 500;

/** How long the fact of a leg's end may be behind the answer that the leg is gone. */
const LOST_FACT_MS = 500;

/** The buyer has an agent, or needs none any more. */
function isServed({ call, isClosed }: CallMailbox): boolean {
  return isClosed || call.state !== 'waiting' || call.isCleared;
}

/** The call was ended while the exchange was being asked to place it. One that another leader has taken over meanwhile rings on for that one. */
function isOver({ call }: CallMailbox): boolean {
  return call.state === 'ended' || call.state === 'ending';
}
