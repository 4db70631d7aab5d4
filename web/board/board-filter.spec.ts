import { describe, expect, it } from 'vitest';
import type {
  BoardAgent,
  BoardCall,
  BoardHistoryMessage,
  BoardMessage,
  BoardShop,
} from '../../src/features/supervision/supervision.protocol.js';
import { filtered, hourOf, strain, tightest, worstAbandon } from './board-filter.js';

const AT = '2026-11-22T12:00:00.000Z';
const minutes = (last: number, before = 0) => [...Array.from({ length: 59 }, () => before), last];

function shop(id: string, groups: string[], more: Partial<BoardShop> = {}): BoardShop {
  const waiting = { due: 1, later: 0, atRisk: 0, late: 0, held: 0, oldestAt: null };
  return { shop: id, name: id, isPaused: false, groups, waiting, abandons: [], ...more };
}
function agent(login: string, groups: string[]): BoardAgent {
  const rest = { reason: null, wanted: 'ready', callId: null, limitAt: null } as const;
  return { login, name: login, groups, state: 'ready', since: AT, ...rest };
}
function call(shopId: string, group: string, state: BoardCall['state'] = 'connected'): BoardCall {
  return { callId: `${shopId}-${group}-${state}`, shop: shopId, group, state, since: AT, agent: null, orderId: 'A-1' };
}
const board: BoardMessage = {
  at: AT,
  groups: ['x', 'y'].map((group) => ({ group, name: group, pacing: null })),
  shops: [shop('one', ['x']), shop('both', ['x', 'y']), shop('two', ['y'])],
  agents: [agent('in-x', ['x']), agent('in-y', ['y']), agent('in-both', ['x', 'y'])],
  calls: [call('one', 'x'), call('both', 'x'), call('both', 'y', 'ringing'), call('two', 'y')],
  trunks: [],
  urgent: [{ shop: 'one', orderId: 'A-1', callBy: AT }],
  held: [{ shop: 'two', orderId: 'A-2', reason: 'system_failure', attempts: 1, registeredAt: AT }],
};
const history: BoardHistoryMessage = {
  at: AT,
  shops: [
    { shop: 'one', groups: ['x'], waiting: minutes(3) },
    { shop: 'two', groups: ['y'], waiting: minutes(5) },
  ],
  calls: [
    {
      shop: 'one',
      group: 'x',
      live: minutes(9, 2),
      talks: minutes(9, 1),
      tried: minutes(4),
      answered: minutes(2),
      abandoned: minutes(1),
    },
    {
      shop: 'two',
      group: 'y',
      live: minutes(9, 4),
      talks: minutes(9, 3),
      tried: minutes(6),
      answered: minutes(5),
      abandoned: minutes(0),
    },
  ],
  work: [
    { groups: ['x'], busySeconds: minutes(45), freeSeconds: minutes(15) },
    { groups: ['y'], busySeconds: minutes(0), freeSeconds: minutes(60) },
  ],
};

describe('the filter of the board', () => {
  it('leaves everything as it is while nothing is chosen', () => {
    expect(filtered(board, { group: null, shop: null })).toEqual(board);
  });

  it('shows a group with its shops, its people and its own calls', () => {
    const seen = filtered(board, { group: 'x', shop: null });
    expect(seen.shops.map((one) => one.shop)).toEqual(['one', 'both']);
    expect(seen.agents.map(({ login }) => login)).toEqual(['in-x', 'in-both']);
    expect(seen.calls.map(({ callId }) => callId)).toEqual(['one-x-connected', 'both-x-connected']);
    expect(seen.groups.map(({ group }) => group)).toEqual(['x']);
    expect([seen.urgent.length, seen.held.length]).toEqual([1, 0]);
  });

  it('shows a shop with the people and decisions of the groups that call for it', () => {
    const seen = filtered(board, { group: null, shop: 'two' });
    expect(seen.agents.map(({ login }) => login)).toEqual(['in-y', 'in-both']);
    expect(seen.calls.map((one) => one.shop)).toEqual(['two']);
    expect(seen.groups.map(({ group }) => group)).toEqual(['y']);
    expect(filtered(board, { group: 'x', shop: 'two' })).toMatchObject({ shops: [], calls: [], groups: [] });
  });

  it('adds up the hour of what is shown, and ends it with the present', () => {
    const filter = { group: null, shop: null };
    const hour = hourOf(history, filtered(board, filter), filter);
    expect([hour.waiting.at(-1), hour.live.at(-2), hour.talks.at(-2)]).toEqual([8, 6, 4]);
    expect([hour.live.at(-1), hour.talks.at(-1)]).toEqual([4, 3]);
    expect([hour.occupancy.at(-1), hour.occupancy.at(-2)]).toEqual([45 / 120, null]);
    expect(hour.abandoned.at(-1)).toBe(1 / 8);
    expect(hour.total).toEqual({ tried: 10, answered: 8, abandoned: 1 });
    expect(hour.times.at(-1)).toBe(Date.parse(AT) / 1_000);
    expect((hour.times.at(-1) ?? 0) - (hour.times[0] ?? 0)).toBe(59 * 60);
    const own = { group: 'y', shop: null };
    const part = hourOf(history, filtered(board, own), own);
    expect([part.waiting.at(-1), part.occupancy.at(-1), part.total.tried]).toEqual([5, 0, 6]);
  });
});

describe('the caps', () => {
  const window = (answered: number, abandoned: number, maxRatio: number) => ({
    windowHours: 24,
    maxRatio,
    answered,
    abandoned,
  });

  it('name the shop that is nearest to one of them, and nobody before the first answer', () => {
    expect(worstAbandon([shop('new', [], { abandons: [window(0, 0, 0.01)] })])).toBeNull();
    const near = window(200, 3, 0.02);
    const far = window(100, 2, 0.03);
    const worst = worstAbandon([shop('far', [], { abandons: [far] }), shop('near', [], { abandons: [far, near] })]);
    expect(worst).toMatchObject({ shop: { shop: 'near' }, window: near });
    expect(tightest([far, near])).toBe(near);
    expect(strain(near)).toBeCloseTo(0.75);
    expect(strain(window(10, 1, 0))).toBe(Infinity);
  });
});
