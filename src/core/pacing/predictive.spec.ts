import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PacingFact } from './pacing-fact.js';
import { PredictivePacer } from './predictive.js';
import type { PredictiveLoad } from './predictive-load.js';

const options = { cap: 0.03, abandonAfterSeconds: 2, ringSeconds: 25, isScreened: false };
const day = { passedSeconds: 10_000, leftSeconds: 18_800 };

const load = (more: Partial<PredictiveLoad> = {}): PredictiveLoad => ({
  agents: { ready: [], reserved: 0, talking: [40, 90, 15, 200], wrapUp: [] },
  calls: { unassigned: [], screening: [], waiting: [] },
  due: [{ attempt: 1, count: 100 }],
  linesFree: 100,
  abandons: [{ answered: 1_000, abandoned: 20, window: day }],
  ...more,
});

/** Answers of 45 % after 6–17 s, talks of 60–180 s, wrap-ups of 20–40 s. */
function facts(n: number): PacingFact[] {
  return Array.from({ length: n }, (_, i): PacingFact[] => [
    i % 20 < 9
      ? { kind: 'call_ended', by: 'person', attempt: 1, ageSeconds: 6 + (i % 12), ringingSeconds: 3 + (i % 12) }
      : { kind: 'call_ended', by: 'nobody', attempt: 1, ageSeconds: 28, ringingSeconds: 25 },
    { kind: 'talk_ended', seconds: 60 + ((i * 7) % 120) },
    { kind: 'wrap_up_ended', seconds: 20 + ((i * 3) % 20), isReadyAfter: true },
  ]).flat();
}

function experienced(more: Partial<typeof options> = {}, n = 300): PredictivePacer {
  const pacer = new PredictivePacer({ ...options, ...more });
  facts(n).forEach((fact) => pacer.learn(fact, 0));
  return pacer;
}

