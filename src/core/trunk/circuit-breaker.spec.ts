import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  circuitState,
  explainCircuit,
  FIRST_PAUSE_MS,
  linesPermitted,
  LONGEST_PAUSE_MS,
  NEW_CIRCUIT,
  noteTrunkFact,
  WINDOW_MS,
  type Circuit,
  type TrunkFact,
} from './circuit-breaker.js';

const at = (ms: number) => new Date(Date.UTC(2026, 10, 24, 10) + ms);
const fact = (kind: TrunkFact['kind'], ms: number, number = `n${ms}`, placedMs = ms - 100): TrunkFact => ({
  kind,
  number,
  at: at(ms),
  placedAt: at(placedMs),
});
const noted = (facts: readonly TrunkFact[], circuit: Circuit = NEW_CIRCUIT) => facts.reduce(noteTrunkFact, circuit);
const storm = (fromMs = 0) => noted([0, 1, 2, 3].map((n) => fact('failed', fromMs + n)));
/** From the storm's last failure on. */
const RETRY_MS = 3 + FIRST_PAUSE_MS;

describe('when a circuit opens', () => {
  it('after four different numbers failed, and says so', () => {
    const open = storm();
    expect(circuitState(storm(), at(4))).toBe('open');
    expect(explainCircuit(open, at(4))).toContain('2026-11-24T10:00:15.003Z');
    expect(explainCircuit(NEW_CIRCUIT, at(4))).toBeNull();
  });

  it.each<[string, TrunkFact[]]>([
    ['three failures', [1, 2, 3].map((n) => fact('failed', n))],
    ['one number that fails again and again', [1, 2, 3, 4, 5, 6].map((n) => fact('failed', n, 'same'))],
    [
      'failures among twice as many that got through',
      Array.from({ length: 15 }, (_, n) => fact(n % 3 === 2 ? 'failed' : 'reached', n)),
    ],
    ['failures that are long ago', [0, 1, 2, WINDOW_MS + 2].map((ms) => fact('failed', ms))],
  ])('not for %s', (_name, facts) => {
    expect(circuitState(noted(facts), at(WINDOW_MS + 3))).toBe('closed');
  });

  it('opens in the middle of good calls once half of the numbers fail', () => {
    const facts = [1, 2, 3, 4].map((n) => fact('reached', n)).concat([5, 6, 7, 8].map((n) => fact('failed', n)));
    expect(circuitState(noted(facts.slice(0, 7)), at(9))).toBe('closed');
    expect(circuitState(noted(facts), at(9))).toBe('open');
  });
});

describe('while it is open', () => {
  it('leaves no lines, then one at a time', () => {
    const open = storm();
    expect(linesPermitted(NEW_CIRCUIT, 7, 3, at(0))).toBe(7);
    expect(linesPermitted(open, 7, 0, at(4))).toBe(0);
    expect(circuitState(open, at(RETRY_MS))).toBe('half_open');
    expect(linesPermitted(open, 7, 0, at(RETRY_MS))).toBe(1);
    expect(linesPermitted(open, 7, 1, at(RETRY_MS))).toBe(0);
    expect(linesPermitted(open, 0, 0, at(RETRY_MS))).toBe(0);
  });

  it('does not listen to calls placed before the pause was over', () => {
    const open = storm();
    for (const kind of ['failed', 'reached'] as const) {
      expect(noteTrunkFact(open, fact(kind, RETRY_MS + 5_000, 'old', 1))).toBe(open);
    }
  });

  it('closes after two probes got through, with a clean record', () => {
    const once = noted([fact('reached', RETRY_MS + 200)], storm());
    expect(circuitState(once, at(RETRY_MS + 300))).toBe('half_open');
    const twice = noted([fact('reached', RETRY_MS + 400)], once);
    expect(circuitState(twice, at(RETRY_MS + 400))).toBe('closed');
    expect(circuitState(noted([fact('failed', RETRY_MS + 500)], twice), at(RETRY_MS + 500))).toBe('closed');
  });

  it('pauses twice as long after each failed probe, five minutes at most', () => {
    let circuit = storm();
    const pauses: number[] = [];
    for (let i = 0; i < 8; i++) {
      const { since, retryAt } = circuit.open!;
      pauses.push(retryAt.getTime() - since.getTime());
      circuit = noteTrunkFact(circuit, { kind: 'failed', number: 'p', placedAt: retryAt, at: retryAt });
    }
    expect(pauses.slice(0, 3)).toEqual([1, 2, 4].map((n) => n * FIRST_PAUSE_MS));
    expect(pauses.at(-1)).toBe(LONGEST_PAUSE_MS);
  });

  it('remembers a storm that comes back soon, and forgives after a good while', () => {
    const closed = noted([fact('reached', RETRY_MS + 200), fact('reached', RETRY_MS + 400)], storm());
    const again = (ms: number) =>
      noted(
        [0, 1, 2, 3].map((n) => fact('failed', ms + n)),
        closed,
      ).open!;
    const soon = again(RETRY_MS + 60_000);
    expect(soon.retryAt.getTime() - soon.since.getTime()).toBe(2 * FIRST_PAUSE_MS);
    const late = again(RETRY_MS + 400_000);
    expect(late.retryAt.getTime() - late.since.getTime()).toBe(FIRST_PAUSE_MS);
  });
});

it('never permits more lines than there are, keeps no more than a window, and always opens again to a probe', () => {
  const facts = fc.array(
    fc.record({
      kind: fc.constantFrom('failed', 'reached'),
      gapMs: fc.nat(20_000),
      number: fc.nat(9),
      ageMs: fc.nat(30_000),
    }),
    { maxLength: 80 },
  );
  fc.assert(
    fc.property(facts, fc.nat(20), fc.nat(3), (steps, lines, undecided) => {
      let ms = 0;
      let circuit = NEW_CIRCUIT;
      for (const { kind, gapMs, number, ageMs } of steps) {
        ms += gapMs;
        circuit = noteTrunkFact(circuit, fact(kind as TrunkFact['kind'], ms, String(number), ms - ageMs));
        const permitted = linesPermitted(circuit, lines, undecided, at(ms));
        expect(permitted).toBeGreaterThanOrEqual(0);
        expect(permitted).toBeLessThanOrEqual(lines);
        for (const one of circuit.recent) expect(one.at.getTime()).toBeGreaterThan(at(ms - WINDOW_MS).getTime());
      }
      expect(circuitState(circuit, at(ms + LONGEST_PAUSE_MS))).not.toBe('open');
    }),
  );
});
