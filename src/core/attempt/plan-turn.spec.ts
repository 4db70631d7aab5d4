import { describe, expect, it } from 'vitest';
import type { AgentConnection } from '../agent/agent.js';
import { DEFAULT_SHOP_SETTINGS, type ShopSettings } from '../order/shop-settings.js';
import { ringRules } from '../calling-hours/may-ring.js';
import { planTurn, type Turn, type TurnOrder, type TurnTrunk } from './plan-turn.js';

const now = new Date('2026-11-24T10:00:00Z');
const settings: ShopSettings = { ...DEFAULT_SHOP_SETTINGS, timeZone: 'Europe/Kyiv' };

function anOrder(ref: number, given: Partial<TurnOrder> = {}): TurnOrder {
  return {
    orderRef: `o${ref}`,
    shopId: 'shop',
    phone: `+3806712345${String(ref).padStart(2, '0')}`,
    timeZones: ['Europe/Kyiv'],
    pastCalls: [],
    isAbandonedBefore: false,
    callbackAt: null,
    callbackAgentId: null,
    ...given,
  };
}

function agents(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    agentId: `a${i}`,
    since: new Date(now.getTime() - 60_000 + i),
    skills: [] as string[],
    connection: 'persistent' as AgentConnection,
  }));
}

const trunk: TurnTrunk = { trunkId: 't', prefixes: [], priority: 0, linesFree: 10, callerIds: [] };

type ATurn = Turn<TurnOrder, ReturnType<typeof agents>[number], TurnTrunk>;

function aTurn(given: Partial<ATurn>): ATurn {
  return {
    now,
    due: [],
    shops: shopOf({}),
    ahead: new Set(),
    dial: 100,
    reserve: 100,
    agents: [],
    trunks: [trunk],
    ...given,
  };
}

function shopOf(given: Partial<ShopSettings>, liveCalls = 0) {
  const own = { ...settings, ...given };
  return new Map([['shop', { settings: own, rules: ringRules(own, []), liveCalls }]]);
}

const ahead = new Set(['shop']);
const refs = (turn: ATurn) => planTurn(turn).calls.map((call) => call.order.orderRef);

