import { describe, expect, it } from 'vitest';
import type { TrunkEntry } from '../../../tools/dev-env/carrier-ledger.js';
import type { Move } from '../stack/database-ledger.js';
import { carrierSeesOneCall } from './calls.js';
import { CHECKS, judgeAll } from './checker.js';
import { overlaps, type Evidence } from './evidence.js';

// A checker that cannot fail shows nothing: each invariant is broken here in made-up ledgers, and must be the one that is named.

const T0 = Date.parse('2026-11-22T10:00:00Z');
const at = (ms: number): Date => new Date(T0 + ms);
const PHONE = '+380671234500';
const ORDER = 'a1b2c3-00001';
const REF = '01a00000-0000-7000-8000-000000000001';
const CALL = '01a00000-0000-7000-8000-00000000ca11';
const AGENT = '01a00000-0000-7000-8000-0000000a9e27';

const move = (what: Move['what'], id: string, ms: number, before: string | null, after: string, more = {}): Move => ({
  at: at(ms),
  what,
  id,
  before,
  after,
  epoch: null,
  leaderEpoch: null,
  leaderForMs: null,
  callId: null,
  ...more,
});
const invite = (ms: number, callId: string, number = PHONE): TrunkEntry => ({
  at: at(ms),
  callId,
  method: 'INVITE',
  number,
  caller: '+380441234567',
  again: false,
});

/** One order that went its way: taken, called, confirmed, told. */
function aGoodRun(): Evidence {
  const attempt = { number: 1, plannedAt: at(1_000), endedAt: at(5_000) };
  return {
    posts: [
      {
        shop: 'alder',
        orderId: ORDER,
        phone: PHONE,
        kind: 'created',
        webhookId: 'msg_1',
        sentAt: at(0),
        answeredAt: at(20),
        status: 202,
        body: '{"id":"1"}',
      },
    ],
    said: [{ askedAt: at(3_900), at: at(4_000), login: 'anna', callId: CALL, outcome: 'confirmed', status: 200 }],
    phones: new Map([[ORDER, PHONE]]),
    shops: new Map([
      ['alder', { gapSeconds: 3, maxAttempts: 3, maxConcurrentCalls: 4, isOpen: true }],
      ['night', { gapSeconds: 3, maxAttempts: 3, maxConcurrentCalls: 4, isOpen: false }],
    ]),
    trunk: [invite(1_100, 'sip-1')],
    records: [
      {
        number: PHONE,
        caller: '+380441234567',
        invitedAt: at(1_100),
        answeredAt: at(2_100),
        endedAt: at(5_000),
        cause: 16,
        callId: 'sip1',
      },
    ],
    tries: [
      {
        shop: 'alder',
        at: at(5_100).toISOString(),
        destination: 'orders',
        webhookId: 'd-1',
        event: 'order.outcome',
        orderId: ORDER,
        sequence: 1,
        isSignatureValid: true,
        status: 200,
        isRepeat: false,
        body: { type: 'order.outcome', timestamp: '', data: { outcome: 'confirmed' } },
      },
    ],
    shopProblems: [],
    exchange: [
      { at: at(2_110), event: 'ANSWER', legId: CALL, app: '' },
      { at: at(2_200), event: 'BRIDGE_ENTER', legId: CALL, app: 'stasis' },
    ],
    looks: [
      {
        at: at(3_000),
        legs: [{ id: CALL, isUp: true, createdAt: at(1_000), isInMessage: false }],
        bridges: [{ id: `agent-${AGENT}`, legIds: [CALL, `agent-${AGENT}-1`] }],
      },
      { at: at(6_000), legs: [], bridges: [] },
    ],
    rows: {
      orders: [
        {
          id: REF,
          shopId: 'alder',
          orderId: ORDER,
          status: 'final',
          outcome: 'confirmed',
          version: 1,
          holdReason: null,
          isNotYetDue: false,
          isPhoneKnown: true,
        },
      ],
      calls: [
        {
          id: CALL,
          shopId: 'alder',
          phone: 'aa',
          agentId: AGENT,
          state: 'ended',
          result: 'answered',
          trunkId: 'carrier',
          plannedAt: at(1_000),
          answeredAt: at(2_100),
          connectedAt: at(2_200),
          endedAt: at(5_000),
        },
      ],
      attempts: [{ orderRef: REF, callId: CALL, result: 'answered', ...attempt }],
      deliveries: [
        { id: 'd-1', shopId: 'alder', orderId: ORDER, sequence: 1, event: 'order.outcome', state: 'delivered' },
      ],
      webhooks: [{ shopId: 'alder', webhookId: 'msg_1', response: '{"id":"1"}' }],
      words: [{ orderRef: REF, callId: CALL, word: 'confirmed' }],
      refusedWords: [],
      moves: [
        move('order', REF, 10, null, 'accepted/'),
        move('agent', AGENT, 1_000, 'ready', 'reserved', { callId: CALL }),
        move('call', CALL, 1_000, null, 'dialing', { epoch: 2, leaderEpoch: 2, leaderForMs: 9_000 }),
        move('agent', AGENT, 2_200, 'reserved', 'talking', { callId: CALL }),
        move('agent', AGENT, 5_000, 'talking', 'wrap_up', { callId: CALL }),
        move('order', REF, 5_000, 'connected/', 'final/confirmed'),
        move('agent', AGENT, 5_500, 'wrap_up', 'ready'),
      ],
      music: [],
      busyAgents: [],
      outbox: 0,
    },
    faults: [],
    ends: [],
    texts: [{ where: 'log', text: '{"msg":"call ended","callId":"01a"} 1763805600000' }],
    secrets: [PHONE.slice(1), 'Олена Ткач'],
    abandonedRatios: new Map([['alder', 0]]),
    limits: { maxChannels: 60, reservedSeconds: 60, maxTalkSeconds: 90 },
  };
}