const seconds = (max: number, maxLength: number) => fc.array(fc.double({ min: 0, max, noNaN: true }), { maxLength });
const anyLoad = fc.record({
  agents: fc.record({
    ready: seconds(60, 8),
    readyPerCall: fc.nat(2),
    reserved: fc.nat(3),
    talking: seconds(300, 20),
    wrapUp: seconds(60, 12),
  }),
  calls: fc.record({
    unassigned: fc.array(
      fc.record({
        ageSeconds: fc.double({ min: 0, max: 40, noNaN: true }),
        ringingSeconds: fc.option(fc.double({ min: 0, max: 30, noNaN: true })),
        attempt: fc.integer({ min: 1, max: 5 }),
      }),
      { maxLength: 25 },
    ),
    screening: seconds(1, 3),
    waiting: seconds(2, 3),
  }),
  due: fc.array(fc.record({ attempt: fc.integer({ min: 1, max: 4 }), count: fc.nat(30), needsAgent: fc.boolean() }), {
    maxLength: 3,
  }),
  linesFree: fc.integer({ min: -2, max: 60 }),
  abandons: fc.array(
    fc.record({
      answered: fc.nat(2_000),
      abandoned: fc.nat(50),
      window: fc.option(fc.constant(day)),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});

const one = (state: 'ready' | 'talking' | 'wrapUp', elapsed: number, from: PredictiveLoad): PredictiveLoad => ({
  ...from,
  agents: { ...from.agents, [state]: [...from.agents[state], elapsed] },
});

describe('PredictivePacer', () => {
  it.each([
    ['nothing without orders', load({ due: [] }), 0, 'nothing_due'],
    ['nothing without lines', load({ linesFree: 0 }), 0, 'trunk_full'],
    [
      'nothing without anybody on the floor',
      load({ agents: { ready: [], reserved: 0, talking: [], wrapUp: [] } }),
      0,
      'no_agent',
    ],
    [
      'orders fewer than agents: all at once',
      load({ agents: { ready: [1, 2, 3], reserved: 0, talking: [], wrapUp: [] }, due: [{ attempt: 2, count: 2 }] }),
      2,
      'all_due',
    ],
    ['nobody will be free in time', load(), 0, 'predicted'],
    [
      'somebody will be free in time',
      load({ agents: { ready: [], reserved: 0, talking: [], wrapUp: [34, 36, 37] } }),
      2,
      'predicted',
    ],
    [
      'an old call is not likely to be answered any more',
      load({
        agents: { ready: [8], reserved: 0, talking: [20, 20], wrapUp: [] },
        calls: {
          unassigned: [{ ageSeconds: 24, ringingSeconds: 21, attempt: 1 }],
          screening: [],
          waiting: [],
        },
      }),
      1,
      'predicted',
    ],
    [
      'a young one is',
      load({
        agents: { ready: [8], reserved: 0, talking: [20, 20], wrapUp: [] },
        calls: { unassigned: [{ ageSeconds: 4, ringingSeconds: 1, attempt: 1 }], screening: [], waiting: [] },
      }),
      0,
      'predicted',
    ],
    [
      'at the cap one call for each free agent',
      load({
        agents: { ready: [5, 2], reserved: 0, talking: [], wrapUp: [34, 36, 37] },
        abandons: [{ answered: 1_000, abandoned: 30, window: null }],
      }),
      2,
      'cap_reached',
    ],
  ] as const)('%s', (_name, given, dial, reason) => {
    expect(experienced().decide(given, 100)).toMatchObject({ dial, reason });
  });

  it('without evidence places one call for each free agent', () => {
    const given = load({ agents: { ready: [5, 2], reserved: 0, talking: [], wrapUp: [34, 36, 37] } });
    const pacer = new PredictivePacer(options);
    expect(pacer.decide(given, 0)).toMatchObject({ dial: 2, reason: 'no_evidence' });
    facts(5).forEach((fact) => pacer.learn(fact, 0));
    expect(pacer.decide(given, 100)).toMatchObject({ dial: 2, reason: 'no_evidence' });
  });

  it('counts calls when those placed with them have ended too: quick failures do not look like a bad hour', () => {
    const given = load({ agents: { ready: [5, 2], reserved: 0, talking: [], wrapUp: [34, 36, 37] } });
    const pacer = experienced();
    const before = pacer.decide(given, 100).answerRatio;
    for (let i = 0; i < 100; i += 1)
      pacer.learn({ kind: 'call_ended', by: 'nobody', attempt: 1, ageSeconds: 3, ringingSeconds: null }, 101);
    expect(pacer.decide(given, 102).answerRatio).toBe(before);
    expect(pacer.decide(given, 135).answerRatio).toBeLessThan(before - 0.1);
  });

  it('calls that need an agent take one who is ready, when the risk of one call more is accepted', () => {
    const given = load({
      agents: { ready: [4], reserved: 0, talking: [], wrapUp: [34, 36, 37] },
      calls: { unassigned: [{ ageSeconds: 24, ringingSeconds: 21, attempt: 1 }], screening: [], waiting: [] },
      due: [
        { attempt: 2, count: 2, needsAgent: true },
        { attempt: 1, count: 10 },
      ],
    });
    const decision = experienced().decide(given, 100);
    expect(decision).toMatchObject({ isAhead: true, reserve: 1, reason: 'predicted' });
    expect(decision.dial).toBeGreaterThanOrEqual(1);
    const young = { unassigned: [{ ageSeconds: 4, ringingSeconds: 1, attempt: 1 }], screening: [], waiting: [] };
    const busy = { ...given, agents: { ...given.agents, wrapUp: [] }, calls: young };
    expect(experienced().decide(busy, 100)).toMatchObject({ dial: 0, reserve: 0 });
  });

  it('holds calls back for those that need an agent and find none ready', () => {
    const agents = { ready: [], reserved: 0, talking: [], wrapUp: [34, 36, 37] };
    const ahead = experienced().decide(load({ agents }), 100).dial;
    const due = [
      { attempt: 2, count: 1, needsAgent: true },
      { attempt: 1, count: 100 },
    ];
    const { dial, reserve } = experienced().decide(load({ agents, due }), 100);
    expect(reserve).toBe(0);
    expect(dial).toBeLessThan(ahead);
    // A long row of them holds back no more than a tenth of the agents, one at least.
    const many = [
      { attempt: 2, count: 50, needsAgent: true },
      { attempt: 1, count: 100 },
    ];
    expect(experienced().decide(load({ agents, due: many }), 100).dial).toBe(dial);
  });

  it('gives phones that are rung first a call of their own, beside the calls ahead', () => {
    const agents = { ready: [], reserved: 0, talking: [], wrapUp: [34, 36, 37] };
    const ahead = experienced().decide(load({ agents }), 100).dial;
    const with2 = experienced().decide(load({ agents: { ...agents, readyPerCall: 2 } }), 100);
    expect(with2).toMatchObject({ dial: ahead + 2, isAhead: true });
  });

  it('calls nobody ahead where no cap permits it', () => {
    const agents = { ready: [5, 2], reserved: 0, talking: [], wrapUp: [34, 36, 37] };
    expect(experienced().decide(load({ agents, abandons: [] }), 100)).toMatchObject({
      dial: 2,
      reserve: 2,
      isAhead: false,
      reason: 'one_to_one',
    });
  });

  it('in a sliding window counts for itself what was answered and abandoned', () => {
    const sliding = load({ abandons: [{ answered: 5_000, abandoned: 50, window: null }] });
    const pacer = experienced();
    const before = pacer.decide(sliding, 100).acceptedRisk;
    for (let i = 0; i < 60; i += 1) pacer.learn({ kind: 'abandoned' }, 101);
    expect(pacer.decide(sliding, 102).acceptedRisk).toBeLessThan(before);
  });

  it('a lower cap never permits more calls', () => {
    fc.assert(
      fc.property(anyLoad, (given) => {
        const dial = (cap: number) => experienced({ cap }, 100).decide(given, 100).dial;
        expect(dial(0.005)).toBeLessThanOrEqual(dial(0.01));
        expect(dial(0.01)).toBeLessThanOrEqual(dial(0.03));
      }),
      { numRuns: 40 },
    );
  });

  it('never places more than the lines or the orders, and always as many as agents are free for certain', () => {
    const pacer = experienced();
    fc.assert(
      fc.property(anyLoad, (given) => {
        const { dial, agentsFree } = pacer.decide(given, 100);
        const due = given.due.reduce((sum, { count }) => sum + count, 0);
        const limit = Math.max(0, Math.min(due, given.linesFree));
        expect(Number.isInteger(dial)).toBe(true);
        expect(dial).toBeGreaterThanOrEqual(Math.min(agentsFree, limit));
        expect(dial).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it('at the cap never places more than one call for each free agent', () => {
    const pacer = experienced();
    fc.assert(
      fc.property(anyLoad, fc.nat(2_000), (given, answered) => {
        const abandoned = Math.ceil(options.cap * answered);
        const { dial, agentsFree } = pacer.decide({ ...given, abandons: [{ answered, abandoned, window: null }] }, 100);
        expect(dial).toBeLessThanOrEqual(agentsFree);
      }),
    );
  });

  it.each(['ready', 'talking', 'wrapUp'] as const)('never places fewer calls for one more %s agent', (state) => {
    fc.assert(
      fc.property(anyLoad, fc.double({ min: 0, max: 300, noNaN: true }), (given, elapsed) => {
        const fewer = experienced({}, 100).decide(given, 100).dial;
        const more = experienced({}, 100).decide(one(state, elapsed, given), 100).dial;
        expect(more).toBeGreaterThanOrEqual(fewer);
      }),
      { numRuns: 60 },
    );
  });

  it('decides the same for the same facts and loads', () => {
    fc.assert(
      fc.property(fc.array(anyLoad, { maxLength: 5 }), (loads) => {
        const run = () => {
          const pacer = experienced({}, 60);
          return loads.map((given, i) => pacer.decide(given, 100 + i));
        };
        expect(run()).toEqual(run());
      }),
      { numRuns: 40 },
    );
  });

  it('holds no more after 40,000 facts than after 20,000', () => {
    const size = (pacer: PredictivePacer) => JSON.stringify(pacer).length;
    const pacer = new PredictivePacer(options);
    for (const fact of facts(7_000)) pacer.learn(fact, 0);
    pacer.decide(load(), 1_000);
    const before = size(pacer);
    for (const fact of facts(7_000)) pacer.learn(fact, 1_000);
    pacer.decide(load(), 2_000);
    expect(size(pacer)).toBeLessThan(before * 1.3);
    // Calls that never settle, because the clock stands, are bounded too.
    for (const fact of facts(30_000)) pacer.learn(fact, 2_000);
    expect(size(pacer)).toBeLessThan(3_000_000);
  });
});
