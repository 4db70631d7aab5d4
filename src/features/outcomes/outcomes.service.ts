import { Injectable } from '@nestjs/common';
import type { OrderCard } from '../../core/order/order-card.js';
import type { AgentOutcome } from '../../core/order/order.js';
import {
  checkWord,
  decideWord,
  effectOf,
  meaningOf,
  type AgentWord,
  type TalkStage,
} from '../../core/outcome/agent-word.js';
import { isPlainText, readChanges } from '../../core/outcome/changes.js';
import { DialerError, type FieldError } from '../../core/shared/errors.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type CallView } from '../calls/calls.service.js';
import { OrdersService } from '../orders/orders.service.js';
import { AttemptHistory } from './attempt-history.read-model.js';
import { Consequences } from './consequences.js';
import { fingerprint, OutcomeStore } from './outcome.store.js';

/** What an agent sends (contract, section 5), its shape checked: field types, lengths, an RFC 3339 time. */
export interface OutcomeInput {
  readonly outcome: AgentOutcome;
  readonly changes?: unknown;
  readonly note?: string | null;
  readonly callbackAt?: string | null;
  readonly callbackAgent?: 'me' | 'anyone' | null;
}

const GIVE_UP_BATCH = 200;

/**
 * What became of an order, and what follows from it.
 *
 * Locks are taken in one order everywhere: the agent's presence, then the order; so an agent's word, the end of the call and the end of the
 * wrap-up may meet at the same moment and simply follow each other.
 */
