import { AbandonBudget } from './abandon-budget.js';
import { AnswerRatio } from './answer-ratio.js';
import { chanceOfShortage, CountDistribution } from './count-distribution.js';
import { pace } from './pace.js';
import type { PacingFact } from './pacing-fact.js';
import type { PredictiveDecision, PredictiveLoad, PredictiveOptions, PredictiveReason } from './predictive-load.js';
import { ReleaseForecast } from './release-forecast.js';
import { RingModel } from './ring-model.js';

/** Instants at which a call placed now may be answered, each as likely as the others. */
const INSTANTS = 8;

/** Below this many calls seen to their end, one call for each free agent. */
const ENOUGH_CALLS = 30;

/** Standard errors by which the answer ratio is taken higher than its estimate. */
const CARE = 0.5;

/** A bridge takes this long, seconds: who becomes free later than that before the buyer gives up comes too late. */
const BRIDGE_SECONDS = 0.3;

/** The models are brought up to date this often, seconds. */
const REFRESH_SECONDS = 15;

/** Chances below this are summed up in a Poisson distribution instead of being folded in one by one. */
const SMALL_CHANCE = 0.02;

/** A call counts for the answer ratio when all calls placed with it have ended: so long after the longest ringing, seconds. */
const SETTLE_SECONDS = 6;

/** Calls that need an agent and find none ready set one aside, so that calls ahead of the agents do not keep them waiting for ever: at least 1, at most this share. */
const MOST_SET_ASIDE = 0.1;

/** At most so many ended calls wait to be counted. */
const MOST_SETTLING = 10_000;

/**
 * How many new calls to place now for one agent group, so that buyers answer as agents become free.
 *
 * For several instants at which a call placed now may be answered it compares two random numbers: the answers by then of the calls that ring (each by its age)
 * and the agents free by then (those ready, and each that talks or wraps up by the time elapsed). The chance that the answers take all agents at that instant or
 * a later one is the chance that one more answered call means one more abandoned one. Calls are added while this chance is below what the
 * budget of abandoned calls accepts. There are always as many calls as agents who are free for certain.
 *
 * The object holds what is learnt, of bounded size; it does no I/O and knows no clock. The same facts and loads in the same order give the same decisions.
 * Source: docs/decisions/0014-predictive-pacing.md; measured in docs/performance.md.
 */
export class PredictivePacer {
  private readonly releases = new ReleaseForecast(INSTANTS);
  private readonly ratio = new AnswerRatio({ ratio: 0.6, weight: 12 });
  private readonly ring: RingModel;
  private readonly budget: AbandonBudget;
  /** Of screened calls, those with a person and those with a machine. */
  private persons = 4;
  private machines = 1;
  /** Since the object was made. */
  private answered = 0;
  private abandoned = 0;
  private settling: { readonly at: number; readonly fact: CallEnded }[] = [];
  /** No call settles before. */
  private settlesAt = Infinity;
  private refreshedAt = -Infinity;
  /** Seconds from now to each instant, and to the last moment at which a buyer who answers then can still be served. */
  private readonly answerAfter = new Float64Array(INSTANTS);
  private readonly servedUntil = new Float64Array(INSTANTS);
  private readonly answeredBy = new Float64Array(INSTANTS);
  private readonly answers = Array.from({ length: INSTANTS }, () => new CountDistribution());
  private readonly free = Array.from({ length: INSTANTS }, () => new CountDistribution());

  constructor(private readonly options: PredictiveOptions) {
    this.ring = new RingModel(options.ringSeconds);
    this.budget = new AbandonBudget(options);
  }

  /** @param atSeconds when it happened, on the same clock as `decide` */
  learn(fact: PacingFact, atSeconds: number): void {
    switch (fact.kind) {
      case 'call_ended':
        if (fact.by === 'person') this.answered += 1;
        // Calls that fail end sooner than calls that nobody answers: counted as they end, a burst would look unanswered, then answered.
        this.settling.push({ at: atSeconds - fact.ageSeconds + this.options.ringSeconds + SETTLE_SECONDS, fact });
        this.settlesAt = Math.min(this.settlesAt, this.settling.at(-1)!.at);
        if (this.settling.length > MOST_SETTLING)
          this.settling.splice(0, MOST_SETTLING / 2).forEach((old) => this.count(old.fact));
        break;
      case 'abandoned':
        this.abandoned += 1;
        break;
      case 'talk_ended':
        this.releases.talkEnded(fact.seconds);
        break;
      case 'wrap_up_ended':
        this.releases.wrapUpEnded(fact.seconds, fact.isReadyAfter);
        break;
    }
  }

