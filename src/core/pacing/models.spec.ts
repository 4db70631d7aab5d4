import { describe, expect, it } from 'vitest';
import { AnswerRatio } from './answer-ratio.js';
import { DurationModel } from './duration-model.js';
import { ReleaseForecast } from './release-forecast.js';
import { RingModel } from './ring-model.js';

/** All of 0.5/n, 1.5/n …, mixed: a sample without chance. n is no multiple of 7. */
const evenly = (n: number) => Array.from({ length: n }, (_, i) => (((i * 7) % n) + 0.5) / n);

describe('DurationModel', () => {
  const model = () => new DurationModel([10, 20, 40, 80, 160, 320], { meanSeconds: 240, weight: 4 }, 0.998);

  it('expects long durations before evidence', () => {
    expect(model().endsWithin(0, 20)).toBeLessThan(0.12);
  });

  it('a duration without memory stays one', () => {
    const learnt = model();
    for (const u of evenly(500)) learnt.learn(-Math.log(1 - u) * 60);
    learnt.refresh();
    for (const elapsed of [0, 25, 70]) expect(learnt.endsWithin(elapsed, 30)).toBeCloseTo(1 - Math.exp(-0.5), 1);
  });

  it('what has lasted long is not about to end: two kinds of talk', () => {
    const learnt = model();
    for (const u of evenly(300)) learnt.learn(u < 0.5 ? 8 : 200);
    learnt.refresh();
    expect(learnt.endsWithin(0, 10)).toBeGreaterThan(0.35);
    expect(learnt.endsWithin(30, 10)).toBeLessThan(0.05);
  });

  it.each([0, 5, 500, 10_000])('elapsed %d s gives a chance', (elapsed) => {
    const chance = model().endsWithin(elapsed, 15);
    expect(chance).toBeGreaterThanOrEqual(0);
    expect(chance).toBeLessThanOrEqual(1);
  });
});

describe('RingModel', () => {
  it('follows what was seen', () => {
    const ring = new RingModel(25);
    for (let i = 0; i < 400; i += 1) {
      ring.learn({ isAnswered: true, ageSeconds: 10, ringingSeconds: 7 });
      ring.learn({ isAnswered: false, ageSeconds: 28, ringingSeconds: 25 });
    }
    ring.refresh();
    expect(ring.answerAge(0.5)).toBeCloseTo(10, 0);
    expect(ring.answeredByAge(8)).toBeLessThan(0.05);
    expect(ring.answeredByAge(12)).toBeGreaterThan(0.95);
    expect(ring.failedByAge(26)).toBeLessThan(0.1);
  });

  it('places a call by its ringing when that is known, and before the ringing at most at its begin', () => {
    const ring = new RingModel(25);
    expect(ring.ageOf(9, 4)).toBeCloseTo(7);
    expect(ring.ageOf(9, null)).toBe(3);
    expect(ring.ageOf(1, null)).toBe(1);
  });
});

describe('AnswerRatio', () => {
  const learn = (ratio: AnswerRatio, calls: number, share: number, attempt = 1) => {
    for (let i = 0; i < calls; i += 1) ratio.learn(attempt, Math.floor((i + 1) * share) > Math.floor(i * share));
  };

  it('does not trust five calls', () => {
    const ratio = new AnswerRatio({ ratio: 0.6, weight: 12 });
    learn(ratio, 5, 0);
    expect(ratio.ratio(1)).toBeGreaterThan(0.35);
  });

  it('is taken higher than its estimate, by less the more was seen', () => {
    const ratio = new AnswerRatio({ ratio: 0.6, weight: 12 });
    const early = ratio.ratio(1, 1) - ratio.ratio(1);
    learn(ratio, 300, 0.4);
    expect(ratio.ratio(1)).toBeCloseTo(0.4, 1);
    expect(ratio.ratio(1, 1) - ratio.ratio(1)).toBeLessThan(early / 2);
  });

  it.each([
    [0.2, 0.6],
    [0.6, 0.2],
  ])('follows a jump from %d to %d within 120 calls', (before, after) => {
    const ratio = new AnswerRatio({ ratio: 0.6, weight: 12 });
    learn(ratio, 600, before);
    learn(ratio, 120, after);
    expect(Math.abs(ratio.ratio(1) - after)).toBeLessThan(0.12);
  });

  it('tells first attempts from later ones', () => {
    const ratio = new AnswerRatio({ ratio: 0.6, weight: 12 });
    for (let i = 0; i < 600; i += 1) {
      ratio.learn(1, i % 2 === 0);
      ratio.learn(3, i % 5 === 0);
    }
    expect(ratio.ratio(1)).toBeCloseTo(0.5, 1);
    expect(ratio.ratio(4)).toBeCloseTo(0.2, 1);
  });
});

describe('ReleaseForecast', () => {
  const horizons = Float64Array.from([5, 15, 30]);

  it('forecasts nobody without evidence', () => {
    const forecast = new ReleaseForecast(3);
    forecast.refresh(horizons);
    expect(forecast.isFreeAfterWrapUp(20, 2)).toBe(0);
    expect(forecast.isFreeAfterTalk(20, 2)).toBe(0);
  });

  it('a wrap-up near its usual length ends soon; a talk must end first', () => {
    const forecast = new ReleaseForecast(3);
    for (let i = 0; i < 200; i += 1) {
      forecast.talkEnded(60 + (i % 20));
      forecast.wrapUpEnded(18 + (i % 5), true);
    }
    forecast.refresh(horizons);
    expect(forecast.isFreeAfterWrapUp(17, 1)).toBeGreaterThan(0.8);
    expect(forecast.isFreeAfterWrapUp(2, 0)).toBeLessThan(0.1);
    expect(forecast.isFreeAfterTalk(70, 1)).toBeLessThan(0.1);
    expect(forecast.isFreeAfterTalk(70, 2)).toBeGreaterThan(0.5);
    expect(forecast.isFreeAfterTalk(10, 2)).toBeLessThan(0.1);
  });

  it('agents who go to break after the wrap-up are not counted on', () => {
    const forecast = new ReleaseForecast(3);
    for (let i = 0; i < 400; i += 1) forecast.wrapUpEnded(10, i % 2 === 0);
    forecast.refresh(horizons);
    expect(forecast.isFreeAfterWrapUp(5, 1)).toBeCloseTo(0.5, 1);
  });
});