@Injectable()
export class OutcomesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly orders: OrdersService,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly store: OutcomeStore,
    private readonly history: AttemptHistory,
    private readonly consequences: Consequences,
  ) {}

  /**
   * An agent says what became of their call. While they talk it is kept and takes effect when the call has ended; in the wrap-up it takes effect
   * at once, and may be corrected until the wrap-up ends. The same word again changes nothing.
   *
   * @returns the order as it is now
   * @throws DialerError `call.not_found` (not this agent's), `call.state_refused` (nobody has talked; a final outcome cannot become an open one),
   *   `call.closed` (the wrap-up is over), `input.invalid` with every wrong field
   */
  async record(agent: { agentId: string; name: string }, callId: string, input: OutcomeInput): Promise<OrderCard> {
    const { orderRef } = ownCall(agent, await this.transactions.read((tx) => this.calls.view(tx, callId)));
    const { word, errors } = readWord(input, await this.orders.card(orderRef));
    await this.transactions.run(async (tx) => {
      await this.agents.noteOutcome(tx, agent.agentId, callId);
      const order = await this.orders.lock(tx, orderRef);
      const call = ownCall(agent, await this.calls.view(tx, callId));
      const said = await this.store.latestOfCall(tx, callId);
      if (errors.length === 0 && said?.sha256.equals(fingerprint(word))) return;
      refuse([...errors, ...checkWord(word, new Date())]);

      const { shopId, outcome, liveCallId } = order;
      const isWithdrawRequested = order.withdrawRequestedAt !== null;
      const decision = decideWord({
        stage: await this.stageOf(tx, call),
        order: { outcome, isElsewhere: liveCallId !== null && liveCallId !== callId },
        meaning: meaningOf(word),
        isWithdrawRequested,
      });
      if (decision.kind === 'refuse') throw refusal(decision.code);
      const stored = await this.store.insertWord(
        tx,
        { shopId, orderRef, callId, agentId: agent.agentId, agentName: agent.name },
        word,
      );
      await this.orders.addTimeline(tx, shopId, orderRef, 'agent_said', { outcome: word.outcome, callId });
      if (decision.kind === 'correct') await this.consequences.ofCorrection(tx, order, decision.outcome, stored);
      if (decision.kind === 'apply') {
        const ended = order.status === 'wrap_up' ? { result: call.result ?? 'answered', call } : null;
        await this.consequences.ofWord(tx, order, decision.effect, stored, ended);
      }
    });
    return this.orders.card(orderRef);
  }

  /** The call is over: the agent's word takes effect, is waited for in the wrap-up, or the rules decide. A late or foreign fact changes nothing. */
  async onCallEnded(
    tx: Tx,
    fact: { orderRef: string; callId: string; wasConnected: boolean; agentId: string | null },
  ): Promise<void> {
    const order = await this.orders.lock(tx, fact.orderRef);
    if (order.status === 'final' || order.liveCallId !== fact.callId) return;
    const call = await this.calls.view(tx, fact.callId);
    const ended = { result: call?.result ?? 'system_failure', call };
    if (fact.wasConnected) {
      const said = await this.store.latestOfCall(tx, fact.callId);
      if (said) {
        const effect = effectOf(meaningOf(said.stored.word), order.withdrawRequestedAt !== null);
        return this.consequences.ofWord(tx, order, effect, said.stored, ended);
      }
      if ((await this.agents.atCall(tx, fact.callId))?.state === 'wrap_up') {
        return this.orders.setProgress(tx, fact.orderRef, 'wrap_up', fact.callId);
      }
    }
    await this.consequences.ofAttempt(tx, order, ended);
  }

  /** The wrap-up is over. When no word was given the system notes `no_decision`, and the order is tried again by the shop's rules. */
  async onWrapUpEnded(tx: Tx, callId: string): Promise<void> {
    const call = await this.calls.view(tx, callId);
    if (call === null) return;
    const order = await this.orders.lock(tx, call.orderRef);
    if (order.status !== 'wrap_up' || order.liveCallId !== callId) return;
    await this.store.insertSilence(tx, { shopId: order.shopId, orderRef: order.orderRef, callId });
    await this.consequences.ofAttempt(tx, order, { result: call.result ?? 'answered', call });
  }

  /** Sweep: orders whose time has run out. Never called: `expired`; called in vain: `unreachable`. */
  async giveUpOverdue(): Promise<void> {
    const overdue = await this.transactions.read((tx) => this.history.overdue(tx, GIVE_UP_BATCH));
    for (const orderRef of overdue) {
      await this.transactions.run(async (tx) => {
        const order = await this.orders.lock(tx, orderRef);
        if (order.status !== 'accepted' && order.status !== 'scheduled') return;
        await this.orders.finish(tx, orderRef, { outcome: order.firstCallAt === null ? 'expired' : 'unreachable' });
      });
    }
  }

  /** Sweep: orders that wait for the word of an agent who is no longer in that wrap-up. */
  async closeForgottenWrapUps(): Promise<void> {
    for (const { callId } of await this.transactions.read((tx) => this.history.inWrapUp(tx))) {
      await this.transactions.run(async (tx) => {
        if ((await this.agents.atCall(tx, callId))?.state !== 'wrap_up') await this.onWrapUpEnded(tx, callId);
      });
    }
  }

  private async stageOf(tx: Tx, call: CallView): Promise<TalkStage> {
    if (call.endedAt === null) return 'talking';
    const presence = await this.agents.atCall(tx, call.callId);
    return presence?.state === 'wrap_up' && presence.agentId === call.agentId ? 'wrap_up' : 'over';
  }
}

function ownCall(agent: { agentId: string }, call: CallView | null): CallView {
  if (call?.agentId !== agent.agentId) throw new DialerError('call.not_found', 'There is no such call of yours.');
  if (call.connectedAt === null) throw new DialerError('call.state_refused', 'You have not talked with the buyer yet.');
  return call;
}

function readWord(input: OutcomeInput, order: OrderCard): { word: AgentWord; errors: FieldError[] } {
  const { changes, errors } = readChanges(input.changes, order);
  const note = input.note?.trim() || null;
  const isNoteWrong = note !== null && !isPlainText(note);
  return {
    word: {
      outcome: input.outcome,
      changes,
      note,
      callbackAt: input.callbackAt ? new Date(input.callbackAt) : null,
      callbackAgent: input.callbackAgent ?? null,
    },
    errors: [...errors, ...(isNoteWrong ? [{ pointer: '/note', detail: 'must not hold control characters' }] : [])],
  };
}

function refuse(fieldErrors: readonly FieldError[]): void {
  if (fieldErrors.length > 0) throw new DialerError('input.invalid', 'A field is wrong; see errors.', { fieldErrors });
}

function refusal(code: 'call.closed' | 'call.state_refused'): DialerError {
  return new DialerError(
    code,
    code === 'call.closed'
      ? 'The wrap-up of this call is over; its outcome stands.'
      : 'The order is final. Only another final outcome can replace it.',
  );
}
