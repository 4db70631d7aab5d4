import type { AttemptResult } from '../../../src/core/call/result.js';
import { buyerBehaviour, type FarEndStep } from '../../../src/core/telephony/far-end.js';
import type { Chance } from '../engine/chance.js';
import type { BuyersPlan, MeasuredBuyers, Unanswered } from '../scenario/scenario.js';

/** The far end of a call, and what the buyer would do later. */
export interface FarEnd {
  readonly steps: readonly FarEndStep[];
  readonly isMachine: boolean;
}

const RING_AFTER_MS = 350;
const ring: FarEndStep = { kind: 'ring', afterMs: RING_AFTER_MS };

const REFUSALS: Readonly<Record<Unanswered, readonly FarEndStep[]>> = {
  no_answer: [ring],
  busy: [{ kind: 'refuse', afterMs: 700, cause: 17, techCause: 486 }],
  rejected: [ring, { kind: 'refuse', afterMs: 5_000, cause: 21, techCause: 603 }],
  switched_off: [{ kind: 'refuse', afterMs: 1_500, cause: 19, techCause: 480 }],
  invalid: [{ kind: 'refuse', afterMs: 200, cause: 1, techCause: 404 }],
  congestion: [{ kind: 'refuse', afterMs: 100, cause: 34, techCause: 503 }],
  early_media_busy: [
    { kind: 'early_media', afterMs: 300 },
    { kind: 'refuse', afterMs: 4_000, cause: 17, techCause: 486 },
  ],
  silent_carrier: [],
};

/** What the buyers of one shop do when their phones are called. */
export class Buyers {
  constructor(
    private readonly plan: BuyersPlan,
    private readonly chance: Chance,
  ) {}

  /**
   * @param attempt  from 1
   * @param hour     of the buyer's day, 0–23
   */
  farEnd(number: string, attempt: number, hour: number): FarEnd {
    const { plan, chance } = this;
    if (plan.behaviour === 'carrier') return { steps: buyerBehaviour(number), isMachine: number.endsWith('65') };
    if (plan.behaviour !== 'drawn') return measured(plan.behaviour, chance);
    const ratio = (plan.answerRatioByHour[hour] ?? 0) * (attempt > 1 ? plan.laterAttemptsFactor : 1);
    if (!chance.isTrue(Math.min(1, ratio)))
      return { steps: REFUSALS[chance.pick(plan.unanswered) ?? 'no_answer'], isMachine: false };
    const answer: FarEndStep = { kind: 'answer', afterMs: chance.draw(plan.answerSeconds) * 1_000 };
    if (chance.isTrue(plan.machineRatio))
      return { steps: [ring, answer, { kind: 'talk', afterMs: 300, forMs: 6_000 }], isMachine: true };
    const steps: FarEndStep[] = [ring, answer, { kind: 'talk', afterMs: 300, forMs: 900 }];
    if (chance.isTrue(plan.hangsUpAtOnceRatio)) steps.push({ kind: 'hang_up', afterMs: 50 });
    return { steps, isMachine: false };
  }

  patienceMs(): number {
    return this.chance.draw(this.plan.patienceSeconds) * 1_000;
  }
}

const CODES: Partial<Record<AttemptResult, { cause: number; techCause: number }>> = {
  busy: { cause: 17, techCause: 486 },
  rejected: { cause: 21, techCause: 603 },
  invalid_number: { cause: 1, techCause: 404 },
  unobtainable: { cause: 19, techCause: 480 },
  carrier_failure: { cause: 34, techCause: 503 },
};

/** A call like one of those that were seen: the same times, the same end. */
function measured({ calls }: MeasuredBuyers, chance: Chance): FarEnd {
  const seen = calls[Math.floor(chance.next() * calls.length)]!;
  const steps: FarEndStep[] = [];
  const ringsAfterMs = seen.ringingAfterSeconds === null ? 0 : seen.ringingAfterSeconds * 1_000;
  if (seen.ringingAfterSeconds !== null) steps.push({ kind: 'ring', afterMs: ringsAfterMs });
  const restMs = Math.max(0, seen.seconds * 1_000 - ringsAfterMs);
  switch (seen.result) {
    case 'answered':
    case 'abandoned':
      steps.push({ kind: 'answer', afterMs: restMs }, { kind: 'talk', afterMs: 300, forMs: 800 });
      break;
    case 'machine':
      steps.push({ kind: 'answer', afterMs: restMs }, { kind: 'talk', afterMs: 300, forMs: 6_000 });
      break;
    case 'no_answer':
    case 'withdrawn':
    case 'system_failure':
      break;
    default: {
      const code = CODES[seen.result];
      if (code !== undefined) steps.push({ kind: 'refuse', afterMs: restMs, ...code });
    }
  }
  return { steps, isMachine: seen.result === 'machine' };
}
