import { Injectable } from '@nestjs/common';
import type { OrderCard } from '../../core/order/order-card.js';
import {
  checkWord,
  decideWord,
  effectOf,
  meaningOf,
  type AgentWord,
  type TalkStage,
  type WordDecision,
} from '../../core/outcome/agent-word.js';
import { DialerError, type FieldError } from '../../core/shared/errors.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import type { SessionAgent } from '../agents/agents.events.js';
import { AgentsService } from '../agents/agents.service.js';
import { CallsService, type CallView, type OrderInCall } from '../calls/calls.service.js';
import { OrderCards, OrdersService, type OrderRow } from '../orders/orders.service.js';
import { AttemptHistory } from './attempt-history.read-model.js';
import { Consequences, type EndedAttempt } from './consequences.js';
import { fingerprint, OutcomeStore, type StoredWord } from './outcome.store.js';
import { WordSpool, type Replay, type SpooledWord } from './word-spool.js';
import { checkUnseen, readWords, under, type OrderWord, type OutcomeInput } from './words-of-call.js';

export type { StoredWord } from './outcome.store.js';
export type { OutcomeInput } from './words-of-call.js';

/**
 * What became of an order, and what follows from it.
 *
 * Locks are taken in one order everywhere: the agent's presence, then the orders of the call by id; so an agent's word, the end of the call and
 * the end of the wrap-up may meet at the same moment and simply follow each other.
 */
@Injectable()
export class OutcomesService {
  constructor(
    private readonly transactions: Transactions,
    private readonly orders: OrdersService,
    private readonly cards: OrderCards,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly store: OutcomeStore,
    private readonly history: AttemptHistory,
    private readonly consequences: Consequences,
    private readonly words: WordSpool,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
  ) {
    words.onReplay((word, at) => this.replay(word, at));
  }

  /**
   * As {@link record}; while Postgres is away the word is kept on disk instead and recorded when it is back, as of now. Whether it fits its call is
   * judged only then: one that does not stands in the order's timeline as `agent_word_refused`.
   * @param agent  with `isRemembered` Postgres is away already and is not asked
   * @returns null when the word is kept on disk
   * @throws DialerError as {@link record}, and `busy.retry_later` when the disk does not take it either
   */
  async take(agent: SessionAgent, callId: string, input: OutcomeInput): Promise<OrderCard | null> {
    const at = this.clock.now();
    if (agent.isRemembered !== true && !this.words.holds(callId)) {
      try {
        return await this.record(agent, callId, input);
      } catch (error) {
        if (!(error instanceof DialerError) || error.code !== 'busy.retry_later') throw error;
      }
    }
    refuse(checkUnseen(input, at));
    const { agentId, name: agentName, sessionId } = agent;
    await this.words.keep({ agentId, agentName, sessionId, callId, input }, at);
    return null;
  }

  /**
   * An agent says what became of their call: one word for all its orders, and words of their own for single ones. While they talk it is kept and
   * takes effect when the call has ended; in the wrap-up it takes effect at once, and may be corrected until the wrap-up ends. The same again
   * changes nothing. Either all of it counts or nothing.
   *
   * @param spooledAt  a word from the spool, and when it was given: judged as if it were then, and of no effect when something newer was said since
   * @returns the call's first order as it is now
   * @throws DialerError `call.not_found` (not this agent's), `call.state_refused` (nobody has talked; a final outcome cannot become an open one),
   *   `call.closed` (the wrap-up is over), `input.invalid` with every wrong field
   */
  async record(agent: Speaker, callId: string, input: OutcomeInput, spooledAt?: Date): Promise<OrderCard> {
    // Not looked for before there is a first word, which most words are.
    if ((await this.saidBy(agent.agentId, callId)).length > 0) {
      const said = ownCall(agent, await this.transactions.read((tx) => this.calls.view(tx, callId)));
      if (await this.isSaid(callId, input, spooledAt)) return this.cards.card(said.orderRef);
    }
    const orderRef = await this.transactions.run(async (tx) => {
      await this.agents.noteOutcome(tx, agent.agentId, callId);
      const inCall = await this.calls.lockOrders(tx, callId);
      const call = ownCall(agent, await this.calls.view(tx, callId));
      const stage = await this.stageOf(tx, call, spooledAt);
      const orders = stage === 'over' ? inCall : [...inCall, ...(await this.named(tx, call, stage, inCall, input))];
      const { words, errors } = readWords(input, orders, (order) => this.cards.cardOf(order));
      const news = await this.newsAmong(tx, callId, words, spooledAt);
      if (errors.length === 0 && news.length === 0) return call.orderRef;
      const at = spooledAt ?? this.clock.now();
      refuse([...errors, ...news.flatMap(({ word, pointer }) => checkWord(word, at).map(under(pointer)))]);
      for (const { of, word, isNamed } of news) {
        const decision = await this.decide(tx, stage, callId, of.order, word, spooledAt);
        if (decision.kind !== 'refuse') await this.write(tx, { agent, call, at }, of, word, decision);
        // What was decided for another order of the call by itself stands when the word for all does not fit it.
        else if (of.isMain || isNamed) throw refusal(decision.code);
      }
      return call.orderRef;
    });
    return this.cards.card(orderRef);
  }