function aloneFor13Seconds(good: Evidence): Evidence {
  const looks = [...Array(14).keys()].map((second) => ({
    at: at(3_000 + second * 1_000),
    legs: second === 13 ? [] : good.looks[0]!.legs,
    bridges: [],
  }));
  return { ...good, looks };
}

/** The run with other rows. */
const withRows = (rows: Partial<Evidence['rows']>): Evidence => {
  const good = aGoodRun();
  return { ...good, rows: { ...good.rows, ...rows } };
};
const good = aGoodRun();
const [order] = good.rows.orders;
const [call] = good.rows.calls;
const [attempt] = good.rows.attempts;
const [post] = good.posts;
const [told] = good.tries;
const [record] = good.records;

/** Breaks, by the invariant that must name them; the first of each is the plainest. */
const BREAKS: readonly (readonly [id: string, what: string, broken: Evidence])[] = [
  ['I1', 'an accepted order is not there', withRows({ orders: [] })],
  ['I1', 'an accepted message is not there', withRows({ webhooks: [] })],
  ['I1', 'a word that was taken is not there', withRows({ words: [] })],
  ['I2', 'an order stays open', withRows({ orders: [{ ...order!, status: 'scheduled', outcome: null }] })],
  [
    'I2',
    'a final order opens again',
    withRows({ moves: [...good.rows.moves, move('order', REF, 6_000, 'final/confirmed', 'scheduled/')] }),
  ],
  ['I3', 'the shop was told nothing', { ...good, tries: [] }],
  [
    'I3',
    'the shop was told something else',
    { ...good, tries: [{ ...told!, body: { ...told!.body, data: { outcome: 'declined' } } }] },
  ],
  ['I3', 'one outcome came under two ids', { ...good, tries: [told!, { ...told!, webhookId: 'd-2', isRepeat: true }] }],
  ['I3', 'a lower sequence came later', { ...good, shopProblems: ['#1 sent after #2 had been acknowledged'] }],
  [
    'I4',
    'two calls to one number lived at once',
    withRows({ calls: [call!, { ...call!, id: `${CALL}2`, plannedAt: at(4_000), endedAt: at(8_000) }] }),
  ],
  [
    'I4',
    'two attempts of one order lived at once',
    withRows({ attempts: [attempt!, { ...attempt!, number: 2, plannedAt: at(4_500), endedAt: at(9_000) }] }),
  ],
  [
    'I5',
    'the carrier saw two calls at once',
    {
      ...good,
      trunk: [...good.trunk, invite(3_000, 'sip-2')],
      records: [record!, { ...record!, callId: 'sip2', invitedAt: at(3_000), endedAt: at(9_000) }],
    },
  ],
  ['I5', 'one call sent two INVITEs', { ...good, trunk: [...good.trunk, invite(4_900, 'sip-3')] }],
  ['I5', 'an INVITE belongs to no call', { ...good, trunk: [...good.trunk, invite(60_000, 'sip-4')] }],
  [
    'I6',
    'a closed shop was called for',
    { ...good, posts: [{ ...post!, shop: 'night' }], rows: { ...good.rows, orders: [{ ...order!, shopId: 'night' }] } },
  ],
  [
    'I6',
    'an order was called again too soon',
    withRows({
      attempts: [
        { ...attempt!, result: 'busy' },
        { ...attempt!, number: 2, plannedAt: at(6_000), endedAt: at(7_000) },
      ],
    }),
  ],
  [
    'I6',
    'an order was called too often',
    withRows({
      attempts: [1, 2, 3, 4].map((number) => ({
        ...attempt!,
        number,
        result: 'busy',
        plannedAt: at(number * 60_000),
        endedAt: at(number * 60_000 + 1_000),
      })),
    }),
  ],
  [
    'I7',
    'a cancelled order was called',
    { ...good, posts: [post!, { ...post!, kind: 'cancelled', answeredAt: at(-500), webhookId: 'msg_2' }] },
  ],
  [
    'I7',
    'a cancelled order rang on',
    {
      ...good,
      posts: [post!, { ...post!, kind: 'cancelled', answeredAt: at(2_000) }],
      records: [{ ...record!, answeredAt: null }],
    },
  ],
  ['I8', 'nobody served who answered', { ...good, exchange: [good.exchange[0]!] }],
  [
    'I8',
    'who answered was served late',
    { ...good, exchange: [{ at: at(4_800), event: 'BRIDGE_ENTER', legId: CALL, app: 'stasis' }] },
  ],
  ['I9', 'a buyer stood alone', aloneFor13Seconds(good)],
  [
    'I9',
    'a buyer stood alone before the music of a hand-over',
    {
      ...aloneFor13Seconds(good),
      rows: { ...good.rows, music: [{ callId: CALL, from: at(15_000), until: null }] },
    },
  ],
  [
    'I9',
    'a buyer was alone in a bridge',
    {
      ...good,
      looks: [...Array(16).keys()].map((second) => ({
        at: at(3_000 + second * 1_000),
        legs: second === 15 ? [] : good.looks[0]!.legs,
        bridges: second === 15 ? [] : [{ id: 'b', legIds: [CALL] }],
      })),
    },
  ],
  ['I9', 'a leg is left in the end', { ...good, looks: [good.looks[0]!] }],
  [
    'I10',
    'a ring was cut',
    {
      ...good,
      trunk: [...good.trunk, { ...invite(4_000, 'sip-1'), method: 'CANCEL' }],
      records: [{ ...record!, answeredAt: null }],
    },
  ],
  [
    'I11',
    'an agent was in two calls',
    withRows({ calls: [call!, { ...call!, id: `${CALL}2`, phone: 'bb', connectedAt: at(3_000), endedAt: at(9_000) }] }),
  ],
  [
    'I11',
    'two buyers were in one bridge',
    {
      ...good,
      looks: [
        { ...good.looks[0]!, bridges: [{ id: 'b', legIds: [CALL, CALL.replace('ca11', 'ca12')] }] },
        good.looks[1]!,
      ],
    },
  ],
  [
    'I11',
    'an agent was ready in a talk',
    withRows({
      moves: [move('agent', AGENT, 2_300, 'talking', 'ready'), move('agent', AGENT, 4_900, 'ready', 'break')],
    }),
  ],
  [
    'I12',
    'a reservation went on',
    withRows({
      moves: [move('agent', AGENT, 0, 'ready', 'reserved'), move('agent', AGENT, 90_000, 'reserved', 'ready')],
    }),
  ],
  ['I12', 'an agent is left at a call', withRows({ busyAgents: [{ agentId: AGENT, state: 'talking', callId: CALL }] })],
  [
    'I13',
    'a shop had more calls than it wishes',
    {
      ...good,
      shops: new Map([['alder', { gapSeconds: 3, maxAttempts: 3, maxConcurrentCalls: 0, isOpen: true }]]),
    },
  ],
  ['I13', 'the trunk had more calls than lines', { ...good, limits: { ...good.limits, maxChannels: 0 } }],
  ['I14', 'the metric says something else', { ...good, abandonedRatios: new Map([['alder', 0.5]]) }],
  [
    'I14',
    'a call without a bridge counts as talked',
    { ...good, exchange: [good.exchange[0]!, { ...good.exchange[1]!, event: 'APP_START', app: 'playback' }] },
  ],
  [
    'I15',
    'an old leader wrote a call',
    withRows({
      moves: [...good.rows.moves, move('call', CALL, 4_000, 'x', 'y', { epoch: 1, leaderEpoch: 2, leaderForMs: 900 })],
    }),
  ],
  [
    'I16',
    'somebody was called whose order was over',
    {
      ...good,
      trunk: [...good.trunk, invite(60_000, 'sip-5')],
      rows: { ...good.rows, calls: [call!, { ...call!, id: `${CALL}5`, plannedAt: at(59_900), endedAt: at(61_000) }] },
    },
  ],
  ['I17', 'a repeat got another answer', { ...good, posts: [post!, { ...post!, kind: 'repeated', body: '{}' }] }],
  ['I17', 'another body was taken', { ...good, posts: [post!, { ...post!, kind: 'conflicting', status: 422 }] }],
  [
    'I18',
    'an order was refused while Redis was away',
    {
      ...good,
      posts: [post!, { ...post!, orderId: ORDER, sentAt: at(3_000), answeredAt: at(3_400), status: 503 }],
      faults: [{ name: 'redis_freeze', covers: [], hits: ['redis'], from: at(2_500), to: at(9_000), proof: 'yes' }],
    },
  ],
  ['I19', 'a write-back is left', withRows({ deliveries: [{ ...good.rows.deliveries[0]!, state: 'pending' }] })],
  ['I19', 'a write-back counts that nobody got', { ...good, tries: [{ ...told!, status: 503 }] }],
  ['I20', 'a number was printed', { ...good, texts: [{ where: 'log', text: 'x 380671234500 y' }] }],
  ['I20', 'a number was printed beside an id', { ...good, texts: [{ where: 'log', text: `${REF} 380671234500` }] }],
  ['I20', 'a name was printed', { ...good, texts: [{ where: 'log', text: 'Олена Ткач' }] }],
  [
    'P1',
    'a process ended by itself',
    {
      ...good,
      ends: [{ service: 'north', pid: 1, startedAt: at(0), endedAt: at(1), exitCode: 1, wasMeant: false }],
    },
  ],
  [
    'P1',
    'a drain took too long',
    {
      ...good,
      faults: [
        { name: 'drain_leader', covers: [], hits: ['leader'], from: at(0), to: at(1), proof: 'ended with exit code 3' },
      ],
    },
  ],
];

