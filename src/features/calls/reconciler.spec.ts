import { afterEach, describe, expect, it, vi } from 'vitest';
import { planCall } from '../../core/call/decide-call.js';
import type { Call, CallEvent } from '../../core/call/call.js';
import { CallMailbox } from './call-mailbox.js';
import type { Route } from './call.store.js';
import { Reconciler } from './reconciler.js';

const CALL = '01a00000-0000-7000-8000-00000000ca11';
const STRANGER = '01a00000-0000-7000-8000-00000000dead';
const OVER = '01a00000-0000-7000-8000-00000000e4d0';
const ELSEWHERE = '01a00000-0000-7000-8000-000000e15e3e';
/** Somebody who has been reserved for too long. */
const reservedFor = (callId: string) => ({ agentId: `for ${callId}`, callId, state: 'reserved' });
const NOTHING = (): undefined => undefined;
const HOURS_MS = 3_600_000;
const T0 = new Date();

interface Leg {
  readonly legId: string;
  readonly createdAt: Date;
  readonly state?: 'up';
}

/** A reconciler over one node that holds these legs, with at most one call; time is the test's. */
function room(o: {
  legs?: readonly Leg[];
  wasSent?: boolean;
  call?: Partial<Call>;
  laterMs?: number;
  reserved?: string[];
}) {
  let nowMs = 1_000_000;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  const events: CallEvent[] = [];
  const ended: string[] = [];
  const freed: string[] = [];
  const inTx = (work: (tx: object) => unknown): Promise<unknown> => Promise.resolve(work({}));
  const placed: string[] = [];
  const leg = { state: 'ringing', isInMessage: false, bridgeId: null };
  const node = {
    node: 'main',
    isUp: true,
    onFact: () => NOTHING,
    survey: () =>
      Promise.resolve({ run: 'first', legs: (o.legs ?? []).map((one) => ({ ...leg, ...one })), bridges: [] }),
    hangup: (legId: string) => Promise.resolve(void ended.push(legId)),
  };
  const { call } = planCall(
    { callId: CALL, ringSeconds: 15, maxTalkSeconds: 60, detectsMachine: false, agent: null },
    T0,
  );
  const mailbox =
    o.wasSent === undefined
      ? null
      : new CallMailbox(
          {
            call: { ...call, ...o.call } as Call,
            route: { groupId: 'g', node: 'main', run: 'first' } as Route,
            version: 1,
            sentAt: o.wasSent ? T0 : null,
          },
          {
            clock: { now: () => new Date(call.plannedAt.getTime() + nowMs - 1_000_000), monotonicMs: () => nowMs },
          } as ConstructorParameters<typeof CallMailbox>[1],
        );
  if (mailbox !== null) mailbox.post = (event) => void events.push(event);
  const parts = [
    [node],
    {
      all: () => (mailbox === null ? [] : [mailbox]),
      isPlacing: () => false,
      find: (callId: string) => (callId === CALL ? mailbox : null),
      placeAgain: (one: CallMailbox) => {
        one.notePlacing();
        placed.push(one.callId);
      },
    },
    { liveAmong: () => Promise.resolve([]), isLive: (_: object, callId: string) => Promise.resolve(callId !== OVER) },
    { read: inTx, run: inTx },
    {
      groups: () => Promise.resolve([]),
      floor: () => Promise.resolve([]),
      overdueAtCall: () => Promise.resolve((o.reserved ?? []).map(reservedFor)),
      afterCall: (_: object, agentId: string) => Promise.resolve(void freed.push(agentId)),
    },
    // What is done with the survey's agents takes its time.
    { adopt: () => Promise.resolve(void (nowMs += o.laterMs ?? 0)), isKnown: () => false },
    { leak: NOTHING },
    { info: NOTHING, warn: NOTHING },
    // By the database's clock it is another day.
    { now: () => new Date(Date.now() + 30 * HOURS_MS) },
    { noteLegs: NOTHING },
  ];
  const reconciler = new Reconciler(...(parts as unknown as ConstructorParameters<typeof Reconciler>));
  return { reconciler, events, ended, freed, placed, mailbox, pass: (ms: number) => (nowMs += ms) };
}

afterEach(() => vi.restoreAllMocks());

