import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DialerError } from '../../core/shared/errors.js';
import { DialingService } from './dialing.service.js';

// The heartbeat alone: what it does first when everything comes at once. Its parts are played.

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A service whose turns take time, with a record of what it did when. */
function start(parts: {
  lead?: () => Promise<void>;
  placed?: () => number;
  ordersDue?: number;
  trunks?: { nextCallInMs: number | null }[];
  isMoreToLook?: () => boolean;
  groups?: string[];
  failing?: { group: string; error: Error };
  tend?: () => Promise<void>;
  reach?: () => number;
  onLink?: (listener: () => void) => void;
}) {
  const done: { what: string; at: number }[] = [];
  const note = (what: string): void => void done.push({ what, at: performance.now() });
  const nothing = async (): Promise<void> => undefined;
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const deps = {
    settings: { roles: new Set(['dialer']), drainSeconds: 6 },
    notifications: { listen: () => undefined },
    transactions: {},
    agents: { groups: async () => (parts.groups ?? ['g']).map((groupId) => ({ groupId })) },
    calls: {
      onReplaced: () => undefined,
      onLink: (listener: () => void) => parts.onLink?.(listener),
      hold: () => undefined,
      reachOf: () => parts.reach?.() ?? 3,
      lookAtNodes: nothing,
      lead: parts.lead ?? nothing,
      tend: async () => {
        await parts.tend?.();
        note('tend');
      },
      leave: nothing,
      handOver: nothing,
      liveCount: 0,
      unsettledCount: 0,
    },
    leadership: {
      claim: async (reaches: Map<string, number>) => {
        const ids = [...reaches.keys()];
        note(`claim ${ids.join(' ')}`.trim());
        note(`reach ${[...reaches.values()].join(' ')}`.trim());
        return new Map(ids.map((id) => [id, 1]));
      },
      release: async () => note('release'),
    },
    pacer: {
      tick: async (groupId: string) => {
        await sleep(80);
        if (groupId === parts.failing?.group) throw parts.failing.error;
        note('tick');
        return {
          placed: parts.placed?.() ?? 0,
          ordersDue: parts.ordersDue ?? 0,
          trunks: parts.trunks ?? [],
          isMoreToLook: parts.isMoreToLook?.() ?? false,
        };
      },
    },
    groupPacing: { forget: () => undefined },
  };
  const service = new DialingService(
    ...([
      deps.settings,
      deps.notifications,
      deps.transactions,
      deps.agents,
      deps.calls,
      deps.leadership,
      deps.pacer,
      deps.groupPacing,
      {},
      {},
      {},
      {},
      log,
      { now: () => new Date(), isSkewed: false },
    ] as unknown as ConstructorParameters<typeof DialingService>),
  );
  // What a turn tells the world is not looked at here.
  Object.assign(service, { explain: nothing });
  service.onApplicationBootstrap();
  return { done, stop: () => service.onModuleDestroy() };
}

const times = (done: readonly { what: string; at: number }[], what: string): number[] =>
  done.filter((one) => one.what === what).map((one) => one.at);
const longestGap = (at: readonly number[]): number =>
  at.slice(1).reduce((most, one, index) => Math.max(most, one - (at[index] ?? one)), 0);

describe('the turn of a dialer', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('renews its lease and hears others in time, also while there is always one more call to place', async () => {
    const { done, stop } = start({ placed: () => 1, ordersDue: 2 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(times(done, 'tick').length).toBeGreaterThan(100);
    expect(longestGap(times(done, 'claim g'))).toBeLessThan(3_000);
    expect(longestGap(times(done, 'tend'))).toBeLessThan(500);
    void stop();
    await vi.advanceTimersByTimeAsync(2_000);
  });

  it('looks at once for more calls only where orders are left over', async () => {
    const all = start({ placed: () => 1, ordersDue: 1 });
    const some = start({ placed: () => 1, ordersDue: 2 });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(times(all.done, 'tick').length).toBeLessThanOrEqual(18);
    // A turn of 80 ms, and a pause of as much.
    expect(times(some.done, 'tick').length).toBeGreaterThan(55);
    for (const { stop } of [all, some]) void stop();
    await vi.advanceTimersByTimeAsync(2_000);
  });

  it('says that its link is lost as soon as a turn that waited for answers over that link is over', async () => {
    let reach = 3;
    let lost = (): void => undefined;
    let isSlow = false;
    const { done, stop } = start({
      reach: () => reach,
      onLink: (listener) => (lost = listener),
      tend: () => (isSlow ? sleep(4_000) : Promise.resolve()),
    });
    await vi.advanceTimersByTimeAsync(10_000);
    isSlow = true;
    await vi.advanceTimersByTimeAsync(1_000);
    isSlow = false;
    reach = 0;
    lost();
    await vi.advanceTimersByTimeAsync(3_800);
    expect(times(done, 'reach 0')).toHaveLength(1);
    void stop();
    await vi.advanceTimersByTimeAsync(2_000);
  });

  it('looks again when a trunk permits the next call, and goes on where a backlog hid the others', async () => {
    const rested = start({});
    const rated = start({ trunks: [{ nextCallInMs: 120 }, { nextCallInMs: null }] });
    const walking = start({ isMoreToLook: () => true });
    await vi.advanceTimersByTimeAsync(10_000);
    const ticks = [rested, rated, walking].map(({ done }) => times(done, 'tick').length);
    // A turn of 80 ms, and behind it 500 ms, 120 ms, 10 ms.
    expect(ticks[0]).toBeLessThanOrEqual(18);
    expect(ticks[1]).toBeGreaterThan(40);
    expect(ticks[1]).toBeLessThan(60);
    expect(ticks[2]).toBeGreaterThan(90);
    for (const { stop } of [rested, rated, walking]) void stop();
    await vi.advanceTimersByTimeAsync(2_000);
  });

  it('places calls for the groups behind one that fails, unless the database is away', async () => {
    const wrong = start({ groups: ['a', 'b'], failing: { group: 'a', error: new Error('unreadable') } });
    const away = new DialerError('busy.retry_later', 'away', { isRetryable: true });
    const down = start({ groups: ['a', 'b'], failing: { group: 'a', error: away } });
    await vi.advanceTimersByTimeAsync(3_000);
    expect(times(wrong.done, 'tick').length).toBeGreaterThan(2);
    expect(times(down.done, 'tick')).toEqual([]);
    for (const { stop } of [wrong, down]) void stop();
    await vi.advanceTimersByTimeAsync(2_000);
  });

  it('leaves a group that it cannot lead to others, and tries again', async () => {
    let isReachable = false;
    const { done, stop } = start({
      lead: async () => {
        if (!isReachable) throw new Error('the application could not be heard');
      },
    });
    await vi.advanceTimersByTimeAsync(9_000);
    const released = times(done, 'release');
    expect(released.length).toBeGreaterThanOrEqual(2);
    // Between giving it up and asking again somebody else's look comes.
    for (const at of released) {
      const again = times(done, 'claim g').find((one) => one > at);
      expect((again ?? Number.POSITIVE_INFINITY) - at).toBeGreaterThanOrEqual(2_500);
    }
    isReachable = true;
    await vi.advanceTimersByTimeAsync(6_000);
    expect(times(done, 'tick').length).toBeGreaterThan(0);
    void stop();
    await vi.advanceTimersByTimeAsync(2_000);
  });
});
