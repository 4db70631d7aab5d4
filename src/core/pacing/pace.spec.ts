import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pace, type GroupLoad } from './pace.js';

const load = (more: Partial<GroupLoad> = {}): GroupLoad => ({
  agents: { ready: [3, 1], reserved: 0, talking: [], wrapUp: [] },
  calls: { unassigned: [], waiting: [] },
  ordersDue: 10,
  linesFree: 30,
  ...more,
});

const anyLoad = fc.record({
  agents: fc.record({
    ready: fc.array(fc.nat(600), { maxLength: 20 }),
    readyPerCall: fc.nat(5),
    reserved: fc.nat(20),
    talking: fc.array(fc.nat(600), { maxLength: 20 }),
    wrapUp: fc.array(fc.nat(60), { maxLength: 20 }),
  }),
  calls: fc.record({
    unassigned: fc.array(fc.record({ ageSeconds: fc.nat(30), ringingSeconds: fc.option(fc.nat(30)) }), {
      maxLength: 20,
    }),
    waiting: fc.array(fc.nat(2), { maxLength: 5 }),
  }),
  ordersDue: fc.nat(100),
  linesFree: fc.integer({ min: -5, max: 100 }),
});

describe('pace', () => {
  it.each([
    ['one call for each free agent', load(), 2, 'one_to_one'],
    ['no more calls than orders', load({ ordersDue: 1 }), 1, 'one_to_one'],
    ['nothing without orders', load({ ordersDue: 0 }), 0, 'nothing_due'],
    ['nothing without agents', load({ agents: { ready: [], reserved: 1, talking: [4], wrapUp: [] } }), 0, 'no_agent'],
    ['nothing without lines', load({ linesFree: 0 }), 0, 'trunk_full'],
    ['lines set the number', load({ linesFree: 1 }), 1, 'trunk_full'],
    [
      'agents promised to ringing calls are not free',
      load({ calls: { unassigned: [{ ageSeconds: 2, ringingSeconds: 1 }], waiting: [] } }),
      1,
      'one_to_one',
    ],
    [
      'a ringing call does not count on a phone that must be rung first',
      load({
        agents: { ready: [3], readyPerCall: 2, reserved: 0, talking: [], wrapUp: [] },
        calls: { unassigned: [{ ageSeconds: 2, ringingSeconds: 1 }], waiting: [0.3] },
      }),
      2,
      'one_to_one',
    ],
    ['answered buyers come first', load({ calls: { unassigned: [], waiting: [0.2, 0.1] } }), 0, 'no_agent'],
  ] as const)('%s', (_name, given, dial, reason) => {
    expect(pace(given)).toMatchObject({ dial, reason });
  });

  it('never places more than the lines, the orders or the free agents', () => {
    fc.assert(
      fc.property(anyLoad, (given) => {
        const { dial } = pace(given);
        expect(Number.isInteger(dial)).toBe(true);
        expect(dial).toBeGreaterThanOrEqual(0);
        expect(dial).toBeLessThanOrEqual(Math.max(0, given.linesFree));
        expect(dial).toBeLessThanOrEqual(given.ordersDue);
        expect(dial).toBeLessThanOrEqual(given.agents.ready.length + given.agents.readyPerCall);
      }),
    );
  });

  it('never places fewer calls for one more ready agent', () => {
    fc.assert(
      fc.property(anyLoad, (given) => {
        const more = { ...given, agents: { ...given.agents, ready: [...given.agents.ready, 0] } };
        expect(pace(more).dial).toBeGreaterThanOrEqual(pace(given).dial);
      }),
    );
  });
});
