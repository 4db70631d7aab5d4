import { chooseAgent } from '../../../src/core/agent/choose-agent.js';
import { AGENT_RING_SECONDS, type AgentLeg, type Call, type CallAction } from '../../../src/core/call/call.js';
import type { CommandResult } from '../../../src/core/call/telephony.js';
import type { ProcessTime } from '../engine/virtual-time.js';
import { endpointOf, type CommandSource, type Exchange } from '../world/exchange.js';
import type { AgentLegs } from './agent-legs.js';
import type { CallMailbox } from './call-mailbox.js';
import { DatabaseDown, type Database } from './database.js';
import { isFree } from './desk.js';
import type { Lines } from './lines.js';
import type { Link } from './link.js';
import type { Orders } from './orders.js';
import type { Outcomes } from './outcomes.js';
import type { CallRow, Route } from './rows.js';

export interface RunnerParts {
  readonly name: string;
  readonly time: ProcessTime;
  readonly exchange: Exchange;
  readonly link: Link;
  readonly database: Database;
  readonly orders: Orders;
  readonly outcomes: Outcomes;
  readonly legs: AgentLegs;
  readonly lines: Lines;
  /** A buyer's call that was answered, ended, or connected: what the pacing learns from. */
  readonly onProgress: (row: CallRow, before: Call) => void;
}

/** How long a look at the order and the floor takes, ms. */
const CLEAR_MS = 6;
/** How long the fact of a leg's end may be behind the answer that the leg is gone. */
const LOST_FACT_MS = 500;

/** Carries out what the call machine decides, and writes what it became; as the service's CallRunner does. */
export class CallRunner {
  constructor(private readonly parts: RunnerParts) {}

  perform(mailbox: CallMailbox, action: CallAction): void {
    const { link, time } = this.parts;
    const { network } = this.parts.exchange;
    const { callId } = mailbox;
    switch (action.kind) {
      case 'call_agent':
        return this.callAgent(mailbox);
      case 'call_buyer':
        return this.callBuyer(mailbox);
      case 'clear':
        time.after(CLEAR_MS + action.afterMs, () => this.clear(mailbox));
        return;
      case 'bridge':
        return this.bridge(mailbox);
      case 'extend_lease':
        return link.command(false, () => network.extendLease(callId, action.seconds), ignore);
      case 'play_message':
        return link.command(false, () => this.parts.exchange.playMessage(callId), ignore);
      case 'hangup_buyer':
        return link.command(
          false,
          () => network.hangup(callId),
          (result) => {
            if (result.kind === 'gone') time.after(LOST_FACT_MS, () => mailbox.post({ kind: 'buyer.missing' }));
          },
        );
      case 'hangup_agent_leg':
        return link.command(false, () => network.hangup(action.legId), ignore);
      case 'hold': {
        const { agent } = mailbox.call;
        if (agent === null) return;
        const request = { buyerLegId: callId, agentLegId: agent.legId, isOn: action.isOn };
        return link.command(false, () => network.hold(request), ignore);
      }
      case 'recall_agent':
        return;
      // Nobody hands a buyer over in a simulated day.
      case 'call_number':
      case 'seat_agent':
      case 'consult':
      case 'conference':
      case 'take_back':
      case 'hand_over':
        return;
    }
  }

  private callAgent(mailbox: CallMailbox): void {
    const { agent } = mailbox.call;
    const { agentEndpoint, groupId } = mailbox.route;
    if (agent === null || agentEndpoint === null) return;
    this.parts.legs.follow(agent.legId, agent.agentId, groupId);
    this.parts.link.command(
      true,
      () =>
        this.parts.exchange.callAgent({
          legId: agent.legId,
          agentId: agent.agentId,
          groupId,
          endpoint: agentEndpoint,
          callerId: null,
          ringSeconds: AGENT_RING_SECONDS,
        }),
      (result) => {
        if (result.kind === 'refused' || result.kind === 'gone') mailbox.post({ kind: 'agent.ended', cause: 0 });
      },
    );
  }

