import { describe, expect, test } from 'vitest';
import type { Bench } from './bench.js';
import { sleep } from './harness.js';

/** Leases and the recorded message. */
export function describeLeases(bench: Bench): void {
  describe.concurrent('leases and the message', () => {
    test('an answered buyer whom nobody takes hears the message after 2 s', { timeout: 30_000 }, async () => {
      const legId = await bench.call('00');
      const { at } = await bench.dialer.facts.ofLeg(legId, 'leg.answered');
      await sleep(at.getTime() + 1_800 - Date.now());
      expect(await bench.exchange.isInMessage(legId)).toBe(false);
      await sleep(400);
      expect(await bench.exchange.isInMessage(legId)).toBe(true);
      expect(await bench.dialer.telephony.extendLease(legId, 60)).toEqual({ kind: 'gone' });
      const ended = await bench.dialer.facts.ofLeg(legId, 'leg.ended', 20_000);
      expect(ended).toMatchObject({ cause: 16, wasHungUpByUs: true });
    });

    test('an extended lease holds as long as it says', { timeout: 30_000 }, async () => {
      const legId = await bench.call('00');
      await bench.dialer.facts.ofLeg(legId, 'leg.ours');
      expect(await bench.dialer.telephony.extendLease(legId, 5)).toEqual({ kind: 'done' });
      await sleep(4_000);
      expect(await bench.exchange.isInMessage(legId)).toBe(false);
      await sleep(1_500);
      expect(await bench.exchange.isInMessage(legId)).toBe(true);
      await bench.dialer.telephony.hangup(legId);
    });

    test('playMessage plays it at once, and works on without us', { timeout: 30_000 }, async () => {
      const legId = await bench.call('00');
      await bench.dialer.facts.ofLeg(legId, 'leg.ours');
      expect(await bench.dialer.telephony.playMessage(legId)).toEqual({ kind: 'done' });
      await sleep(200);
      expect(await bench.exchange.isInMessage(legId)).toBe(true);
      expect((await bench.dialer.telephony.playMessage(legId)).kind).toBe('gone');
      await bench.dialer.facts.ofLeg(legId, 'leg.ended', 20_000);
    });

    test('the longest talk ends the buyer without a message', { timeout: 30_000 }, async () => {
      const [buyer, agent] = await Promise.all([bench.call('00'), bench.agentUp()]);
      await bench.dialer.facts.ofLeg(buyer, 'leg.ours');
      await bench.dialer.telephony.bridge({ buyerLegId: buyer, agentLegId: agent.legId, maxTalkSeconds: 3 });
      const { at } = await bench.dialer.facts.ofLeg(buyer, 'leg.bridged');
      const ended = await bench.dialer.facts.ofLeg(buyer, 'leg.ended', 6_000);
      const talkedMs = ended.at.getTime() - at.getTime();
      expect(talkedMs).toBeGreaterThan(2_500);
      expect(talkedMs).toBeLessThan(4_000);
      await bench.dialer.telephony.hangup(agent.legId);
    });

    test('a shorter lease asked just before the bridge does not cut the talk', { timeout: 30_000 }, async () => {
      const [buyer, agent] = await Promise.all([bench.call('00'), bench.agentUp()]);
      await bench.dialer.facts.ofLeg(buyer, 'leg.ours');
      await Promise.all([
        bench.dialer.telephony.extendLease(buyer, 2),
        bench.dialer.telephony.bridge({ buyerLegId: buyer, agentLegId: agent.legId, maxTalkSeconds: 60 }),
      ]);
      await sleep(3_000);
      expect(bench.dialer.facts.kindsOf(buyer)).not.toContain('leg.ended');
      await Promise.all([bench.dialer.telephony.hangup(buyer), bench.dialer.telephony.hangup(agent.legId)]);
    });
  });
}
