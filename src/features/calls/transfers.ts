import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { chooseAgent } from '../../core/agent/choose-agent.js';
import { numberLegId } from '../../core/call/leg-ids.js';
import { NUMBER_RING_SECONDS, type TransferMode, type TransferTarget } from '../../core/call/transfer.js';
import type { CommandResult, Telephony } from '../../core/call/telephony.js';
import type { CallAction, CallEvent } from '../../core/call/call.js';
import { Transactions } from '../../platform/database/transaction.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { Log } from '../../platform/log/log.js';
import { takesCalls, type PresenceView } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { AgentLegs } from './agent-legs.js';
import type { CallMailbox } from './call-mailbox.js';

/** Whom an agent wishes to hand their buyer over to. */
export type TransferWish =
  | { readonly kind: 'agent'; readonly agentId: string }
  /** Any free senior of the call's group. */
  | { readonly kind: 'senior' }
  | {
      readonly kind: 'number';
      readonly name: string;
      readonly number: string;
      readonly trunkId: string;
      readonly trunkEndpoint: string;
      readonly callerId: string | null;
    };

/** What an agent asks of their call. */
export interface TransferCommand {
  readonly kind: 'transfer';
  readonly transferId: string;
  readonly to: TransferWish;
  readonly mode: TransferMode;
}

type TransferAction = Extract<
  CallAction,
  { kind: 'call_number' | 'consult' | 'conference' | 'hand_over' | 'take_back' | 'seat_agent' }
>;

/** How much longer than the talk the target's leg is leased. */
const LONGER_THAN_TALK_SECONDS = 30;
/** Q.850: tells a line that was given up from a phone that was put down (16), which ends the talk. */
const TEMPORARY_FAILURE = 41;

/** Hands buyers over: finds and reserves the one who takes over, and moves the legs as the machine says. */
@Injectable()
export class Transfers {
  constructor(
    private readonly transactions: Transactions,
    private readonly agents: AgentsService,
    private readonly agentLegs: AgentLegs,
    private readonly log: Log,
  ) {}

  /** Whom a call of this group on this node may be handed over to now: its ready agents with a standing line there. */
  async free(groupId: string, node: string): Promise<PresenceView[]> {
    return (await this.agents.floor(groupId)).filter((agent) => isAtHand(agent) && (agent.legNode ?? node) === node);
  }

  /** Begins a hand-over. An agent is reserved before the machine hears of it, and given back if it does not want them. */
  async begin(mailbox: CallMailbox, { transferId, to, mode }: TransferCommand): Promise<void> {
    if (mailbox.call.transfer?.transferId === transferId) return;
    const target = await this.targetOf(mailbox, to);
    try {
      await failpoint('transfer_asked', mailbox.route.orderRef);
      mailbox.post({ kind: 'transfer.asked', transferId, target, mode });
    } finally {
      if (target.kind === 'agent' && mailbox.call.transfer?.transferId !== transferId) {
        await this.transactions.run((tx) => this.agents.afterCall(tx, target.agentId, mailbox.callId, 'ready'));
      }
    }
  }

  async carryOut(telephony: Telephony, mailbox: CallMailbox, action: TransferAction): Promise<void> {
    const { agent, transfer } = mailbox.call;
    if (action.kind === 'seat_agent') return this.seatAgent(telephony, mailbox);
    if (agent === null || transfer === null || transfer.target.kind === 'nobody') return;
    const { target } = transfer;
    switch (action.kind) {
      case 'call_number':
        return target.kind === 'number' ? this.callNumber(telephony, mailbox, target) : undefined;
      case 'consult': {
        await this.lend(telephony, mailbox, target);
        const result = await telephony.seat({ legId: agent.legId, besideLegId: target.legId });
        await failpoint('consultation_begun', mailbox.route.orderRef);
        return this.tell(mailbox, 'consult', result);
      }
      case 'conference':
        await failpoint('conference_decided', mailbox.route.orderRef);
        return this.tell(mailbox, 'conference', await this.join(telephony, mailbox, target.legId, action.seconds));
      case 'hand_over': {
        await failpoint('hand_over_decided', mailbox.route.orderRef);
        await this.lend(telephony, mailbox, target);
        const result = await this.join(telephony, mailbox, target.legId, action.seconds);
        if (result.kind === 'done') await telephony.seat({ legId: agent.legId, besideLegId: agent.legId });
        await failpoint('handed_over', mailbox.route.orderRef);
        return this.tell(mailbox, 'hand_over', result);
      }
      case 'take_back': {
        const seated = await telephony.seat({ legId: agent.legId, besideLegId: agent.legId });
        // Without a place there is no way to the buyer: the phone is called anew, and gets one.
        if (seated.kind === 'gone') await telephony.hangup(agent.legId, TEMPORARY_FAILURE);
        const result =
          seated.kind === 'done' ? await this.join(telephony, mailbox, agent.legId, action.seconds) : seated;
        if (target.kind === 'number') await telephony.hangup(target.legId);
        return this.tell(mailbox, 'take_back', result);
      }
    }
  }

