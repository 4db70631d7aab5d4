import { describe, expect, it, vi } from 'vitest';
import type { Call } from '../../core/call/call.js';
import { planCall } from '../../core/call/decide-call.js';
import type { Unsaved } from './call-mailbox.js';
import type { Route, StoredCall } from './call.store.js';
import { LiveCalls, type CallCommand } from './live-calls.js';

const CALL = '01a00000-0000-7000-8000-00000000ca11';
const NOTHING = (): undefined => undefined;

/** Live calls over a store that plays Postgres: one call, a version that grows with each write, and writes that may be held back. */
function played(plannedAt = new Date(), sentAt?: Date | null) {
  const { call } = planCall(
    { callId: CALL, ringSeconds: 15, maxTalkSeconds: 60, detectsMachine: false, agent: null },
    plannedAt,
  );
  const route = { groupId: 'g', node: 'main', orderRef: 'o', traceId: 't', shopId: 's', number: 1 } as Route;
  const row = { version: 0 };
  const saved: { version: number; isOwned: boolean }[] = [];
  const states: Call[] = [];
  let gate: Promise<void> = Promise.resolve();
  const save = async ({ stored }: Unsaved): Promise<boolean> => {
    await gate;
    const isOwned = stored.version === row.version;
    if (isOwned) row.version += 1;
    saved.push({ version: stored.version, isOwned });
    states.push(stored.call);
    return isOwned;
  };
  const asked: { id: string; callId: string; command: CallCommand }[] = [];
  const fails = { looking: false, noting: false };
  const inTx = (work: (tx: object) => unknown): Promise<unknown> => Promise.resolve(work({}));
  const parts = [
    [{ node: 'main', onFact: () => NOTHING }],
    { run: inTx, read: inTx },
    {
      adopt: (): Promise<StoredCall[]> => {
        row.version += 1;
        return Promise.resolve([{ call, route, version: row.version, ...(sentAt === undefined ? {} : { sentAt }) }]);
      },
      waitingCommands: () => Promise.resolve([...asked]),
      takeCommands: () => (fails.noting ? Promise.reject(new Error('away')) : Promise.resolve(void asked.splice(0))),
    },
    { toLeave: () => (fails.looking ? Promise.reject(new Error('away')) : Promise.resolve([])) },
    { telephonyOf: () => null, perform: NOTHING },
    { save },
    { follow: NOTHING },
    {},
    { onMoved: NOTHING },
    {},
    { count: () => Promise.resolve(), judge: () => Promise.resolve([]), watch: NOTHING, forget: NOTHING },
    { info: NOTHING, warn: NOTHING, debug: NOTHING },
    { now: () => new Date(), monotonicMs: () => performance.now() },
  ];
  const live = new LiveCalls(...(parts as unknown as ConstructorParameters<typeof LiveCalls>));
  return { live, saved, states, asked, fails, holdWrites: (until: Promise<void>) => void (gate = until) };
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('a call that is taken over twice by one process', () => {
  it('stays its own: the second try writes with the version of the second try', async () => {
    const { live, saved } = played();
    await live.adopt('g', 2);
    // The comparison with the exchange failed, and leading begins anew.
    await live.adopt('g', 2);
    live.find(CALL)?.post({ kind: 'buyer.ringing' });
    await settled();
    expect(saved).toEqual([{ version: 2, isOwned: true }]);
    expect(live.find(CALL)?.call.state).toBe('ringing');
    live.onApplicationShutdown();
  });

  it('is not lost by the late answer to a write of the first try', async () => {
    const { live, saved, holdWrites } = played();
    let open: () => void = NOTHING;
    await live.adopt('g', 2);
    holdWrites(new Promise((resolve) => (open = resolve)));
    live.find(CALL)?.post({ kind: 'buyer.ringing' });
    await live.adopt('g', 2);
    open();
    await settled();
    expect(saved).toEqual([{ version: 1, isOwned: false }]);
    expect(live.find(CALL)).not.toBeNull();
    live.onApplicationShutdown();
  });
});

describe('a call that was planned long ago and never placed', () => {
  const longAgo = new Date(Date.now() - 60_000);

  it('ends without blame for the buyer or the trunk when it is taken over', async () => {
    const { live, states } = played(longAgo, null);
    await live.adopt('g', 2);
    await settled();
    expect(states).toMatchObject([{ state: 'ended', result: 'system_failure', because: 'unheard' }]);
    expect(live.find(CALL)).toBeNull();
  });

  it('is hung up when it may have been placed', async () => {
    const { live, states } = played(longAgo, longAgo);
    await live.adopt('g', 2);
    live.find(CALL)?.noteCompared(performance.now());
    // A state that passes is kept back for a moment.
    await vi.waitFor(() => expect(states).toMatchObject([{ state: 'ending', because: 'ring_timeout' }]));
    live.onApplicationShutdown();
  });
});

describe('a call that left late, under a leader who did not live to write that down', () => {
  it('has its whole time to ring', async () => {
    const sentAt = new Date(Date.now() - 1_000);
    const { live, states } = played(new Date(Date.now() - 60_000), sentAt);
    await live.adopt('g', 2);
    live.find(CALL)?.noteCompared(performance.now());
    await settled();
    expect(states).toMatchObject([{ state: 'dialing', dialedAt: sentAt }]);
    live.onApplicationShutdown();
  });
});

describe('what is asked of a call', () => {
  it('is done once, however often the database fails before and after', async () => {
    const { live, asked, fails } = played();
    await live.adopt('g', 2);
    const done: string[] = [];
    const mailbox = live.find(CALL);
    if (mailbox !== null) mailbox.post = ({ kind }) => void done.push(kind);
    asked.push({ id: '7', callId: CALL, command: { kind: 'agent_hangup' } });
    fails.looking = true;
    await expect(live.takeCommands()).rejects.toThrow('away');
    expect(asked.length).toBe(1);
    Object.assign(fails, { looking: false, noting: true });
    await expect(live.takeCommands()).rejects.toThrow('away');
    expect(done).toEqual(['agent.hangup']);
    fails.noting = false;
    await live.takeCommands();
    await live.takeCommands();
    expect([done, asked]).toEqual([['agent.hangup'], []]);
    live.onApplicationShutdown();
  });
});
