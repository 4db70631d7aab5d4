import { describe, expect, it } from 'vitest';
import type { AgentConnection } from '../agent/agent.js';
import { ringRules } from '../calling-hours/may-ring.js';
import { DEFAULT_SHOP_SETTINGS, type ShopSettings } from '../order/shop-settings.js';
import type { PacingFact } from '../pacing/pacing-fact.js';
import { PredictivePacer } from '../pacing/predictive.js';
import type { TurnTrunk } from './plan-turn.js';
import { findUnplannable, foresee, takeTurn, type GroupTurn, type PacedOrder, type PacedShop } from './take-turn.js';

const now = new Date('2026-11-24T10:00:00Z');

function anOrder(ref: number, given: Partial<PacedOrder> = {}): PacedOrder {
  return {
    orderRef: `o${ref}`,
    shopId: 'shop',
    phone: `+38067123${String(1000 + ref)}`,
    timeZones: ['Europe/Kyiv'],
    pastCalls: [],
    attemptsMade: 0,
    isAbandonedBefore: false,
    callbackAt: null,
    callbackAgentId: null,
    ...given,
  };
}

const manyMore = Array.from({ length: 40 }, (_, i) => anOrder(100 + i));

function aShop(given: Partial<ShopSettings>, counts = { answered: 2_000, abandoned: 10 }, ringing = 0): PacedShop {
  const settings: ShopSettings = { ...DEFAULT_SHOP_SETTINGS, timeZone: 'Europe/Kyiv', dialing: 'predictive', ...given };
  const abandons = settings.abandon.map(({ maxRatio: cap }) => ({ ...counts, window: null, cap }));
  return { settings, rules: ringRules(settings, []), liveCalls: 0, abandons, waiting: 0, ringing };
}

function idle(count: number, connection: AgentConnection = 'persistent') {
  return Array.from({ length: count }, (_, i) => ({
    agentId: `${connection}${i}`,
    since: new Date(now.getTime() - 60_000 + i),
    skills: [] as string[],
    connection,
  }));
}

const trunk: TurnTrunk = { trunkId: 't', prefixes: [], priority: 0, linesFree: 100, callerIds: [] };

type ATurn = GroupTurn<PacedOrder, ReturnType<typeof idle>[number], TurnTrunk>;

function aTurn(given: Partial<ATurn> = {}): ATurn {
  return {
    now,
    due: manyMore,
    shops: new Map([['shop', aShop({})]]),
    dialing: null,
    floor: { free: idle(2), reserved: 0, talking: [], wrapUp: [34, 36, 37, 38] },
    calls: { unassigned: [], screening: [], waiting: [] },
    trunks: [trunk],
    ...given,
  };
}

/** Answers of 45 %, talks of 60–180 s, wrap-ups of 20–40 s. */
function experienced(): PredictivePacer {
  const pacer = new PredictivePacer({ cap: 0.03, abandonAfterSeconds: 2, ringSeconds: 25, isScreened: false });
  for (let i = 0; i < 300; i += 1) {
    const call: PacingFact =
      i % 20 < 9
        ? { kind: 'call_ended', by: 'person', attempt: 1, ageSeconds: 6 + (i % 12), ringingSeconds: 3 + (i % 12) }
        : { kind: 'call_ended', by: 'nobody', attempt: 1, ageSeconds: 28, ringingSeconds: 25 };
    for (const fact of [
      call,
      { kind: 'talk_ended', seconds: 60 + ((i * 7) % 120) } as const,
      { kind: 'wrap_up_ended', seconds: 20 + ((i * 3) % 20), isReadyAfter: true } as const,
    ])
      pacer.learn(fact, 0);
  }
  return pacer;
}

const unexperienced = () =>
  new PredictivePacer({ cap: 0.03, abandonAfterSeconds: 2, ringSeconds: 25, isScreened: false });
const DAY = [{ maxRatio: 0.01, windowHours: 24 }];

const taken = (turn: ATurn, pacer = experienced()) => takeTurn(pacer, turn, 100);