  /** @param nowSeconds any clock that does not run backwards */
  decide(load: PredictiveLoad, nowSeconds: number): PredictiveDecision {
    this.settle(nowSeconds);
    if (nowSeconds - this.refreshedAt >= REFRESH_SECONDS) this.refresh(nowSeconds);
    const { agents, calls } = load;
    const due = load.due.reduce((sum, kind) => sum + kind.count, 0);
    const oneToOne = pace({ agents, calls, ordersDue: due, linesFree: load.linesFree });
    const { agentsFree } = oneToOne;
    const lines = Math.max(0, Math.floor(load.linesFree));
    const limit = Math.min(due, lines);
    const acceptedRisk = this.acceptRisk(load);
    const isAhead = acceptedRisk > 0 && this.hasEvidence;
    const decision = (
      dial: number,
      reason: PredictiveReason,
      more: { reserve: number; risk: number | null } = { reserve: dial, risk: null },
    ): PredictiveDecision => {
      this.budget.took(Math.min(acceptedRisk, more.risk ?? 0));
      return { dial, reason, isAhead, agentsFree, acceptedRisk, answerRatio: this.ratio.ratio(1), ...more };
    };
    const full = lines < due ? 'trunk_full' : 'all_due';
    if (due === 0) return decision(0, 'nothing_due');
    if (load.abandons.length === 0) return decision(oneToOne.dial, oneToOne.reason);
    if (lines === 0) return decision(0, 'trunk_full');
    if (agents.reserved + agents.talking.length + agents.wrapUp.length + agents.ready.length + agentsFree === 0)
      return decision(0, 'no_agent');
    if (agentsFree >= limit) return decision(limit, full);
    if (acceptedRisk === 0) return decision(agentsFree, 'cap_reached');
    if (!isAhead) return decision(agentsFree, 'no_evidence');
    const { dial, ...more } = this.predict(load, { agentsFree, limit, acceptedRisk });
    return decision(dial, dial === limit ? full : 'predicted', more);
  }

  /** Enough calls and wrap-ups seen to foretell the next ones? */
  private get hasEvidence(): boolean {
    return this.ratio.count >= ENOUGH_CALLS && this.releases.hasEvidence;
  }

  private acceptRisk({ abandons, calls }: PredictiveLoad): number {
    const [first] = abandons;
    // A window that is judged at its end counts all calls since it began; in a sliding one old calls leave, so we count ourselves.
    if (first !== undefined && first.window !== null) this.budget.learn(first.answered, first.abandoned);
    else this.budget.learn(this.answered, this.abandoned);
    return this.budget.accept(abandons, calls.waiting.length);
  }

  private predict(
    load: PredictiveLoad,
    given: { agentsFree: number; limit: number; acceptedRisk: number },
  ): { dial: number; reserve: number; risk: number | null } {
    const { agents, calls } = load;
    const atWork = agents.ready.length + agents.reserved + agents.talking.length + agents.wrapUp.length;
    let aside = Math.max(1, Math.floor(MOST_SET_ASIDE * atWork));
    const needing = load.due.reduce((sum, kind) => sum + (kind.needsAgent === true ? kind.count : 0), 0);
    this.expectAnswers(load);
    this.expectFree(load, given.limit + Math.min(needing, agents.ready.length + aside));
    let perCall = agents.readyPerCall ?? 0;
    let certain = given.agentsFree - perCall;
    let idle = agents.ready.length;
    let start = agents.ready.length - calls.waiting.length;
    let dial = 0;
    let reserve = 0;
    let risk: number | null = null;
    const isAccepted = (): boolean => {
      if (certain > 0) return true;
      risk = this.riskOfOneMore(start);
      return risk <= given.acceptedRisk;
    };
    for (const { attempt, count, needsAgent = false } of load.due) {
      const ratio = this.ratio.ratio(attempt, CARE);
      for (let left = count; left > 0; left -= 1) {
        if (dial === given.limit) return { dial, reserve, risk };
        if (perCall > 0) {
          perCall -= 1;
          dial += 1;
          if (needsAgent) reserve += 1;
        } else if (needsAgent) {
          // To take an agent away is as risky as one more call that is answered for certain.
          if (idle > 0 && isAccepted()) {
            idle -= 1;
            dial += 1;
            reserve += 1;
          } else if (aside > 0) aside -= 1;
          else break;
          start -= 1;
          certain -= 1;
        } else {
          if (!isAccepted()) return { dial, reserve, risk };
          for (let j = 0; j < INSTANTS; j += 1) this.answers[j]!.add(ratio * this.answeredBy[j]!);
          dial += 1;
          certain -= 1;
        }
      }
    }
    return { dial, reserve, risk };
  }