describe('a call of which the exchange holds no leg', () => {
  it('is sent when nobody has sent it: no attempt is used up for a leader that died before', async () => {
    const { reconciler, events, placed, mailbox, pass } = room({ wasSent: false });
    pass(6_000);
    expect(await reconciler.run(['g'])).toBe(1);
    expect(placed).toEqual([CALL]);
    expect(events).toEqual([]);
    mailbox?.close();
  });

  it('is given up when it could not be sent again and again', async () => {
    const { reconciler, events, placed, mailbox, pass } = room({ wasSent: false });
    for (let n = 0; n < 4; n += 1) {
      pass(6_000);
      await reconciler.run(['g']);
    }
    expect(placed.length).toBe(3);
    expect(events.map(({ kind }) => kind)).toEqual(['buyer.missing']);
    mailbox?.close();
  });

  it('is over when it was sent: the buyer may have been rung', async () => {
    const { reconciler, events, placed, mailbox, pass } = room({ wasSent: true });
    pass(6_000);
    await reconciler.run(['g']);
    expect(placed).toEqual([]);
    expect(events).toEqual([{ kind: 'buyer.missing', isCarrierTold: true }]);
    mailbox?.close();
  });
});

describe('a survey that is old by the time at which it is looked at', () => {
  it('says nothing of a talk that began after it', async () => {
    const at = new Date(T0.getTime() + 1_000);
    const talk = {
      state: 'connected',
      answeredAt: at,
      connectedAt: at,
      since: at,
      detection: { phase: 'person' },
    } as const;
    const { reconciler, events, mailbox } = room({ wasSent: true, call: talk, laterMs: 9_000 });
    await reconciler.run(['g']);
    expect(events).toEqual([]);
    mailbox?.close();
  });
});

describe('a talk that was taken over', () => {
  it('is told once that its buyer stands elsewhere: later surveys may be older than a move of ours', async () => {
    const { reconciler, events, mailbox, pass } = room({
      wasSent: true,
      legs: [
        { legId: CALL, createdAt: T0, state: 'up' },
        { legId: 'agent-1', createdAt: T0, state: 'up' },
      ],
      call: {
        state: 'connected',
        agent: { agentId: 'a', legId: 'agent-1', connection: 'persistent' },
        detection: { phase: 'person' },
      } as unknown as Partial<Call>,
    });
    await reconciler.run(['g']);
    expect(events).toEqual([{ kind: 'buyer.apart' }]);
    pass(6_000);
    await reconciler.run(['g']);
    expect(events).toHaveLength(1);
    mailbox?.close();
  });
});

describe('a leg without an owner', () => {
  it.each([
    ['two hours ahead', 2 * HOURS_MS],
    ['two hours behind', -2 * HOURS_MS],
    ['right', 0],
  ])('is ended 5 s after it was first seen, the exchange’s clock being %s', async (_, offMs) => {
    const legs = [{ legId: STRANGER, createdAt: new Date(Date.now() + offMs) }];
    const { reconciler, ended, pass } = room({ legs });
    // It may be somebody's: looked at again soon.
    expect(await reconciler.run(['g'])).toBe(1);
    pass(4_000);
    expect(await reconciler.run(['g'])).toBe(1);
    expect(ended).toEqual([]);
    pass(1_500);
    expect(await reconciler.run(['g'])).toBe(0);
    expect(ended).toEqual([STRANGER]);
  });
});

describe('an agent who has been reserved for too long', () => {
  it('is free when the call is over, or this process runs it and knows nothing of them', async () => {
    const { reconciler, freed, mailbox } = room({ wasSent: true, reserved: [OVER, CALL, ELSEWHERE] });
    await reconciler.run(['g']);
    expect(freed).toEqual([`for ${OVER}`, `for ${CALL}`]);
    mailbox?.close();
  });

  it('stays when the call has them, though its rows do not say so yet', async () => {
    const agent = { agentId: `for ${CALL}`, legId: 'agent-1', connection: 'persistent' } as const;
    const { reconciler, freed, mailbox } = room({ wasSent: true, call: { agent }, reserved: [CALL] });
    await reconciler.run(['g']);
    expect(freed).toEqual([]);
    mailbox?.close();
  });
});
