import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AbandonBudget } from './abandon-budget.js';

describe('AbandonBudget', () => {
  it.each([
    [
      'nothing answered, window open at its end only',
      0.03,
      { answered: 0, abandoned: 0, window: { passedSeconds: 0, leftSeconds: 28_800 } },
    ],
    ['sliding window: one more would be above the cap', 0.03, { answered: 33, abandoned: 0, window: null }],
    ['sliding window at the cap', 0.03, { answered: 1_000, abandoned: 30, window: null }],
    [
      'the end of the day, one call left',
      0.01,
      { answered: 199, abandoned: 1, window: { passedSeconds: 28_700, leftSeconds: 100 } },
    ],
  ])('accepts no risk: %s', (_name, cap, count) => {
    expect(new AbandonBudget({ cap, isScreened: false }).accept([count])).toBe(0);
  });

  it('accepts more at a surplus than at a debt, and in proportion to the cap', () => {
    const day = { passedSeconds: 10_000, leftSeconds: 18_000 };
    const accepted = (cap: number, abandoned: number) =>
      new AbandonBudget({ cap, isScreened: false }).accept([{ answered: 1_000, abandoned, window: day }]);
    expect(accepted(0.03, 10)).toBeGreaterThan(accepted(0.03, 28));
    expect(accepted(0.03, 28)).toBeGreaterThan(accepted(0.03, 35));
    expect(accepted(0.03, 35)).toBeGreaterThan(0);
    expect(accepted(0.01, 0) / accepted(0.03, 0)).toBeCloseTo(1 / 3, 1);
  });

  it('in a sliding window accepts risk only while one more abandoned call stays within the cap', () => {
    fc.assert(
      fc.property(
        fc.nat(5_000),
        fc.nat(200),
        fc.double({ min: 0.002, max: 0.1, noNaN: true }),
        (answered, abandoned, cap) => {
          const accepted = new AbandonBudget({ cap, isScreened: false }).accept([
            { answered, abandoned, window: null },
          ]);
          expect(accepted > 0).toBe(cap * answered - abandoned >= 1);
          expect(accepted).toBeLessThanOrEqual(0.7);
        },
      ),
    );
  });

  it('of several windows the tightest decides, each by its own cap', () => {
    const budget = new AbandonBudget({ cap: 0.03, isScreened: false });
    const day = { answered: 1_000, abandoned: 2, window: null, cap: 0.01 };
    const month = { answered: 20_000, abandoned: 100, window: null, cap: 0.02 };
    expect(budget.accept([day, month])).toBe(Math.min(budget.accept([day]), budget.accept([month])));
    expect(budget.accept([day, { ...month, abandoned: 400 }])).toBe(0);
    expect(budget.accept([])).toBe(0);
  });

  it('learns the price of risk from what was accepted and what came of it', () => {
    const accepted = (abandoned: number) => {
      const budget = new AbandonBudget({ cap: 0.03, isScreened: false });
      const window = { answered: 2_000, abandoned: 30, window: null };
      budget.took(budget.accept([window]));
      budget.learn(1_000, abandoned);
      return budget.accept([window]);
    };
    expect(accepted(10)).toBeGreaterThan(accepted(60));
  });

  it('learns no low price from hours in which there was nobody else to call', () => {
    const window = { answered: 2_000, abandoned: 30, window: null };
    const after = (taken: (accepted: number) => number) => {
      const budget = new AbandonBudget({ cap: 0.03, isScreened: false });
      budget.took(taken(budget.accept([window])));
      budget.learn(1_000, 0);
      return budget.accept([window]);
    };
    const before = new AbandonBudget({ cap: 0.03, isScreened: false }).accept([window]);
    expect(after((accepted) => accepted)).toBeGreaterThan(before);
    expect(after(() => 0)).toBe(before);
  });
});