  /** What the agent said last of each order in a call of theirs. */
  async saidBy(agentId: string, callId: string): Promise<StoredWord[]> {
    return this.transactions.read((tx) => this.store.ofCall(tx, callId, agentId));
  }

  /** Whether the agent has said the very same before: repeats, however many come at once, wait for nobody. */
  private async isSaid(callId: string, input: OutcomeInput, spooledAt?: Date): Promise<boolean> {
    return this.transactions.read(async (tx) => {
      const orders = await this.calls.ordersInCall(tx, callId);
      const { words, errors } = readWords(input, orders, (order) => this.cards.cardOf(order));
      if (errors.length > 0 || words.length === 0) return false;
      return (await this.newsAmong(tx, callId, words, spooledAt)).length === 0;
    });
  }

  /** The call is over: for each of its orders the agent's word takes effect, is waited for in the wrap-up, or the rules decide. A late or foreign fact changes nothing. */
  async onCallEnded(
    tx: Tx,
    fact: { callId: string; wasConnected: boolean; orders?: readonly OrderInCall[]; call?: CallView },
  ): Promise<void> {
    const { callId, wasConnected } = fact;
    const inCall = fact.orders ?? (await this.calls.lockOrders(tx, callId));
    const orders = inCall.filter(({ order }) => order.liveCallId === callId);
    if (orders.length === 0) return;
    const call = fact.call ?? (await this.calls.view(tx, callId));
    const isWrapUp = wasConnected && (await this.agents.atCall(tx, callId))?.state === 'wrap_up';
    for (const { order, number } of orders) {
      const ended = endOf(call, number);
      const said = wasConnected ? await this.store.latest(tx, callId, order.orderRef) : null;
      if (said) {
        const effect = effectOf(meaningOf(said.stored.word), order.withdrawRequestedAt !== null);
        await this.consequences.ofWord(tx, order, effect, said.stored, ended);
      } else if (isWrapUp) await this.orders.setProgress(tx, order, 'wrap_up', callId);
      else await this.consequences.ofAttempt(tx, order, ended);
    }
  }

  /** The wrap-up is over. Where no word was given the system notes `no_decision`, and the order is tried again by the shop's rules. */
  async onWrapUpEnded(tx: Tx, callId: string): Promise<void> {
    const call = await this.calls.view(tx, callId);
    if (call === null) return;
    for (const { order, number } of await this.calls.lockOrders(tx, callId)) {
      if (order.status !== 'wrap_up' || order.liveCallId !== callId) continue;
      await this.store.insertSilence(tx, { shopId: order.shopId, orderRef: order.orderRef, callId });
      await this.consequences.ofAttempt(tx, order, endOf(call, number));
    }
  }

  /** Sweep: calls whose orders wait for the word of an agent who is no longer in that wrap-up. */
  async closeForgottenWrapUps(): Promise<void> {
    for (const callId of await this.transactions.read((tx) => this.history.inWrapUp(tx))) {
      try {
        await this.transactions.run(async (tx) => {
          if ((await this.agents.atCall(tx, callId))?.state !== 'wrap_up') await this.onWrapUpEnded(tx, callId);
        });
      } catch (error) {
        if (error instanceof DialerError && error.isRetryable) throw error;
        // What fails on one call must not keep the orders of the others waiting.
        this.log.error('a wrap-up that nobody is in cannot be ended', { callId, error });
      }
    }
  }

  /** Waiting orders of the same buyer that the agent speaks of: they come into the call. */
  private async named(
    tx: Tx,
    call: CallView,
    stage: 'talking' | 'wrap_up',
    inCall: readonly OrderInCall[],
    input: OutcomeInput,
  ): Promise<OrderInCall[]> {
    const joined: OrderInCall[] = [];
    for (const { orderId } of input.orders ?? []) {
      if ([...inCall, ...joined].some(({ order }) => order.orderId === orderId)) continue;
      const one = await this.calls.joinByName(tx, call.callId, orderId, stage === 'talking' ? 'connected' : 'wrap_up');
      if (one !== null) joined.push(one);
    }
    return joined;
  }

  private async newsAmong(
    tx: Tx,
    callId: string,
    words: readonly OrderWord[],
    spooledAt: Date | undefined,
  ): Promise<OrderWord[]> {
    const news: OrderWord[] = [];
    for (const word of words) {
      const said = await this.store.latest(tx, callId, word.of.order.orderRef);
      // A replay that was cut off after its commit comes again, and so do those before it.
      const isOld = said !== null && spooledAt !== undefined && said.stored.decidedAt >= spooledAt;
      if (!isOld && said?.sha256.equals(fingerprint(word.word)) !== true) news.push(word);
    }
    return news;
  }

