import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { limitAt, type Call, type CallAction } from '../../core/call/call.js';
import { eventOfAgent, eventOfBuyer, eventOfTarget, type LegFact } from '../../core/call/call-facts.js';
import type { WatchMode } from '../../core/call/leg-ids.js';
import type { Telephony, TelephonyFact } from '../../core/call/telephony.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { AgentLegs } from './agent-legs.js';
import { CallMailbox, type MailboxHooks } from './call-mailbox.js';
import { CallOrders } from './call-orders.js';
import { CallRunner } from './call-runner.js';
import { CallWriter } from './call-writer.js';
import { CarefulCalls } from './careful-calls.js';
import { CallStore, type StoredCall } from './call.store.js';
import { Supervision } from './supervision.js';
import { TalkNotices } from './talk-notices.js';
import { Transfers, type TransferCommand } from './transfers.js';
import { TELEPHONY } from './telephony.provider.js';

/** What somebody in another process may ask of a live call. */
export type CallCommand =
  | { readonly kind: 'withdraw' | 'agent_hangup' | 'hold' | 'unhold' }
  | TransferCommand
  | { readonly kind: 'transfer_complete' | 'transfer_cancel' | 'transfer_conference' }
  /** A supervisor takes part in the call in this way; `mode` null: not any more. */
  | { readonly kind: 'watch'; readonly supervisorId: string; readonly mode: WatchMode | null };

/** A planned call that is written and not yet going. */
export interface PlacedCall {
  readonly stored: StoredCall;
  readonly actions: readonly CallAction[];
  /** The buyer's other orders that are in the call. */
  readonly joined: readonly string[];
  /** So often calls of the order have ended their process. */
  readonly failures: number;
}

/** A live call of this process: the machine with the place it has in the group's work. */
export interface LiveCall {
  readonly shopId: string;
  readonly groupId: string;
  /** The node of the exchange that carries it. */
  readonly node: string;
  /** The attempt's number of the order, from 1. */
  readonly number: number;
  readonly call: Call;
}

/** The calls that this process runs: facts of the exchange, commands of other processes and the passing of time become events of their machines. */
@Injectable()
export class LiveCalls implements OnApplicationShutdown {
  private readonly live = new Map<string, CallMailbox>();
  /** Commands that were carried out and may not be written down as such. */
  private readonly carriedOut = new Set<string>();
  /** Looks for what is asked come one after the other: what one has done, the next must not see undone. */
  private taking: Promise<void> = Promise.resolve();
  private readonly replacedListeners: ((groupId: string) => void)[] = [];
  private readonly movedListeners: ((now: LiveCall, before: Call) => void)[] = [];
  private readonly hooks: MailboxHooks;
  private readonly stopListening: (() => void)[];

  constructor(
    @Inject(TELEPHONY) private readonly nodes: readonly Telephony[],
    private readonly transactions: Transactions,
    private readonly store: CallStore,
    private readonly callOrders: CallOrders,
    private readonly runner: CallRunner,
    private readonly writer: CallWriter,
    private readonly agentLegs: AgentLegs,
    private readonly supervision: Supervision,
    private readonly talkNotices: TalkNotices,
    private readonly transfers: Transfers,
    private readonly careful: CarefulCalls,
    private readonly log: Log,
    clock: DatabaseClock,
  ) {
    this.hooks = {
      clock,
      perform: (mailbox, action) => {
        const { agent } = mailbox.call;
        const telephony = this.runner.telephonyOf(mailbox.route.node);
        if (action.kind === 'call_agent' && agent !== null && telephony !== null) {
          this.agentLegs.follow(agent.legId, agent.agentId, mailbox.route.groupId, telephony);
        }
        this.runner.perform(mailbox, action);
      },
      save: (unsaved) => this.writer.save(unsaved),
      findWritten: (doubted) => this.writer.findWritten(doubted),
      onIgnored: (mailbox, event, reason) =>
        this.log.debug('an event changed nothing', { callId: mailbox.callId, event: event.kind, reason }),
      onMoved: (mailbox, before) => {
        this.talkNotices.onMoved(before, mailbox.call);
        for (const listener of this.movedListeners) listener(liveCallOf(mailbox), before);
      },
      onSaveFailed: (mailbox, error) =>
        this.log.warn('a call could not be written, trying again', { callId: mailbox.callId, error }),
      onClosed: (mailbox, isOwned) => this.onClosed(mailbox, isOwned),
    };
    this.stopListening = this.nodes.map((node) => node.onFact((fact) => this.onFact(fact)));
  }

  onApplicationShutdown(): void {
    for (const stop of this.stopListening) stop();
    for (const mailbox of this.live.values()) mailbox.close();
  }

