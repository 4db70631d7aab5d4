import type { PacingFact } from '../../src/core/pacing/pacing-fact.js';
import { PredictivePacer } from '../../src/core/pacing/predictive.js';
import type { PredictiveLoad } from '../../src/core/pacing/predictive-load.js';

/** The first line of a run (docs/pacing-protocol.md). Only what the filter needs; durations are in seconds. */
export interface InitLine {
  readonly type: 'init';
  readonly window: number;
  readonly abandon_after: number;
  readonly ring_timeout: number;
  readonly amd: boolean;
}

type AgentInState = readonly [agent: number, seconds: number];

/** One instant of the run: the floor, the calls, the orders, and what happened since the line before. */
export interface StateLine {
  readonly type: 'state';
  readonly t: number;
  readonly agents: {
    readonly ready: readonly AgentInState[];
    readonly connecting: readonly AgentInState[];
    readonly talking: readonly AgentInState[];
    readonly wrap: readonly AgentInState[];
  };
  readonly calls: {
    /** Seconds since the originate, seconds of ringing or −1, attempt. */
    readonly inflight: readonly (readonly [number, number, number])[];
    readonly screening: readonly number[];
    readonly waiting: readonly number[];
  };
  readonly queue: { readonly fresh: number; readonly retry: number; readonly backlog: number };
  readonly trunks_free: number;
  readonly today: { readonly answers: number; readonly abandoned: number };
  readonly events: readonly BenchEvent[];
}

/** Other kinds of events (`bridge`, `abandon`) stand in the state already. */
export interface BenchEvent {
  readonly ev: string;
  readonly agent?: number;
  readonly state?: string;
  readonly result?: string;
  readonly attempt?: number;
  readonly age?: number;
  readonly ring?: number;
  readonly talk?: number;
  readonly wrap?: number;
}

/** One run of the pacing bench: lines in, answers out, with the rule of the dialer in between. */
export class PacingRun {
  private pacer: PredictivePacer | null = null;
  private windowSeconds = 0;

  /** @param cap highest share (0–1) of answered calls that may find no agent */
  constructor(private readonly cap: number) {}

  answer(line: InitLine | StateLine): { dial: number } {
    if (line.type === 'init') {
      this.windowSeconds = line.window;
      this.pacer = new PredictivePacer({
        cap: this.cap,
        abandonAfterSeconds: line.abandon_after,
        ringSeconds: line.ring_timeout,
        isScreened: line.amd,
      });
      return { dial: 0 };
    }
    if (this.pacer === null) throw new Error('The first line must be of type init.');
    for (const fact of factsOf(line.events)) this.pacer.learn(fact, line.t);
    return { dial: this.pacer.decide(loadOf(line, this.windowSeconds), line.t).dial };
  }
}

function loadOf(line: StateLine, windowSeconds: number): PredictiveLoad {
  const elapsed = (agents: readonly AgentInState[]) => agents.map(([, seconds]) => seconds);
  return {
    agents: {
      ready: elapsed(line.agents.ready),
      reserved: line.agents.connecting.length,
      talking: elapsed(line.agents.talking),
      wrapUp: elapsed(line.agents.wrap),
    },
    calls: {
      unassigned: line.calls.inflight.map(([ageSeconds, ringing, attempt]) => ({
        ageSeconds,
        ringingSeconds: ringing < 0 ? null : ringing,
        attempt,
      })),
      screening: line.calls.screening,
      waiting: line.calls.waiting,
    },
    due: [
      { attempt: 1, count: line.queue.fresh },
      { attempt: 2, count: line.queue.retry },
      { attempt: 1, count: line.queue.backlog },
    ],
    linesFree: line.trunks_free,
    abandons: [
      {
        answered: line.today.answers,
        abandoned: line.today.abandoned,
        window: { passedSeconds: line.t, leftSeconds: windowSeconds - line.t },
      },
    ],
  };
}

function factsOf(events: readonly BenchEvent[]): PacingFact[] {
  const facts: PacingFact[] = [];
  events.forEach((event, i) => {
    switch (event.ev) {
      case 'end':
        facts.push({
          kind: 'call_ended',
          by: event.result === 'human' ? 'person' : event.result === 'machine' ? 'machine' : 'nobody',
          attempt: event.attempt ?? 1,
          ageSeconds: event.age ?? 0,
          ringingSeconds: event.ring === undefined || event.ring < 0 ? null : event.ring,
        });
        break;
      case 'talk_end':
        facts.push({ kind: 'talk_ended', seconds: event.talk ?? 0 });
        break;
      case 'wrap_end': {
        // An agent who leaves after the wrap-up is told of at the same instant.
        const next = events[i + 1];
        const isReadyAfter = !(next?.ev === 'agent' && next.agent === event.agent && next.state !== 'ready');
        facts.push({ kind: 'wrap_up_ended', seconds: event.wrap ?? 0, isReadyAfter });
        break;
      }
    }
  });
  return facts;
}