  /** @throws DialerError `busy.retry_later` while Postgres is away */
  private async replay(word: SpooledWord, at: Date): Promise<Replay> {
    const { agentId, agentName: name, sessionId, callId, input } = word;
    try {
      if (!(await this.agents.wasSignedIn(sessionId, at))) {
        throw new DialerError('auth.failed', 'The session was over when the word was given.');
      }
      const call = await this.transactions.read((tx) => this.calls.view(tx, callId));
      // Who runs the call has not yet written what happened meanwhile.
      if (call !== null && call.connectedAt === null && call.endedAt === null) return 'later';
      // An order that is called again is decided in that talk; if it brings nothing, this word counts.
      const orders = await this.transactions.read((tx) => this.calls.ordersInCall(tx, callId));
      if (orders.some(({ order }) => isElsewhere(order, callId))) return 'later';
      await this.record({ agentId, name }, callId, input, at);
      return 'taken';
    } catch (error) {
      if (!(error instanceof DialerError) || error.isRetryable) throw error;
      const data = { outcome: input.outcome, callId, code: error.code };
      await this.transactions.run(async (tx) => {
        const call = await this.calls.view(tx, callId);
        if (call) await this.orders.addTimeline(tx, call.shopId, call.orderRef, 'agent_word_refused', data);
      });
      const pointers = error.fieldErrors.map(({ pointer }) => pointer);
      this.log.error('a word that an agent gave while the database was away is refused', {
        ...data,
        agentId,
        pointers,
      });
      return 'refused';
    }
  }

  /** @throws DialerError `busy.retry_later`: the order is called again before this word of its last talk arrived, and that call has to end first */
  private async decide(
    tx: Tx,
    stage: TalkStage,
    callId: string,
    order: OrderRow,
    word: AgentWord,
    spooledAt: Date | undefined,
  ): Promise<WordDecision> {
    const { orderRef, outcome, withdrawRequestedAt } = order;
    const isCalledAgain = isElsewhere(order, callId);
    if (spooledAt !== undefined && stage !== 'over') {
      if (isCalledAgain) throw new DialerError('busy.retry_later', 'Another call of the order.', { isRetryable: true });
      // What was said in a later talk stands; this one is kept for whoever reads what happened.
      if (await this.store.isOutdated(tx, { orderRef, callId, at: spooledAt })) return { kind: 'keep' };
    }
    return decideWord({
      stage,
      order: { outcome, isElsewhere: isCalledAgain },
      meaning: meaningOf(word),
      isWithdrawRequested: withdrawRequestedAt !== null,
    });
  }

  private async write(
    tx: Tx,
    { agent, call, at }: { agent: Speaker; call: CallView; at: Date },
    { order, number }: OrderInCall,
    word: AgentWord,
    decision: Exclude<WordDecision, { kind: 'refuse' }>,
  ): Promise<void> {
    const { shopId, orderRef } = order;
    const { callId } = call;
    const by = { agentId: agent.agentId, agentName: agent.name };
    const stored = await this.store.insertWord(tx, { shopId, orderRef, callId, ...by }, word, at);
    await this.orders.addTimeline(tx, shopId, orderRef, 'agent_said', { outcome: word.outcome, callId });
    if (decision.kind === 'correct') await this.consequences.ofCorrection(tx, order, decision.outcome, stored);
    if (decision.kind === 'apply') {
      const ended = order.status === 'wrap_up' ? endOf(call, number) : null;
      await this.consequences.ofWord(tx, order, decision.effect, stored, ended);
    }
  }

  private async stageOf(tx: Tx, call: CallView, spooledAt: Date | undefined): Promise<TalkStage> {
    if (call.endedAt === null) return 'talking';
    const presence = await this.agents.atCall(tx, call.callId);
    if (presence?.state === 'wrap_up' && presence.agentId === call.agentId) return 'wrap_up';
    // Given in time: that the wrap-up has ended since, in another process, must not cost the word.
    const closedAt = spooledAt === undefined ? null : await this.calls.closedAt(tx, call.callId);
    return spooledAt !== undefined && closedAt !== null && spooledAt <= closedAt ? 'wrap_up' : 'over';
  }
}

interface Speaker {
  readonly agentId: string;
  readonly name: string;
}

function ownCall(agent: { agentId: string }, call: CallView | null): CallView {
  if (call?.agentId !== agent.agentId) throw new DialerError('call.not_found', 'There is no such call of yours.');
  if (call.connectedAt === null) throw new DialerError('call.state_refused', 'You have not talked with the buyer yet.');
  return call;
}

function isElsewhere({ liveCallId }: OrderRow, callId: string): boolean {
  return liveCallId !== null && liveCallId !== callId;
}

/** The attempt of one of the call's orders, now that it is over. */
function endOf(call: CallView | null, number: number): EndedAttempt {
  return { result: call?.result ?? (call === null ? 'system_failure' : 'answered'), call: call && { ...call, number } };
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