  /** How many calls this process runs. */
  get liveCount(): number {
    return this.live.size;
  }

  /** Sets a placed call going; one that was found without its process meanwhile (`StrayCalls`) is going already. */
  start(placed: PlacedCall): void {
    if (this.live.has(placed.stored.call.callId)) return;
    const mailbox = new CallMailbox(placed.stored, this.hooks);
    this.careful.watch(mailbox.callId, placed.failures);
    this.live.set(mailbox.callId, mailbox);
    for (const action of placed.actions) this.hooks.perform(mailbox, action);
  }

  /** Carries out what others have asked of the calls of this process; withdrawn orders leave their call, and a ring for nobody stops. */
  takeCommands(): Promise<void> {
    const taken = this.taking.then(() => this.takeAll());
    this.taking = taken.catch(() => undefined);
    return taken;
  }

  private async takeAll(): Promise<void> {
    const callIds = [...this.live.keys()];
    if (callIds.length === 0) return;
    const [commands, toLeave] = await this.transactions.read((tx) =>
      Promise.all([this.store.waitingCommands<CallCommand>(tx, callIds), this.callOrders.toLeave(tx, callIds)]),
    );
    await this.carryOutAll(commands);
    for (const callId of toLeave) {
      const mailbox = this.live.get(callId);
      // In a talk whose beginning is not written yet the agent is told, and the buyer's word counts.
      if (mailbox === undefined || mailbox.call.connectedAt !== null) continue;
      if (!(await this.callOrders.release(callId))) mailbox.post({ kind: 'withdrawn' });
    }
  }

  /** Done first and written down then: what is cut off in between is done by the next leader, to whom a thing done before means nothing. */
  private async carryOutAll(commands: readonly { id: string; callId: string; command: CallCommand }[]): Promise<void> {
    const ids = commands.map(({ id }) => id);
    for (const id of this.carriedOut) if (!ids.includes(id)) this.carriedOut.delete(id);
    for (const { id, callId, command } of commands) {
      if (this.carriedOut.has(id)) continue;
      this.carriedOut.add(id);
      this.carryOut(callId, command);
    }
    if (ids.length > 0) await this.transactions.read((tx) => this.store.takeCommands(tx, ids));
  }

  /**
   * Takes over the live calls of a group as its new leader and brings them in line with the exchange: what it still holds goes on, what is
   * gone ends.
   */
  async adopt(groupId: string, epoch: number): Promise<void> {
    await this.careful.count();
    await this.takeOver(groupId, await this.transactions.run((tx) => this.store.adopt(tx, groupId, epoch)));
  }

  /** Runs these calls of the group from now on. */
  async takeOver(groupId: string, stored: readonly StoredCall[]): Promise<void> {
    const doomed = await this.careful.judge(stored);
    for (const one of doomed) await this.giveUp(one);
    for (const one of stored) {
      if (doomed.includes(one)) continue;
      // Its own mailbox from an earlier try of this process has an older version, with which nothing more could be written.
      this.live.get(one.call.callId)?.close();
      const mailbox = new CallMailbox(one, this.hooks);
      this.live.set(one.call.callId, mailbox);
      // Planned too long ago to be placed now, and never placed: neither the buyer's side nor the trunk has had a part in that.
      if (one.sentAt === null && one.call.state === 'dialing' && mailbox.now > (limitAt(one.call) ?? mailbox.now)) {
        mailbox.post({ kind: 'buyer.missing', isCarrierTold: true });
      }
      // Its leader may not have lived to write that down.
      if (one.sentAt != null) mailbox.post({ kind: 'buyer.sending' }, one.sentAt);
      const { agent } = one.call;
      const telephony = this.runner.telephonyOf(one.route.node);
      if (agent?.connection === 'per_call' && telephony !== null) {
        this.agentLegs.follow(agent.legId, agent.agentId, groupId, telephony);
      }
    }
    if (stored.length > 0) this.log.info('live calls taken over', { groupId, count: stored.length });
  }

  /** A call that has ended one leader after the other: nobody touches it any more than it takes to end it. */
  private async giveUp(stored: StoredCall): Promise<void> {
    const { call, route } = stored;
    this.log.error('a call has ended its process again and again and is given up', {
      callId: call.callId,
      orderRef: route.orderRef,
    });
    const telephony = this.runner.telephonyOf(route.node);
    await telephony?.hangup(call.callId);
    if (call.agent?.connection === 'per_call') await telephony?.hangup(call.agent.legId);
    await this.writer.giveUp(stored, this.hooks.clock.now());
    this.careful.forget(call.callId);
  }

  /** Sets a call going again that was written and never left for the exchange. */
  placeAgain(mailbox: CallMailbox): void {
    this.hooks.perform(mailbox, { kind: 'call_buyer' });
  }