  private callBuyer(mailbox: CallMailbox): void {
    const { callId, route, call } = mailbox;
    if (mailbox.isClosed || mailbox.call.state !== 'dialing') return;
    const waitMs = route.agentEndpoint === null ? 0 : this.placeInMs(callId);
    if (waitMs > 0) {
      this.parts.time.after(Math.ceil(waitMs), () => this.callBuyer(mailbox));
      return;
    }
    const by = this.source(mailbox);
    this.parts.link.command(
      true,
      () =>
        this.parts.exchange.callBuyer(
          {
            legId: callId,
            groupId: route.groupId,
            trunkEndpoint: endpointOf(route.trunkId),
            number: route.phone,
            callerId: null,
            ringSeconds: call.ringSeconds,
            language: 'uk',
            detectSpeech: call.detectsMachine,
          },
          by,
        ),
      (result) => {
        if (result.kind === 'refused') mailbox.post({ kind: 'buyer.refused', isTrunkFault: result.status >= 500 });
        else if (isOver(mailbox))
          this.parts.link.command(false, () => this.parts.exchange.network.hangup(callId), ignore);
        if (result.kind === 'done') this.noteDialed(mailbox);
      },
    );
  }

  /** In how many ms the INVITE may leave; 0: now, and its place is taken. */
  private placeInMs(callId: string): number {
    const { database, lines } = this.parts;
    const row = database.calls.get(callId);
    return row === undefined || !database.isUp ? LOST_FACT_MS : lines.takePlace(row);
  }

  private noteDialed(mailbox: CallMailbox): void {
    const { database } = this.parts;
    if (!database.isUp) return;
    const row = database.calls.get(mailbox.callId);
    if (row !== undefined) row.invitedMs ??= this.parts.time.nowMs();
    for (const orderRef of row?.orderRefs ?? [])
      database.order(orderRef).firstCallAt ??= mailbox.call.dialedAt ?? mailbox.call.plannedAt;
  }

  /** The order as it is now, and an agent for the call: the reserved one, else whoever is free. */
  private clear(mailbox: CallMailbox): void {
    if (mailbox.call.state !== 'waiting') return;
    const { database } = this.parts;
    if (!database.isUp) {
      mailbox.post({ kind: 'no_agent' });
      return;
    }
    const { callId, route } = mailbox;
    const orders = database.calls.get(callId)?.orderRefs ?? [];
    if (orders.every((orderRef) => database.order(orderRef).withdrawRequestedAt !== null))
      return mailbox.post({ kind: 'withdrawn' });
    const reserved = mailbox.call.agent;
    if (reserved !== null && this.isReservedFor(reserved.agentId, callId))
      return mailbox.post({ kind: 'cleared', agent: reserved });
    const chosen = this.reserveSomebody(route, callId);
    if (chosen === null) return mailbox.post({ kind: 'no_agent' });
    mailbox.post({ kind: 'cleared', agent: chosen });
    // The call went on without them, or belongs to somebody else.
    if (mailbox.call.agent?.agentId !== chosen.agentId) this.free(chosen.agentId, callId, 'ready');
  }

  private reserveSomebody({ groupId, skills }: Route, callId: string): AgentLeg | null {
    const { database } = this.parts;
    const free = [...database.agents.values()]
      .filter(
        (agent) => agent.groupIds.includes(groupId) && isFree(agent) && agent.presence.connection === 'persistent',
      )
      .map((agent) => ({
        agentId: agent.agentId,
        skills: agent.skills,
        since: agent.presence.since,
        legId: agent.presence.legId,
      }));
    const chosen = chooseAgent(free, { skills, preferredAgentId: null });
    if (chosen === null || chosen.legId === null) return null;
    const { agentId, legId } = chosen;
    return database.moveAgent(agentId, { kind: 'reserved', callId })
      ? { agentId, legId, connection: 'persistent' }
      : null;
  }

  private isReservedFor(agentId: string, callId: string): boolean {
    const { presence } = this.parts.database.agent(agentId);
    return presence.state === 'reserved' && presence.callId === callId && presence.wish.to !== 'offline';
  }

