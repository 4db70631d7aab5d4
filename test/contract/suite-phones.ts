import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { phoneName } from '../../src/core/call/leg-ids.js';
import type { Bench } from './bench.js';
import { toAgent } from './harness.js';

/** Phones in browsers: known for a session, and no longer. */
export function describePhones(bench: Bench): void {
  describe.concurrent('phones in browsers', () => {
    const isKnown = async (name: string) =>
      (await bench.dialer.telephony.phones()).some((phone) => phone.name === name);

    test('are known from when they are put to when they are removed, however often either is said', async () => {
      const name = phoneName(randomUUID());
      expect(await isKnown(name)).toBe(false);
      for (const password of ['first', 'first', 'second']) {
        expect(await bench.dialer.telephony.putPhone({ name, password })).toEqual({ kind: 'done' });
        expect(await isKnown(name)).toBe(true);
      }
      for (const _ of [1, 2]) {
        expect(await bench.dialer.telephony.removePhone(name)).toEqual({ kind: 'done' });
        expect(await isKnown(name)).toBe(false);
      }
    });

    test('an agent’s leg can be ended as one that was lost, and by default as a phone that was put down', async () => {
      for (const [cause, told] of [
        [undefined, 16],
        [41, 41],
      ] as const) {
        const request = toAgent();
        expect(await bench.dialer.telephony.callAgent(request)).toEqual({ kind: 'done' });
        await bench.dialer.facts.ofLeg(request.legId, 'leg.ours');
        expect(await bench.dialer.telephony.hangup(request.legId, cause)).toEqual({ kind: 'done' });
        expect(await bench.dialer.facts.ofLeg(request.legId, 'leg.ended')).toMatchObject({ cause: told });
      }
    });
  });
}