describe('a turn of a group', () => {
  it('dials ahead of its agents with evidence and with room in the caps, and reserves nobody then', () => {
    const { decision, plan, mode } = taken(aTurn());
    expect(mode).toBe('predictive');
    expect(decision.reason).toBe('predicted');
    expect(plan.calls.length).toBe(decision.dial);
    expect(plan.calls.length).toBeGreaterThan(2);
    expect(plan.calls.every((call) => call.agent === null)).toBe(true);
  });

  it.each([
    ['without evidence', { answered: 2_000, abandoned: 10 }, unexperienced(), 'no_evidence'],
    [
      'when one more abandoned call would be too many',
      { answered: 1_999, abandoned: 19 },
      experienced(),
      'cap_reached',
    ],
    ['with too few answers for even one abandoned call', { answered: 99, abandoned: 0 }, experienced(), 'cap_reached'],
  ])('%s there is one call for each free agent, whoever takes it', (_name, counts, pacer, reason) => {
    const { decision, plan } = taken(aTurn({ shops: new Map([['shop', aShop({ abandon: DAY }, counts)]]) }), pacer);
    expect(decision.reason).toBe(reason);
    expect(plan.calls.map((call) => call.agent)).toEqual([null, null]);
  });

  it('leaves room in the cap for the calls that ring already', () => {
    const nearCap = (ringing: number) =>
      taken(aTurn({ shops: new Map([['shop', aShop({ abandon: DAY }, { answered: 2_000, abandoned: 18 }, ringing)]]) }))
        .nearCap;
    expect(nearCap(40)).toEqual([]);
    expect(nearCap(60)).toEqual(['shop']);
  });

  it.each([
    [
      'at the cap of one window',
      aTurn({ shops: new Map([['shop', aShop({}, { answered: 2_000, abandoned: 20 })]]) }),
      'cap_reached',
    ],
    [
      'for a shop that is progressive',
      aTurn({ shops: new Map([['shop', aShop({ dialing: 'progressive' })]]) }),
      'one_to_one',
    ],
    ['in a group that is progressive', aTurn({ dialing: 'progressive' }), 'one_to_one'],
  ])('%s each call takes an agent for itself', (_name, turn, reason) => {
    const { decision, plan } = taken(turn);
    expect(decision.reason).toBe(reason);
    expect(plan.calls.map((call) => call.agent?.agentId)).toEqual(['persistent0', 'persistent1']);
  });

  it('lets the group overrule the mode of its shops', () => {
    const shops = new Map([['shop', aShop({ dialing: 'progressive' })]]);
    expect(taken(aTurn({ shops, dialing: 'predictive' })).plan.calls.length).toBeGreaterThan(2);
  });

  it('keeps a shop near its cap to reserved calls while another one dials ahead', () => {
    const shops = new Map([
      ['shop', aShop({})],
      ['capped', aShop({}, { answered: 500, abandoned: 5 })],
    ]);
    const due = [anOrder(1, { shopId: 'capped' }), anOrder(2), anOrder(3, { shopId: 'capped' }), ...manyMore];
    const { plan, nearCap, load } = taken(aTurn({ shops, due }));
    expect(nearCap).toEqual(['capped']);
    expect(load.abandons).toHaveLength(2);
    for (const { order, agent } of plan.calls) expect(agent === null).toBe(order.shopId === 'shop');
    expect(plan.calls.some((call) => call.order.shopId === 'capped')).toBe(true);
    expect(plan.calls.some((call) => call.order.shopId === 'shop')).toBe(true);
  });

  it('calls a buyer whom it hung up on with an agent reserved', () => {
    const due = [anOrder(1, { isAbandonedBefore: true, attemptsMade: 1 }), ...manyMore];
    const { plan } = taken(aTurn({ due }));
    expect(plan.calls.map((call) => call.agent?.agentId ?? null).slice(0, 2)).toEqual(['persistent0', null]);
  });

  it('rings the phones of per-call agents first, and does not count on them for others', () => {
    const floor = { free: idle(2, 'per_call'), reserved: 0, talking: [30], wrapUp: [] };
    const { plan, load } = taken(aTurn({ floor }));
    expect(load.agents).toMatchObject({ ready: [], readyPerCall: 2 });
    expect(plan.calls.map((call) => call.agent?.agentId)).toEqual(['per_call0', 'per_call1']);
  });

  it('foresees how many orders it is worth asking for', () => {
    const turn = aTurn();
    expect(foresee(experienced(), { ...turn, due: [] }, 100).decision.dial).toBe(taken(turn).decision.dial);
    const none = aTurn({ floor: { free: [], reserved: 0, talking: [10, 20], wrapUp: [] } });
    expect(foresee(experienced(), none, 100).decision).toMatchObject({ dial: 0, reason: 'predicted' });
  });

  it('tells the shape of the queue', () => {
    const due = [
      anOrder(1, { isAbandonedBefore: true, attemptsMade: 1 }),
      anOrder(2),
      anOrder(3),
      anOrder(4, { attemptsMade: 2 }),
    ];
    expect(taken(aTurn({ due })).load.due).toEqual([
      { attempt: 2, count: 1, needsAgent: true },
      { attempt: 1, count: 2, needsAgent: false },
      { attempt: 3, count: 1, needsAgent: false },
    ]);
  });
});

describe('an order that makes a turn throw', () => {
  it('is found among the due ones, wherever it stands', () => {
    const broken: PacedOrder = {
      ...anOrder(1),
      get timeZones(): string[] {
        throw new TypeError('of no use');
      },
    };
    const turn = aTurn({ due: [...manyMore.slice(0, 3), broken, ...manyMore.slice(3)] });
    const pacer = new PredictivePacer({ cap: 0.03, abandonAfterSeconds: 2, ringSeconds: 25, isScreened: false });
    expect(() => takeTurn(pacer, { ...turn, floor: { ...turn.floor, free: idle(30) } }, 1)).toThrow();
    expect(findUnplannable(turn)).toBe('o1');
    expect(findUnplannable(aTurn())).toBeNull();
  });
});
