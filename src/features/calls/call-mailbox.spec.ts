import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call, CallAction, CallEvent } from '../../core/call/call.js';
import { decide, planCall } from '../../core/call/decide-call.js';
import { CallMailbox, type MailboxHooks } from './call-mailbox.js';
import type { Route } from './call.store.js';

const T0 = new Date('2026-11-22T10:00:00Z');
/** Any time after the call was taken over, monotonic. */
const NOW = 1_000_000;
const anna = { agentId: 'anna', legId: 'agent-anna-1', connection: 'persistent' } as const;
const { call: PLANNED } = planCall(
  { callId: 'c1', ringSeconds: 25, maxTalkSeconds: 3600, detectsMachine: false, agent: anna },
  T0,
);

/** The call after these events, a second apart. */
function after(...events: CallEvent[]): Call {
  return events.reduce<Call>((call, event, n) => {
    const decision = decide(call, event, new Date(T0.getTime() + n * 1_000));
    return 'call' in decision ? decision.call : call;
  }, PLANNED);
}

/** A mailbox so many seconds after the plan, on a clock that only this test moves. */
function mailboxOf(call: Call, atSeconds: number, more: { sentAt?: Date | null } = {}) {
  const done: CallAction['kind'][] = [];
  const written: { state: Call['state']; events: CallEvent['kind'][] }[] = [];
  let monotonicMs = 0;
  const hooks: MailboxHooks = {
    clock: { now: () => new Date(T0.getTime() + atSeconds * 1_000 + monotonicMs), monotonicMs: () => monotonicMs },
    perform: (_, { kind }) => void done.push(kind),
    save: ({ stored, events }) => {
      written.push({ state: stored.call.state, events: events.map(({ event }) => event.kind) });
      return Promise.resolve(true);
    },
    findWritten: () => Promise.resolve(null),
    onIgnored: () => undefined,
    onMoved: () => undefined,
    onSaveFailed: () => undefined,
    onClosed: () => undefined,
  };
  const mailbox = new CallMailbox({ call, route: {} as Route, version: 1, ...more }, hooks);
  const run = (ms: number): void => {
    monotonicMs += ms;
    vi.advanceTimersByTime(ms);
  };
  /** Timers that came due meanwhile ring when it goes on. */
  const standStill = (ms: number): void => {
    monotonicMs += ms;
  };
  return { mailbox, done, written, run, standStill };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const WAITING = after({ kind: 'buyer.ringing' }, { kind: 'buyer.answered' });
const RINGING = after({ kind: 'buyer.ringing' });

describe('a call that is taken over long after it was last written', () => {
  it.each([
    ['waiting', WAITING],
    ['ringing', RINGING],
  ])('as %s is neither hung up nor sent to the message before it was compared: the two may be talking', (_, call) => {
    const { mailbox, done, run } = mailboxOf(call, 60, { sentAt: T0 });
    run(4_000);
    expect(done).toEqual([]);
    mailbox.post({ kind: 'buyer.answered' });
    mailbox.post({ kind: 'buyer.bridged' });
    mailbox.noteCompared(NOW);
    run(20_000);
    expect(mailbox.call.state).toBe('connected');
    expect(done.filter((kind) => kind !== 'clear')).toEqual([]);
    mailbox.close();
  });

  it('keeps its limits from then on, and when no comparison comes about', () => {
    const compared = mailboxOf(RINGING, 60, { sentAt: T0 });
    compared.mailbox.noteCompared(NOW);
    compared.run(10);
    expect(compared.done).toEqual(['hangup_buyer']);
    compared.mailbox.close();
    const alone = mailboxOf(RINGING, 60, { sentAt: T0 });
    alone.run(10_001);
    expect(alone.done).toEqual(['hangup_buyer']);
    alone.mailbox.close();
  });

  it('has its buyer looked after when nobody is with them', () => {
    const { mailbox, done } = mailboxOf(WAITING, 1.5, { sentAt: T0 });
    // What the exchange was asked before says nothing.
    mailbox.noteCompared(-1);
    expect(done).toEqual([]);
    mailbox.noteCompared(NOW);
    mailbox.noteCompared(NOW);
    expect(done).toEqual(['clear']);
    mailbox.close();
  });
});

describe('a process that stood still', () => {
  it('does nothing to its calls before it could hear that they are another’s', () => {
    const { mailbox, done, run, standStill } = mailboxOf(RINGING, 1);
    standStill(60_000);
    // The timer rings, late.
    run(29_000);
    expect(done).toEqual([]);
    mailbox.close();
    run(5_000);
    expect(done).toEqual([]);
  });

  it('keeps its limits when it hears nothing of the kind', () => {
    const { mailbox, done, run, standStill } = mailboxOf(RINGING, 1);
    standStill(60_000);
    run(29_000);
    // However slow it is: one wait is enough.
    standStill(5_000);
    run(2_001);
    expect(done).toEqual(['hangup_buyer']);
    mailbox.close();
  });

  it('is told from one that is a little late', () => {
    const { mailbox, done, run, standStill } = mailboxOf(RINGING, 1);
    standStill(500);
    run(28_000);
    expect(done).toEqual(['hangup_buyer']);
    mailbox.close();
  });
});

describe('what is written of a call', () => {
  it('a state that passes is written with the one that follows it', async () => {
    const { mailbox, written } = mailboxOf(RINGING, 1);
    mailbox.post({ kind: 'buyer.answered' });
    await vi.advanceTimersByTimeAsync(20);
    expect(written).toEqual([]);
    mailbox.post({ kind: 'buyer.bridged' });
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual([{ state: 'connected', events: ['buyer.answered', 'buyer.bridged'] }]);
    mailbox.close();
  });

  it('a state that should have passed is written by itself', async () => {
    const { mailbox, written } = mailboxOf(RINGING, 1);
    mailbox.post({ kind: 'buyer.answered' });
    await vi.advanceTimersByTimeAsync(49);
    expect(written).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(written).toEqual([{ state: 'waiting', events: ['buyer.answered'] }]);
    mailbox.close();
  });

  it('of a call that became another’s meanwhile, nothing', async () => {
    const { mailbox, written } = mailboxOf(RINGING, 1);
    mailbox.post({ kind: 'buyer.answered' });
    mailbox.close();
    await vi.advanceTimersByTimeAsync(100);
    expect(written).toEqual([]);
  });
});