describe('the checker', () => {
  it('finds nothing in a run in which all went well, and has judged something of almost every invariant', () => {
    const judgements = judgeAll(aGoodRun());
    expect(judgements.flatMap(({ id, violations }) => violations.map(({ what }) => `${id} ${what}`))).toEqual([]);
    const silent = judgements.filter(({ judged }) => judged === 0).map(({ id }) => id);
    // No cancel, no unanswered ring, no repeat, no fault of Redis and no end of a process in it.
    expect(silent).toEqual(['I7', 'I10', 'I17', 'I18', 'P1']);
  });

  it.each(BREAKS)('%s: %s', (id, _what, broken) => {
    const check = CHECKS.find((one) => one.id === id);
    expect(check?.judge(broken).violations.length).toBeGreaterThan(0);
  });

  it('breaks every invariant at least once', () => {
    expect(new Set(BREAKS.map(([id]) => id))).toEqual(new Set(CHECKS.map(({ id }) => id)));
  });

  it('lets an order come into a talk of its buyer at any time, and takes no id for a number', () => {
    const run = aGoodRun();
    const [call] = run.rows.calls;
    const [attempt] = run.rows.attempts;
    const other = { ...call!, id: `${CALL}2`, plannedAt: at(5_500), connectedAt: at(6_000), endedAt: at(7_000) };
    const joined = { ...attempt!, callId: other.id, number: 2, plannedAt: at(6_000), endedAt: at(7_000) };
    const evidence: Evidence = {
      ...run,
      rows: { ...run.rows, calls: [call!, other], attempts: [{ ...attempt!, result: 'busy' }, joined] },
      texts: [{ where: 'log', text: '01a20504-e742-7c0f-b68a-380671234500 8d5ba9ff380671234500b96d29e5472a' }],
    };
    const found = (id: string) => CHECKS.find((check) => check.id === id)?.judge(evidence).violations;
    expect([found('I6'), found('I20')]).toEqual([[], []]);
  });

  it('lets an exchange that stood still carry out what it was asked before the cancel, if that is taken back at once', () => {
    const found = (frozenTo: number, rangUntil: number, answeredAt: Date | null = null) => {
      const run = aGoodRun();
      const [post, call, record] = [run.posts[0]!, run.rows.calls[0]!, run.records[0]!];
      const freeze = { name: 'exchange_freeze', covers: [], hits: ['exchange' as const], proof: 'stood still' };
      return CHECKS.find(({ id }) => id === 'I7')!.judge({
        ...run,
        posts: [post, { ...post, kind: 'cancelled', answeredAt: at(1_200), webhookId: 'msg_2' }],
        trunk: [invite(9_000, 'sip-1')],
        records: [{ ...record, invitedAt: at(9_000), answeredAt, endedAt: at(rangUntil) }],
        rows: { ...run.rows, calls: [{ ...call, endedAt: at(9_500) }] },
        faults: [{ ...freeze, from: at(1_050), to: at(frozenTo) }],
      }).violations.length;
    };
    expect(found(9_010, 9_100)).toBe(0);
    // It rang on, was picked up, or the exchange had long gone on.
    expect([found(9_010, 14_000), found(9_010, 9_100, at(9_050)), found(5_000, 9_100)]).toEqual([1, 1, 1]);
  });

  it('lets a word come to nothing that the disk took after the wrap-up, if the history says so', () => {
    const found = (askedAtMs: number, refusedWords: Evidence['rows']['refusedWords']) => {
      const run = withRows({ words: [], refusedWords });
      const said = [{ ...run.said[0]!, askedAt: at(askedAtMs), at: at(9_000), status: 202 }];
      return CHECKS.find(({ id }) => id === 'I1')!.judge({ ...run, said }).violations.length;
    };
    const refused = { callId: CALL, word: 'confirmed', code: 'call.closed' };
    expect(found(5_600, [refused])).toBe(0);
    // Said in time, or nobody is told of it, or refused for another reason: lost.
    expect(found(5_400, [refused])).toBe(1);
    expect(found(5_600, [])).toBe(1);
    expect(found(5_600, [{ ...refused, code: 'call.state_refused' }])).toBe(1);
  });

  it('knows two calls to one number by their legs, when the first was held up and the second was planned right after it', () => {
    const good = aGoodRun();
    const [call, attempt, order, record] = [
      good.rows.calls[0]!,
      good.rows.attempts[0]!,
      good.rows.orders[0]!,
      good.records[0]!,
    ];
    const other = { ...order, id: `${REF}2`, orderId: `${ORDER}2` };
    const calls = [
      {
        ...call,
        plannedAt: at(1_000),
        endedAt: at(1_705),
        result: 'carrier_failure',
        answeredAt: null,
        connectedAt: null,
      },
      {
        ...call,
        id: `${CALL}2`,
        plannedAt: at(1_880),
        endedAt: at(1_925),
        result: 'carrier_failure',
        answeredAt: null,
        connectedAt: null,
      },
    ];
    const evidence: Evidence = {
      ...good,
      phones: new Map([...good.phones, [other.orderId, PHONE]]),
      trunk: [invite(1_700, 'sip-1'), invite(1_920, 'sip-2')],
      records: [
        { ...record, invitedAt: at(1_700), answeredAt: null, endedAt: at(1_703), cause: 34 },
        { ...record, callId: 'sip2', invitedAt: at(1_920), answeredAt: null, endedAt: at(1_923), cause: 34 },
      ],
      exchange: [
        { at: at(1_698), event: 'CHAN_START', legId: CALL, app: '' },
        { at: at(1_918), event: 'CHAN_START', legId: `${CALL}2`, app: '' },
      ],
      rows: {
        ...good.rows,
        calls,
        orders: [order, other],
        attempts: [
          { ...attempt, plannedAt: at(1_000), endedAt: at(1_705) },
          { ...attempt, orderRef: other.id, callId: `${CALL}2`, plannedAt: at(1_880), endedAt: at(1_925) },
        ],
      },
    };
    expect(carrierSeesOneCall(evidence).violations).toEqual([]);
    // Without the exchange's own ledger both would look like the second one's.
    expect(carrierSeesOneCall({ ...evidence, exchange: [] }).violations).toHaveLength(1);
  });

  it('lets a buyer hear the music of a hand-over for as long as its step takes', () => {
    const good = aloneFor13Seconds(aGoodRun());
    const music = [{ callId: CALL, from: at(3_500), until: at(14_000) }];
    const standsAlone = CHECKS.find((check) => check.id === 'I9')!;
    expect(standsAlone.judge({ ...good, rows: { ...good.rows, music } }).violations).toEqual([]);
  });

  it('asks nothing of an exchange that is dead, and counts that it did not', () => {
    const dead: Evidence = {
      ...aGoodRun(),
      exchange: [],
      faults: [{ name: 'exchange_kill', covers: [], hits: ['exchange'], from: at(2_000), to: at(5_000), proof: 'yes' }],
    };
    const found = CHECKS.find(({ id }) => id === 'I8')?.judge(dead);
    expect(found).toMatchObject({ judged: 0, excused: 1, violations: [] });
  });
});

describe('overlaps', () => {
  it('sees a long span over several short ones', () => {
    const spans = [
      [0, 10],
      [2, 3],
      [4, 5],
      [10, 12],
    ] as const;
    expect(overlaps(spans, (span) => span)).toEqual([
      [
        [0, 10],
        [2, 3],
      ],
      [
        [0, 10],
        [4, 5],
      ],
    ]);
  });
});
