import { Injectable } from '@nestjs/common';
import { FloorWatch, type SeenAgent } from '../../core/pacing/floor-watch.js';
import { factsOfCall, factsOfPast } from '../../core/pacing/pacing-fact.js';
import { PredictivePacer } from '../../core/pacing/predictive.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { CallsService } from '../calls/calls.service.js';

/** An answered buyer without an agent after this is abandoned (docs/decisions/0009-lease-and-abandoned.md). */
const ABANDON_AFTER_SECONDS = 2;
/** A new leader learns from so many calls of the group: about as many as the slowest estimate remembers. */
const CALLS_TO_LEARN_FROM = 400;
/** The share for windows that name none; each window of a shop names its own. */
const CAP = 0.03;

interface Led {
  readonly pacer: PredictivePacer;
  readonly watch: FloorWatch;
  readonly ringSeconds: number;
}

/** Seconds on a clock that does not run backwards: what the pacing rule counts by. */
export function pacingSeconds(): number {
  return performance.now() / 1000;
}

/**
 * The pacing rule of each group that this process leads, fed with what happens: calls by their moves, talks and wrap-ups by looks at the floor. It lives in
 * the leader's memory; a new leader starts with what Postgres knows of the group's last calls.
 */
@Injectable()
export class GroupPacing {
  private readonly led = new Map<string, Led>();

  constructor(
    private readonly transactions: Transactions,
    private readonly calls: CallsService,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
  ) {
    calls.onMoved(({ groupId, call, number }, before) => {
      const pacer = this.led.get(groupId)?.pacer;
      for (const fact of factsOfCall(before, call, number)) pacer?.learn(fact, pacingSeconds());
    });
  }

  /**
   * The rule of the group, which has seen the floor as it is now.
   *
   * @param of.ringSeconds  the longest ringing of the shops that the group serves; another one makes the rule learn anew
   */
  async look(
    groupId: string,
    floor: readonly SeenAgent[],
    of: { readonly ringSeconds: number; readonly shopIds: readonly string[] },
  ): Promise<PredictivePacer> {
    let led = this.led.get(groupId);
    if (led === undefined || led.ringSeconds !== of.ringSeconds) {
      led = { pacer: await this.learnt(groupId, of), watch: new FloorWatch(), ringSeconds: of.ringSeconds };
      this.led.set(groupId, led);
    }
    for (const fact of led.watch.look(floor)) led.pacer.learn(fact, pacingSeconds());
    return led.pacer;
  }

  /** Another process leads the group. */
  forget(groupId: string): void {
    this.led.delete(groupId);
  }

  private async learnt(
    groupId: string,
    of: { readonly ringSeconds: number; readonly shopIds: readonly string[] },
  ): Promise<PredictivePacer> {
    const pacer = new PredictivePacer({
      cap: CAP,
      abandonAfterSeconds: ABANDON_AFTER_SECONDS,
      ringSeconds: of.ringSeconds,
      // A detection of answering machines runs in the talk: whoever answers takes an agent.
      isScreened: false,
    });
    const past = await this.transactions.read((tx) =>
      this.calls.recentOf(tx, groupId, of.shopIds, CALLS_TO_LEARN_FROM),
    );
    const [nowSeconds, nowMs] = [pacingSeconds(), this.clock.now().getTime()];
    for (const call of past)
      for (const fact of factsOfPast(call)) pacer.learn(fact, nowSeconds - (nowMs - call.endedAt.getTime()) / 1000);
    if (past.length > 0) this.log.info('pacing learnt from earlier calls', { groupId, calls: past.length });
    return pacer;
  }
}