  /** Leadership of the group is lost: its calls are the new leader's. */
  abandonGroup(groupId: string): void {
    for (const [callId, mailbox] of this.live) {
      if (mailbox.route.groupId !== groupId) continue;
      mailbox.close();
      this.live.delete(callId);
    }
  }

  /** Whether a command to place the call may still reach the exchange through this process. */
  isPlacing(callId: string): boolean {
    return this.runner.isPlacing(callId);
  }

  /** The call of a leg, for the reconciler. */
  find(callId: string): CallMailbox | null {
    return this.live.get(callId) ?? null;
  }

  all(): readonly CallMailbox[] {
    return [...this.live.values()];
  }

  /** The group's calls, as the machines know them at this instant. */
  ofGroup(groupId: string): LiveCall[] {
    return this.all()
      .filter((mailbox) => mailbox.route.groupId === groupId)
      .map(liveCallOf);
  }

  /** Hears of each move of a call of this process, at the moment it is made. The listener must not throw. */
  onMoved(listener: (now: LiveCall, before: Call) => void): void {
    this.movedListeners.push(listener);
  }

  /** Hears that another process has taken a group's application in an exchange: leadership of the group is lost (reliability: deaf socket). */
  onReplaced(listener: (groupId: string) => void): void {
    this.replacedListeners.push(listener);
  }

  /** Does what was asked of a call of this process; of another one: nothing. */
  carryOut(callId: string, command: CallCommand): void {
    const mailbox = this.live.get(callId);
    switch (command.kind) {
      case 'withdraw':
        return mailbox?.post({ kind: 'withdrawn' });
      case 'agent_hangup':
        return mailbox?.post({ kind: 'agent.hangup' });
      case 'hold':
      case 'unhold':
        return mailbox?.post({ kind: 'agent.hold', isOn: command.kind === 'hold' });
      case 'transfer':
        if (mailbox === undefined) return;
        this.transfers
          .begin(mailbox, command)
          .catch((error: unknown) => this.log.warn('a transfer could not be begun', { callId, error }));
        return;
      case 'transfer_complete':
        return mailbox?.post({ kind: 'transfer.complete' });
      case 'transfer_cancel':
        return mailbox?.post({ kind: 'transfer.cancel' });
      case 'transfer_conference':
        return mailbox?.post({ kind: 'transfer.conference' });
      case 'watch':
        if (mailbox !== undefined) void this.supervision.watch(mailbox, command.supervisorId, command.mode);
        return;
    }
  }

  private onFact(fact: TelephonyFact): void {
    if (fact.kind === 'link.replaced') for (const listener of this.replacedListeners) listener(fact.groupId);
    if (!('legId' in fact)) return;
    const buyer = this.live.get(fact.legId);
    if (buyer !== undefined) {
      const event = eventOfBuyer(fact);
      if (event !== null) buyer.post(event);
      return;
    }
    if (!this.agentLegs.isKnown(fact.legId)) return this.onOtherFact(fact);
    this.agentLegs
      .onFact(fact)
      .catch((error: unknown) => this.log.warn("an agent's state could not be written", { error }))
      .finally(() => this.onOtherFact(fact));
  }

  /** A fact about a leg that is not a buyer's: an agent's, or a number's. */
  private onOtherFact(fact: LegFact): void {
    for (const mailbox of this.live.values()) {
      const event = eventOfAgent(mailbox.call, fact) ?? eventOfTarget(mailbox.call, fact);
      if (event !== null) mailbox.post(event);
    }
  }

  private onClosed(mailbox: CallMailbox, isOwned: boolean): void {
    // A late answer to an old mailbox must not take the place of the one that has followed it.
    if (this.live.get(mailbox.callId) === mailbox) {
      this.live.delete(mailbox.callId);
      this.careful.forget(mailbox.callId);
    }
    const { call, route } = mailbox;
    if (!isOwned)
      this.log.warn('the call belongs to another leader now', { callId: mailbox.callId, traceId: route.traceId });
    else if (call.state === 'ended') {
      this.log.info('call ended', {
        callId: mailbox.callId,
        orderRef: route.orderRef,
        traceId: route.traceId,
        result: call.result,
        because: call.because,
        hangupCause: call.cause,
        techCause: call.techCause,
        talkSeconds:
          call.connectedAt === null ? 0 : Math.round((call.endedAt.getTime() - call.connectedAt.getTime()) / 100) / 10,
      });
    }
  }
}

function liveCallOf({ call, route }: CallMailbox): LiveCall {
  const { shopId, groupId, node, number } = route;
  return { shopId, groupId, node, number, call };
}