  /** Chance that one more answered call means one more abandoned one: it finds no agent, or takes the agent that a later one would have had. */
  private riskOfOneMore(start: number): number {
    let sum = 0;
    let later = 0;
    for (let j = INSTANTS - 1; j >= 0; j -= 1) {
      later = Math.max(later, chanceOfShortage(this.free[j]!, this.answers[j]!, start));
      sum += later;
    }
    return sum / INSTANTS;
  }

  /** How many of the calls that ring are answered by each instant. */
  private expectAnswers({ calls }: PredictiveLoad): void {
    const { answers, answerAfter, ring } = this;
    const person = this.persons / (this.persons + this.machines);
    for (const count of answers) {
      count.reset();
      for (let call = 0; call < calls.screening.length; call += 1) count.add(person);
    }
    for (const call of calls.unassigned) {
      const age = ring.ageOf(call.ageSeconds, call.ringingSeconds);
      const ratio = this.ratio.ratio(call.attempt, CARE);
      const answered = ring.answeredByAge(age);
      const alive = ratio * (1 - answered) + (1 - ratio) * (1 - ring.failedByAge(age));
      if (alive <= 1e-9) continue;
      for (let j = 0; j < INSTANTS; j += 1)
        answers[j]!.add(Math.min(1, (ratio * (ring.answeredByAge(age + answerAfter[j]!) - answered)) / alive));
    }
  }

  /** How many of the agents who talk or wrap up are ready in time for a buyer who answers at each instant. */
  private expectFree({ agents, calls }: PredictiveLoad, limit: number): void {
    const { releases } = this;
    const busy = agents.talking.length + agents.wrapUp.length;
    const mostAnswers = calls.unassigned.length + calls.screening.length + limit;
    // More free agents than there can be answers make no difference.
    const highest = Math.max(0, Math.min(busy, mostAnswers - (agents.ready.length - calls.waiting.length) + 1));
    for (let j = 0; j < INSTANTS; j += 1) {
      const count = this.free[j]!;
      let small = 0;
      for (const elapsed of agents.wrapUp) small += smallOnly(releases.isFreeAfterWrapUp(elapsed, j));
      for (const elapsed of agents.talking) small += smallOnly(releases.isFreeAfterTalk(elapsed, j));
      count.resetPoisson(small, highest);
      for (const elapsed of agents.wrapUp) addLarge(count, releases.isFreeAfterWrapUp(elapsed, j));
      for (const elapsed of agents.talking) addLarge(count, releases.isFreeAfterTalk(elapsed, j));
    }
  }

  private settle(nowSeconds: number): void {
    if (nowSeconds < this.settlesAt) return;
    let kept = 0;
    let next = Infinity;
    for (const call of this.settling) {
      if (call.at <= nowSeconds) this.count(call.fact);
      else {
        this.settling[kept++] = call;
        next = Math.min(next, call.at);
      }
    }
    this.settling.length = kept;
    this.settlesAt = next;
  }

  private count(fact: CallEnded): void {
    this.ratio.learn(fact.attempt, fact.by === 'person');
    this.ring.learn({ ...fact, isAnswered: fact.by === 'person' });
    if (fact.by === 'person') this.persons += 1;
    if (fact.by === 'machine') this.machines += 1;
    if (this.persons + this.machines < 1000) return;
    this.persons /= 2;
    this.machines /= 2;
  }

  private refresh(nowSeconds: number): void {
    this.refreshedAt = nowSeconds;
    this.ring.refresh();
    for (let j = 0; j < INSTANTS; j += 1) {
      const after = this.ring.answerAge((j + 0.5) / INSTANTS);
      this.answerAfter[j] = after;
      this.answeredBy[j] = (j + 0.5) / INSTANTS;
      this.servedUntil[j] = after + Math.max(0, this.options.abandonAfterSeconds - BRIDGE_SECONDS);
    }
    this.releases.refresh(this.servedUntil);
  }
}

type CallEnded = Extract<PacingFact, { kind: 'call_ended' }>;

function smallOnly(chance: number): number {
  return chance < SMALL_CHANCE ? chance : 0;
}

function addLarge(count: CountDistribution, chance: number): void {
  if (chance >= SMALL_CHANCE) count.add(chance);
}