describe('whom a turn calls', () => {
  it('gives each order of progressive dialling an agent of its own, longest idle first, in dial order', () => {
    const plan = planTurn(aTurn({ due: [anOrder(1), anOrder(2), anOrder(3)], agents: agents(2) }));
    expect(plan.calls.map((call) => [call.order.orderRef, call.agent?.agentId])).toEqual([
      ['o1', 'a0'],
      ['o2', 'a1'],
    ]);
  });

  it('tells which orders wait for a line, also when the turn itself took the last one', () => {
    const trunks = [
      { ...trunk, trunkId: 'full', prefixes: ['+38050'], linesFree: 0 },
      { ...trunk, trunkId: 'last', prefixes: ['+38067'], linesFree: 1 },
    ];
    const due = [anOrder(1, { phone: '+380501234501' }), anOrder(2), anOrder(3), anOrder(4, { phone: '+48601234567' })];
    const plan = planTurn(aTurn({ due, trunks, agents: agents(4) }));
    expect(plan.calls.map(({ order }) => order.orderRef)).toEqual(['o2']);
    expect(plan.withoutLine).toEqual(['o1', 'o3']);
    expect(plan.putOff.map(({ orderRef }) => orderRef)).toEqual(['o4']);
  });

  it('places no more than the allowance', () => {
    expect(refs(aTurn({ due: [anOrder(1), anOrder(2)], agents: agents(5), dial: 1 }))).toEqual(['o1']);
    expect(refs(aTurn({ due: [anOrder(1)], agents: agents(5), dial: 0 }))).toEqual([]);
  });

  it('calls each buyer once: further orders of the same number join that call, or wait', () => {
    const [{ phone }] = [anOrder(1)];
    const due = [anOrder(1), anOrder(2, { phone }), anOrder(3), anOrder(4, { phone })];
    const plan = planTurn(aTurn({ due, agents: agents(4) }));
    expect(plan.calls.map((call) => call.order.orderRef)).toEqual(['o1', 'o3']);
    expect(plan.putOff).toEqual([]);
  });

  it('dials ahead of the agents where it may, without reserving one', () => {
    const plan = planTurn(aTurn({ due: [1, 2, 3].map((n) => anOrder(n)), agents: agents(1), ahead }));
    expect(plan.calls.map((call) => call.agent)).toEqual([null, null, null]);
  });

  it('keeps calls of shops that may not be ahead to the agents there are', () => {
    const shops = new Map([...shopOf({}), ['near-cap', shopOf({}).get('shop')!]]);
    const due = [1, 2, 3, 4].map((n) => anOrder(n, { shopId: n % 2 === 0 ? 'shop' : 'near-cap' }));
    const plan = planTurn(aTurn({ due, shops, agents: agents(1), ahead, reserve: 1 }));
    expect(plan.calls.map((call) => [call.order.orderRef, call.agent?.agentId ?? null])).toEqual([
      ['o1', 'a0'],
      ['o2', null],
      ['o4', null],
    ]);
  });

  it('gives phones that are rung first a call of their own, also among calls ahead', () => {
    const [first, second] = [agents(2)[0]!, { ...agents(2)[1]!, connection: 'per_call' as const }];
    const plan = planTurn(aTurn({ due: [anOrder(1), anOrder(2)], agents: [first, second], ahead, reserve: 0 }));
    expect(plan.calls.map((call) => call.agent?.agentId ?? null)).toEqual(['a1', null]);
  });

  it('reserves an agent for whoever was abandoned or promised a callback, also among calls ahead', () => {
    const plan = planTurn(
      aTurn({
        ahead,
        due: [
          anOrder(1, { isAbandonedBefore: true }),
          anOrder(2, { callbackAt: now, callbackAgentId: 'a2' }),
          anOrder(3),
        ],
        agents: agents(3),
      }),
    );
    expect(plan.calls.map((call) => call.agent?.agentId ?? null)).toEqual(['a0', 'a2', null]);
  });

  it('reserves no more agents than it may: the others are counted on by calls that ring', () => {
    const due = [anOrder(1, { isAbandonedBefore: true }), anOrder(2, { isAbandonedBefore: true }), anOrder(3)];
    expect(refs(aTurn({ due, agents: agents(2), reserve: 0, ahead }))).toEqual(['o3']);
    expect(refs(aTurn({ due, agents: agents(2), reserve: 1, ahead }))).toEqual(['o1', 'o3']);
  });

  it('passes over a shop at its limit, counting the calls of this turn', () => {
    const due = [anOrder(1), anOrder(2), anOrder(3), anOrder(4, { shopId: 'other' })];
    const shops = new Map([...shopOf({ maxConcurrentCalls: 3 }, 1), ['other', shopOf({}).get('shop')!]]);
    expect(refs(aTurn({ due, shops, agents: agents(9) }))).toEqual(['o1', 'o2', 'o4']);
  });

  it('counts the lines of this turn; who meets a full trunk stays in the queue', () => {
    const polish = anOrder(3, { phone: '+48601234567' });
    const trunks = [
      { ...trunk, trunkId: 'ua', prefixes: ['+380'], linesFree: 1 },
      { ...trunk, trunkId: 'pl', prefixes: ['+48'] },
    ];
    const plan = planTurn(aTurn({ due: [anOrder(1), anOrder(2), polish], agents: agents(9), trunks }));
    expect(plan.calls.map((call) => [call.order.orderRef, call.trunk.trunkId])).toEqual([
      ['o1', 'ua'],
      ['o3', 'pl'],
    ]);
    expect(plan.calls[0]?.trunk).toBe(trunks[0]);
    expect(trunks[0]?.linesFree).toBe(1);
    expect(plan.putOff).toEqual([]);
  });

  it('puts off orders that no trunk leads to', () => {
    const plan = planTurn(aTurn({ due: [anOrder(1)], agents: agents(1), trunks: [{ ...trunk, prefixes: ['+48'] }] }));
    expect(plan).toEqual({
      calls: [],
      putOff: [{ orderRef: 'o1', shopId: 'shop', until: new Date(now.getTime() + 5_000), reason: 'trunk_full' }],
      unfit: [],
      withoutLine: [],
    });
  });

  it('puts off until the hours begin, and calls the next one', () => {
    const sleeper = anOrder(1, { timeZones: ['America/New_York'] });
    const plan = planTurn(aTurn({ due: [sleeper, anOrder(2)], agents: agents(1) }));
    expect(plan.calls.map((call) => call.order.orderRef)).toEqual(['o2']);
    expect(plan.putOff).toEqual([
      {
        orderRef: 'o1',
        shopId: 'shop',
        until: new Date('2026-11-24T14:00:00Z'),
        reason: 'outside_calling_hours',
        closedZones: ['America/New_York'],
      },
    ]);
  });

  it('puts off an order whose buyer was called a moment ago, and that one only', () => {
    const endedAt = new Date(now.getTime() - 60_000);
    const call = {
      startedAt: endedAt,
      endedAt,
      result: 'busy',
      hasRung: false,
      isOfOrder: false,
      isConcluded: false,
    } as const;
    const plan = planTurn(aTurn({ due: [anOrder(1, { pastCalls: [call] }), anOrder(2)], agents: agents(2) }));
    expect(plan.calls.map(({ order }) => order.orderRef)).toEqual(['o2']);
    expect(plan.putOff).toEqual([
      { orderRef: 'o1', shopId: 'shop', until: new Date('2026-11-24T11:59:00Z'), reason: 'outside_calling_hours' },
    ]);
  });

  it('calls nobody of a shop it does not know', () => {
    expect(planTurn(aTurn({ due: [anOrder(1, { shopId: 'gone' })], agents: agents(1) }))).toEqual({
      calls: [],
      putOff: [],
      unfit: [],
      withoutLine: [],
    });
  });
});