  private async targetOf(mailbox: CallMailbox, to: TransferWish): Promise<TransferTarget> {
    const { callId, route } = mailbox;
    if (to.kind === 'number') return { ...to, legId: numberLegId(callId, uuidv7()) };
    let free = (await this.free(route.groupId, route.node)).filter((agent) =>
      to.kind === 'agent' ? agent.agentId === to.agentId : agent.role === 'senior',
    );
    for (;;) {
      const chosen = chooseAgent(free, { skills: [], preferredAgentId: null });
      if (chosen === null || chosen.legId === null) return { kind: 'nobody' };
      const { agentId, legId } = chosen;
      if (await this.transactions.run((tx) => this.agents.reserve(tx, agentId, callId))) {
        return { kind: 'agent', agentId, legId };
      }
      free = free.filter((agent) => agent !== chosen);
    }
  }

  private async callNumber(
    telephony: Telephony,
    mailbox: CallMailbox,
    target: Extract<TransferTarget, { kind: 'number' }>,
  ): Promise<void> {
    const { legId, number, trunkEndpoint, callerId } = target;
    const { groupId } = mailbox.route;
    const order = { legId, groupId, trunkEndpoint, number, callerId, ringSeconds: NUMBER_RING_SECONDS };
    const result = await telephony.callNumber(order);
    if (result.kind === 'refused' || result.kind === 'gone') mailbox.post({ kind: 'target.ended', cause: 0 });
    else if (mailbox.call.transfer?.target !== target) await telephony.hangup(legId);
  }

  /** The target's line outlives the talk, so that the buyer's side always ends first. */
  private async lend(
    telephony: Telephony,
    mailbox: CallMailbox,
    target: Exclude<TransferTarget, { kind: 'nobody' }>,
  ): Promise<void> {
    const { maxTalkSeconds } = mailbox.call;
    if (target.kind === 'agent') await this.agentLegs.lend(target.legId, maxTalkSeconds);
    else await telephony.extendLease(target.legId, maxTalkSeconds + LONGER_THAN_TALK_SECONDS);
  }

  private join(
    telephony: Telephony,
    { callId }: CallMailbox,
    agentLegId: string,
    maxTalkSeconds: number,
  ): Promise<CommandResult> {
    return telephony.bridge({ buyerLegId: callId, agentLegId, maxTalkSeconds });
  }

  private async seatAgent(telephony: Telephony, { call }: CallMailbox): Promise<void> {
    if (call.agent !== null) await telephony.seat({ legId: call.agent.legId, besideLegId: call.agent.legId });
  }

  private tell(
    mailbox: CallMailbox,
    step: Extract<CallEvent, { kind: 'transfer.did' }>['step'],
    result: CommandResult,
  ): void {
    const isDone = result.kind === 'done';
    if (!isDone) this.log.warn('a step of a transfer failed', { callId: mailbox.callId, step, result: result.kind });
    mailbox.post({ kind: 'transfer.did', step, isDone });
  }
}

function isAtHand(agent: PresenceView): boolean {
  const { state, connection, isLegUp, legId, wish } = agent;
  const isReady = state === 'ready' && wish.to === 'ready';
  return takesCalls(agent.role) && isReady && connection === 'persistent' && isLegUp && legId !== null;
}
