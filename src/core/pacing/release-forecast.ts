import { DurationModel } from './duration-model.js';

/** Upper ends of the bins, seconds: fine where most talks and most wrap-ups end. */
const TALK_EDGES = [
  5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 80, 90, 100, 110, 120, 140, 160, 180, 200, 230, 260, 300, 350, 400,
  500, 600, 900, 1200,
];
const WRAP_UP_EDGES = [
  2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 33, 36, 39, 42, 46, 50, 55, 60, 70, 80, 100, 120, 180, 240,
];

/** Rows of the tables: elapsed time, seconds for each row. */
const TALK_ROW_SECONDS = 5;
const TALK_ROWS = 240;
const WRAP_UP_ROWS = 240;

/** Step of the sum over the moments at which a talk may end, seconds. */
const TALK_STEP_SECONDS = 2;

/** Without this many wrap-ups seen nobody is forecast to become free. */
const ENOUGH_WRAP_UPS = 5;

/** Durations keep this share of their weight with each new one: the last 500 or so count. */
const FORGETTING = 0.998;

/**
 * Who becomes free when: for an agent who has talked or wrapped up for so long, the chance to be ready again within each of several horizons.
 * Both tables are conditional on the time elapsed and allow for agents who go to break instead of ready.
 */
export class ReleaseForecast {
  private readonly talk = new DurationModel(TALK_EDGES, { meanSeconds: 240, weight: 4 }, FORGETTING);
  private readonly wrapUp = new DurationModel(WRAP_UP_EDGES, { meanSeconds: 60, weight: 4 }, FORGETTING);
  private stayed = 19;
  private left = 1;
  private readonly afterTalk: Float64Array;
  private readonly afterWrapUp: Float64Array;

  /** @param horizons how many horizons each table holds */
  constructor(private readonly horizons: number) {
    this.afterTalk = new Float64Array(TALK_ROWS * horizons);
    this.afterWrapUp = new Float64Array(WRAP_UP_ROWS * horizons);
  }

  /** Are there enough wrap-ups to forecast from? */
  get hasEvidence(): boolean {
    return this.wrapUp.count >= ENOUGH_WRAP_UPS;
  }

  talkEnded(seconds: number): void {
    this.talk.learn(seconds);
  }

  wrapUpEnded(seconds: number, isReadyAfter: boolean): void {
    this.wrapUp.learn(seconds);
    if (isReadyAfter) this.stayed += 1;
    else this.left += 1;
    if (this.stayed + this.left < 2000) return;
    this.stayed /= 2;
    this.left /= 2;
  }

  /** Works the tables out anew for these horizons, seconds from now, ascending. */
  refresh(horizons: Float64Array): void {
    this.talk.refresh();
    this.wrapUp.refresh();
    const { afterTalk, afterWrapUp, talk, wrapUp, horizons: width } = this;
    afterTalk.fill(0);
    afterWrapUp.fill(0);
    if (!this.hasEvidence) return;
    const stays = this.stayed / (this.stayed + this.left);
    for (let row = 0; row < WRAP_UP_ROWS; row += 1)
      for (let j = 0; j < width; j += 1)
        afterWrapUp[row * width + j] = stays * wrapUp.endsWithin(row + 0.5, horizons[j]!);
    const steps = Math.ceil(horizons[width - 1]! / TALK_STEP_SECONDS);
    const wrapUpEnds = new Float64Array(steps * width);
    for (let step = 0; step < steps; step += 1)
      for (let j = 0; j < width; j += 1)
        wrapUpEnds[step * width + j] = stays * wrapUp.endsWithin(0, horizons[j]! - (step + 0.5) * TALK_STEP_SECONDS);
    for (let row = 0; row < TALK_ROWS; row += 1) {
      const elapsed = (row + 0.5) * TALK_ROW_SECONDS;
      const now = talk.survivalAt(elapsed);
      if (now <= 0) continue;
      let longer = now;
      for (let step = 0; step < steps; step += 1) {
        const longerStill = talk.survivalAt(elapsed + (step + 1) * TALK_STEP_SECONDS);
        const ends = (longer - longerStill) / now;
        longer = longerStill;
        for (let j = 0; j < width; j += 1) afterTalk[row * width + j]! += ends * wrapUpEnds[step * width + j]!;
      }
    }
  }

  /** Chance (0–1) that an agent who has talked for so long is ready again within horizon `j`. */
  isFreeAfterTalk(elapsedSeconds: number, j: number): number {
    return this.afterTalk[rowOf(elapsedSeconds / TALK_ROW_SECONDS, TALK_ROWS) * this.horizons + j]!;
  }

  /** Chance (0–1) that an agent who has wrapped up for so long is ready again within horizon `j`. */
  isFreeAfterWrapUp(elapsedSeconds: number, j: number): number {
    return this.afterWrapUp[rowOf(elapsedSeconds, WRAP_UP_ROWS) * this.horizons + j]!;
  }
}

function rowOf(elapsed: number, rows: number): number {
  return Math.min(rows - 1, Math.max(0, Math.floor(elapsed)));
}