  private bridge(mailbox: CallMailbox): void {
    const { call, callId } = mailbox;
    if (call.agent === null) return;
    const { legId } = call.agent;
    const { maxTalkSeconds } = call;
    this.parts.legs.lend(legId, maxTalkSeconds);
    this.parts.link.command(
      false,
      () => this.parts.exchange.bridge({ buyerLegId: callId, agentLegId: legId, maxTalkSeconds }, this.source(mailbox)),
      (result) =>
        mailbox.post(
          result.kind === 'done' ? { kind: 'buyer.bridged' } : { kind: 'bridge_failed', isBuyerGone: false },
        ),
    );
  }

  /** One transaction: the call's row, the orders' progress, the agent's state, and what follows the end. @throws DatabaseDown */
  save(mailbox: CallMailbox, before: Call, call: Call, version: number): boolean {
    const { database, orders, outcomes } = this.parts;
    const { callId, route } = mailbox;
    if (!database.isUp) throw new DatabaseDown('the database cannot be reached');
    const row = database.calls.get(callId);
    if (row === undefined || !database.saveCall(callId, call, version, route.epoch)) return false;
    if (!hasLeft(before) && hasLeft(call)) this.noteDialed(mailbox);
    if (before.state !== 'ringing' && call.state === 'ringing') this.progress(row, 'ringing');
    const agentId = call.agent?.agentId ?? null;
    if (before.connectedAt === null && call.connectedAt !== null && agentId !== null) {
      database.moveAgent(agentId, { kind: 'connected', callId });
      if (call.state !== 'ended') {
        orders.join(row, 'connected');
        this.progress(row, 'connected');
      }
    }
    if (before.agent !== null && before.agent.agentId !== agentId) this.free(before.agent.agentId, callId, 'ready');
    if (call.state === 'ended') {
      this.afterEnd(call);
      outcomes.onCallEnded(row);
    }
    this.parts.onProgress(row, before);
    this.returnLegs(before, call);
    return true;
  }

  private progress(row: CallRow, status: 'ringing' | 'connected'): void {
    for (const orderRef of row.orderRefs)
      this.parts.orders.progress(this.parts.database.order(orderRef), status, row.callId);
  }

  private afterEnd(call: Extract<Call, { state: 'ended' }>): void {
    const agentId = call.agent?.agentId ?? null;
    if (agentId === null) return;
    const hasTalked = call.connectedAt !== null && call.result === 'answered';
    if (call.because === 'agent_not_responding')
      this.parts.database.moveAgent(agentId, {
        kind: 'call_over',
        callId: call.callId,
        to: 'break',
        reason: 'not_responding',
      });
    else this.free(agentId, call.callId, hasTalked ? 'wrap_up' : 'ready');
  }

  private free(agentId: string, callId: string, to: 'ready' | 'wrap_up'): void {
    this.parts.database.moveAgent(agentId, { kind: 'call_over', callId, to, reason: null });
  }

  private returnLegs(before: Call, call: Call): void {
    const legId = before.agent?.legId;
    if (legId !== undefined && legId !== call.agent?.legId) this.parts.legs.takeBack(legId);
    if (call.state === 'ended' && call.agent !== null) this.parts.legs.takeBack(call.agent.legId);
  }

  private source({ route }: CallMailbox): CommandSource {
    return { process: this.parts.name, groupId: route.groupId, epoch: route.epoch };
  }
}

function ignore(_result: CommandResult): void {
  // The end of a leg is a fact of its own.
}

/** The call was ended while the exchange was being asked to place it. One that another process leads by now rings on for that one. */
function isOver({ call }: CallMailbox): boolean {
  return call.state === 'ending' || call.state === 'ended';
}

/** Something was heard of the buyer's leg: the INVITE has left, whatever the exchange answered to the order to call. */
function hasLeft(call: Call): boolean {
  return (
    call.ringingAt !== null ||
    call.hasEarlyMedia ||
    call.answeredAt !== null ||
    (call.state === 'ended' && call.cause !== null)
  );
}