describe('who takes the call, and over which trunk', () => {
  const skillRules = [{ itemGroup: 'tv', language: null, region: null, skill: 'screens', relaxAfterSeconds: 60 }];
  const television = (ref: number, waitedSeconds: number) =>
    anOrder(ref, {
      routing: { itemGroups: ['tv'], language: null, region: null },
      waitingSince: new Date(now.getTime() - waitedSeconds * 1000),
    });
  const [plain, able] = [agents(2)[0]!, { ...agents(2)[1]!, skills: ['screens'] }];

  it('keeps orders that need a skill for those who have it, until they have waited enough', () => {
    const turn = { shops: shopOf({ skillRules }), agents: [plain, able] };
    const plan = planTurn(aTurn({ ...turn, due: [television(1, 0), television(2, 0), anOrder(3)] }));
    expect(plan.calls.map((call) => [call.order.orderRef, call.agent?.agentId])).toEqual([
      ['o1', 'a1'],
      ['o3', 'a0'],
    ]);
    expect(refs(aTurn({ ...turn, agents: [plain], due: [television(1, 60)] }))).toEqual(['o1']);
  });

  it('reserves an agent for an order that needs a skill among calls ahead too', () => {
    const shops = shopOf({ skillRules });
    const plan = planTurn(aTurn({ shops, ahead, agents: [plain, able], due: [television(1, 0), anOrder(2)] }));
    expect(plan.calls.map((call) => call.agent?.agentId ?? null)).toEqual(['a1', null]);
  });

  it('waits for the busy agent who promised the callback, and calls others meanwhile', () => {
    const callback = anOrder(1, { callbackAt: now, callbackAgentId: 'busy' });
    const turn = { due: [callback, anOrder(2)], agents: agents(2) };
    expect(refs(aTurn({ ...turn, atWork: new Map([['busy', { skills: [] }]]) }))).toEqual(['o2']);
    expect(refs(aTurn(turn))).toEqual(['o1', 'o2']);
  });

  it('goes over another trunk after one has failed, and waits when the circuits of all are open', () => {
    const trunks: TurnTrunk[] = [trunk, { ...trunk, trunkId: 'second', priority: 5 }];
    const plan = planTurn(aTurn({ due: [anOrder(1, { failedTrunks: ['t'] }), anOrder(2)], agents: agents(2), trunks }));
    expect(plan.calls.map((call) => call.trunk.trunkId)).toEqual(['second', 't']);
    const retryAt = new Date(now.getTime() + 15_000);
    const down = trunks.map((one) => ({ ...one, circuit: 'open' as const, linesFree: 0, retryAt }));
    expect(planTurn(aTurn({ due: [anOrder(1)], agents: agents(1), trunks: down }))).toEqual({
      calls: [],
      putOff: [{ orderRef: 'o1', shopId: 'shop', until: retryAt, reason: 'trunk_down' }],
      unfit: [],
      withoutLine: [],
    });
  });

  it('shows the shop’s number of the buyer’s country', () => {
    const shops = shopOf({ callerId: '+380440000001', callerIds: { PL: '+48221234567' } });
    const due = [anOrder(1), anOrder(2, { phone: '+48601234567' })];
    expect(planTurn(aTurn({ due, shops, agents: agents(2) })).calls.map((call) => call.callerId)).toEqual([
      '+380440000001',
      '+48221234567',
    ]);
  });
});
