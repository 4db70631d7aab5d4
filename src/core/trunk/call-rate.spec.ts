import { describe, expect, it } from 'vitest';
import { INVITE_PENDING_MS, rateLeft, type InviteMark } from './call-rate.js';

const left = (...msAgo: number[]): InviteMark[] => msAgo.map((ago) => ({ takenMsAgo: ago + 5, leftMsAgo: ago }));

describe('rateLeft', () => {
  it.each<[string, number, InviteMark[], number, number | null]>([
    ['nothing placed', 10, [], 10, null],
    ['what left within the second counts', 3, left(0, 500, 999), 0, 1],
    ['what left a second ago does not', 3, left(0, 500, 1_000), 1, null],
    ['one more than there may be: the second oldest frees a place', 2, left(100, 200, 300), 0, 800],
    ['a fraction above 1 is cut', 2.9, left(0, 1), 0, 999],
    ['less than one in a second: the time between two', 0.5, left(1_500), 0, 500],
    ['and no longer than that', 0.5, left(2_000), 1, null],
    ['what is under way counts as leaving now', 1, [{ takenMsAgo: 5_000, leftMsAgo: null }], 0, 1_000],
    ['but not for ever', 1, [{ takenMsAgo: INVITE_PENDING_MS, leftMsAgo: null }], 1, null],
    ['a clock that is a little ahead', 1, left(-3), 0, 1_000],
  ])('%s', (_name, perSecond, invites, calls, nextInMs) => {
    expect(rateLeft(perSecond, invites)).toEqual({ calls, nextInMs });
  });

  it('lets no second see more, and wastes none, however the looks fall and however long INVITEs take to leave', () => {
    let seed = 7;
    const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
    for (const perSecond of [0.4, 1, 2.5, 10, 40]) {
      const sent: { takenAt: number; leftAt: number }[] = [];
      let now = 0;
      while (now < 60_000) {
        const marks = sent.map(({ takenAt, leftAt }) => ({
          takenMsAgo: now - takenAt,
          leftMsAgo: leftAt <= now ? now - leftAt : null,
        }));
        const { calls } = rateLeft(perSecond, marks);
        // Two dialers plan at once, one after the other, each a part of what is left.
        const some = Math.min(calls, Math.ceil(random() * calls));
        for (let n = 0; n < some; n++) sent.push({ takenAt: now, leftAt: now + random() * 120 });
        now += 1 + random() * 60;
      }
      const times = sent.map(({ leftAt }) => leftAt).sort((a, b) => a - b);
      const most = Math.max(1, Math.floor(perSecond));
      const windowMs = 1_000 / Math.min(1, perSecond);
      for (let n = most; n < times.length; n++) {
        expect(times[n]! - times[n - most]!).toBeGreaterThanOrEqual(windowMs - 1e-6);
      }
      expect(times.length).toBeGreaterThan((0.8 * 60_000 * most) / windowMs);
    }
  });
});
