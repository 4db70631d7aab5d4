import { randomUUID } from 'node:crypto';
import type { AgentCallRequest, BuyerCallRequest, Telephony, TelephonyFact } from '../../src/core/call/telephony.js';

/** An exchange under test, real or virtual, with the simulated carrier and agents' phones behind it. */
export interface Exchange {
  /** A dialer process of its own, connected. */
  open(): Promise<Dialer>;
  /** The exchange is ended and started again; all its calls are gone. */
  restart(): Promise<void>;
  /** True while the recorded message is played to the leg. */
  isInMessage(legId: string): Promise<boolean>;
  close(): Promise<void>;
}

/** One dialer process as the exchange sees it. */
export interface Dialer {
  readonly telephony: Telephony;
  readonly facts: FactLog;
  /** Cuts the link; it comes back by itself. */
  cutLink(): Promise<void>;
  /** The process ends without a word. */
  die(): Promise<void>;
}

type FactOf<K extends TelephonyFact['kind']> = Extract<TelephonyFact, { kind: K }>;

/** All facts that a dialer heard, and waiting for them. */
export class FactLog {
  readonly all: TelephonyFact[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(telephony: Telephony) {
    telephony.onFact((fact) => {
      this.all.push(fact);
      for (const look of [...this.waiting]) look();
    });
  }

  /** The kinds of facts heard of a leg, in order. */
  kindsOf(legId: string): string[] {
    return this.all.filter((fact) => 'legId' in fact && fact.legId === legId).map((fact) => fact.kind);
  }

  /** The first fact of this kind of the leg, heard already or within `withinMs`. */
  async ofLeg<K extends TelephonyFact['kind']>(legId: string, kind: K, withinMs = 5_000): Promise<FactOf<K>> {
    return this.matching(
      (fact): fact is FactOf<K> => fact.kind === kind && 'legId' in fact && fact.legId === legId,
      `${kind} of the leg`,
      withinMs,
      () => this.kindsOf(legId).join(', '),
    );
  }

  /** The first fact of this kind after `from` (an index into `all`). */
  async next<K extends TelephonyFact['kind']>(kind: K, from: number, withinMs: number): Promise<FactOf<K>> {
    return this.matching(
      (fact): fact is FactOf<K> => fact.kind === kind && this.all.indexOf(fact) >= from,
      kind,
      withinMs,
      () =>
        this.all
          .slice(from)
          .map((fact) => fact.kind)
          .join(', '),
    );
  }

  private matching<F extends TelephonyFact>(
    isIt: (fact: TelephonyFact) => fact is F,
    what: string,
    withinMs: number,
    heard: () => string,
  ): Promise<F> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const fact = this.all.find(isIt);
        if (fact === undefined) return;
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(fact);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(look);
        reject(new Error(`${what} was not heard within ${withinMs} ms; heard: ${heard() || 'nothing'}`));
      }, withinMs);
      this.waiting.add(look);
      look();
    });
  }
}

export const GROUP = 'default';
const TRUNK = 'PJSIP/{number}@trunk';

/** An order to call the buyer behind a number that ends in `suffix`. */
export function toBuyer(suffix: string, more: Partial<BuyerCallRequest> = {}): BuyerCallRequest {
  return {
    legId: randomUUID(),
    groupId: GROUP,
    trunkEndpoint: TRUNK,
    number: `+3806700000${suffix}`,
    callerId: '+380441234567',
    ringSeconds: 25,
    language: 'uk',
    detectSpeech: false,
    ...more,
  };
}

/** An order to call an agent's phone, by default one that answers at once. */
export function toAgent(more: Partial<AgentCallRequest> = {}): AgentCallRequest {
  const agentId = randomUUID();
  return {
    legId: `agent-${agentId}-1`,
    agentId,
    groupId: GROUP,
    endpoint: 'PJSIP/agent-anna',
    callerId: null,
    ringSeconds: 12,
    ...more,
  };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until the condition holds; `what` names it in the failure. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = 5_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${withinMs} ms`);
    await sleep(50);
  }
}
