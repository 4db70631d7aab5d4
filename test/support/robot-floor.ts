import { randomUUID } from 'node:crypto';
import { AgentsService } from '../../src/features/agents/agents.service.js';
import { callConnected, callEnded } from '../../src/features/calls/calls.events.js';
import { CallsService } from '../../src/features/calls/calls.service.js';
import { OutcomesService, type OutcomeInput } from '../../src/features/outcomes/outcomes.service.js';
import { Transactions, afterCommit } from '../../src/platform/database/transaction.js';
import { Events } from '../../src/platform/outbox/events.js';
import type { TestApp } from './app.js';
import { asAdmin } from './shop-client.js';
import { waitFor } from './wait.js';

const PASSWORD = 'correct horse';

/** One talk that was had, in the order of the connections. */
export interface Talk {
  readonly orderRef: string;
  readonly login: string;
}

/** Agents who say `word` as soon as they hear a buyer, hang up, and are ready again at once. */
export class RobotFloor {
  readonly talks: Talk[] = [];
  /** What is said of the next talks. */
  word: OutcomeInput = { outcome: 'confirmed' };
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly logins = new Map<string, string>();
  /** Who goes on a break after the talk at hand: one may begin between the look at the agent and the wish for the break. */
  private readonly resting = new Set<string>();

  constructor(private readonly test: TestApp) {
    const events = test.get(Events);
    events.on(callConnected, async (tx, { agentId, callId, orderRef }) => {
      this.talks.push({ orderRef, login: this.logins.get(agentId) ?? '' });
      // As of now: a test may look at the talk, and set the next word, before the transaction has been committed.
      const { word } = this;
      afterCommit(tx, () => this.follow(this.talk(agentId, callId, word)));
    });
    events.on(callEnded, async (tx, { agentId, wasConnected }) => {
      if (agentId !== null && wasConnected) afterCommit(tx, () => this.follow(this.goOn(agentId)));
    });
  }

  private get agents(): AgentsService {
    return this.test.get(AgentsService);
  }

  /** Somebody new, ready for calls. @returns the agent's id */
  async join(login: string, groups: string[], skills: string[] = []): Promise<string> {
    const body = { password: PASSWORD, connection: 'persistent', groups, skills };
    const response = await asAdmin(this.test, 'PUT', `/v1/admin/agents/${login}`, body);
    if (response.status !== 201) throw new Error(await response.text());
    const { agentId } = (await response.json()) as { agentId: string };
    this.logins.set(agentId, login);
    await this.agents.signIn(login, PASSWORD, 'test');
    await this.agents.wish(agentId, 'ready');
    await this.until(agentId, 'ready');
    return agentId;
  }

  /** A break, after the talk at hand. */
  async rest(agentId: string): Promise<void> {
    this.resting.add(agentId);
    await this.agents.wish(agentId, 'break', 'done');
    await this.until(agentId, 'break');
  }

  async resume(agentId: string): Promise<void> {
    this.resting.delete(agentId);
    await this.agents.wish(agentId, 'ready');
    await this.until(agentId, 'ready');
  }

  /** Takes a ready agent for something else. @returns ends that */
  async occupy(agentId: string): Promise<() => Promise<void>> {
    await this.until(agentId, 'ready');
    const callId = randomUUID();
    const transactions = this.test.get(Transactions);
    if (!(await transactions.run((tx) => this.agents.reserve(tx, agentId, callId))))
      throw new Error('somebody was faster');
    return () => transactions.run((tx) => this.agents.afterCall(tx, agentId, callId, 'ready'));
  }

  async until(agentId: string, state: string): Promise<void> {
    await waitFor(
      `${this.logins.get(agentId)} ${state}`,
      async () => (await this.agents.presence(agentId)).state === state,
    );
  }

  /** What the agents are doing has been done: before the service is closed under them. */
  async settled(): Promise<void> {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
  }

  private async goOn(agentId: string): Promise<void> {
    // Ends the wrap-up, which a wish for a break would only wait for.
    await this.agents.wish(agentId, 'ready');
    if (this.resting.has(agentId)) await this.agents.wish(agentId, 'break', 'done');
  }

  private follow(work: Promise<unknown>): void {
    this.underWay.add(work);
    const forget = () => void this.underWay.delete(work);
    work.then(forget, forget);
  }

  private async talk(agentId: string, callId: string, word: OutcomeInput): Promise<void> {
    await this.test.get(OutcomesService).record({ agentId, name: this.logins.get(agentId) ?? '' }, callId, word);
    await this.test
      .get(Transactions)
      .run((tx) => this.test.get(CallsService).request(tx, callId, { kind: 'agent_hangup' }));
  }
}
