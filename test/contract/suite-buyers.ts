import { describe, expect, test } from 'vitest';
import type { TelephonyFact } from '../../src/core/call/telephony.js';
import type { Bench } from './bench.js';
import { sleep, until } from './harness.js';

/** Buyers: each number of the simulated carrier, and the facts and causes it must give. */
export function describeBuyers(bench: Bench): void {
  describe.concurrent('a buyer who is not reached', () => {
    test.each([
      ['60', 17, 486, false, 'busy'],
      ['61', 21, 603, false, 'declined'],
      ['63', 1, 404, false, 'no such number'],
      ['64', 34, 503, false, 'congestion'],
      ['69', 17, 486, false, 'early media, then busy'],
      ['73', 19, 480, false, 'switched off'],
      ['62', 19, 480, true, 'rings until our time-out'],
    ])('%s: cause %i, SIP %i, ended by us: %s (%s)', async (suffix, cause, techCause, wasHungUpByUs) => {
      const legId = await bench.call(suffix, { ringSeconds: 4 });
      const ended = await bench.dialer.facts.ofLeg(legId, 'leg.ended', 8_000);
      expect(ended).toMatchObject({ cause, techCause, wasHungUpByUs });
      const kinds = bench.dialer.facts.kindsOf(legId);
      // The exchange's threads keep no common order: a ring may be told a moment before the dialing.
      expect(kinds.slice(0, 2)).toContain('leg.dialing');
      expect(kinds.at(-1)).toBe('leg.ended');
      expect(kinds).not.toContain('leg.answered');
      expect(kinds.includes('leg.progress')).toBe(suffix === '69');
      expect(kinds.includes('leg.ringing')).toBe(suffix === '61' || suffix === '62');
    });

    test('75: a carrier that never replies is given up at our time-out', async () => {
      const legId = await bench.call('75', { ringSeconds: 3 });
      expect(await bench.dialer.facts.ofLeg(legId, 'leg.ended', 8_000)).toMatchObject({ wasHungUpByUs: true });
      expect(bench.dialer.facts.kindsOf(legId)).toEqual(['leg.dialing', 'leg.ended']);
    });
  });

  describe.concurrent('a buyer who answers', () => {
    test.each([
      ['00', 1_000],
      ['03', 4_000],
      ['59', 6_000],
      ['72', 14_000],
    ])('%s answers after %i ms and is ours at once', { timeout: 30_000 }, async (suffix, answerMs) => {
      const legId = await bench.call(suffix);
      const dialing = await bench.dialer.facts.ofLeg(legId, 'leg.dialing');
      const answered = await bench.dialer.facts.ofLeg(legId, 'leg.answered', answerMs + 2_000);
      await bench.dialer.facts.ofLeg(legId, 'leg.ours', 500);
      const tookMs = answered.at.getTime() - dialing.at.getTime();
      expect(tookMs).toBeGreaterThan(answerMs - 100);
      expect(tookMs).toBeLessThan(answerMs + 2_500);
      expect(bench.dialer.facts.kindsOf(legId)).toContain('leg.ringing');
      await bench.dialer.telephony.hangup(legId);
      expect(await bench.dialer.facts.ofLeg(legId, 'leg.ended')).toMatchObject({ cause: 16, wasHungUpByUs: true });
    });

    test('66 hangs up at once: answered, then ended by them', async () => {
      const legId = await bench.call('66');
      const ended = await bench.dialer.facts.ofLeg(legId, 'leg.ended');
      expect(ended).toMatchObject({ cause: 16, techCause: null, wasHungUpByUs: false });
      expect(bench.dialer.facts.kindsOf(legId)).toContain('leg.answered');
    });

    test('70: early media, then an answer', async () => {
      const legId = await bench.call('70');
      await bench.dialer.facts.ofLeg(legId, 'leg.progress');
      await bench.dialer.facts.ofLeg(legId, 'leg.ours');
      expect(bench.dialer.facts.kindsOf(legId)).not.toContain('leg.ringing');
      await bench.dialer.telephony.hangup(legId);
    });

    test.each([
      ['67', '1'],
      ['68', '2'],
    ])('%s presses %s', { timeout: 20_000 }, async (suffix, digit) => {
      const legId = await bench.call(suffix);
      await bench.dialer.facts.ofLeg(legId, 'leg.ours');
      expect(await bench.dialer.telephony.extendLease(legId, 15)).toEqual({ kind: 'done' });
      expect(await bench.dialer.facts.ofLeg(legId, 'leg.dtmf', 8_000)).toMatchObject({ digit });
      await bench.dialer.telephony.hangup(legId);
    });

    test('65: a voicemail talks long', { timeout: 30_000 }, async () => {
      const legId = await bench.call('65', { detectSpeech: true });
      await bench.dialer.facts.ofLeg(legId, 'leg.ours');
      await bench.dialer.telephony.extendLease(legId, 20);
      await bench.dialer.facts.ofLeg(legId, 'leg.talking');
      await sleep(3_000);
      const spoken = bench.dialer.facts.all.filter((fact) => fact.kind === 'leg.talking' && fact.legId === legId);
      expect(spoken).toHaveLength(1);
      await bench.dialer.telephony.hangup(legId);
    });

    test(
      '00: a person says hello shortly, and nothing is reported when nobody asked',
      { timeout: 20_000 },
      async () => {
        const [asked, unasked] = await Promise.all([bench.call('00', { detectSpeech: true }), bench.call('00')]);
        await bench.dialer.facts.ofLeg(asked, 'leg.ours');
        await bench.dialer.telephony.extendLease(asked, 20);
        const finished = (fact: TelephonyFact): boolean =>
          fact.kind === 'leg.talking' && fact.legId === asked && !fact.isTalking;
        await until('the end of the hello', () => bench.dialer.facts.all.some(finished));
        const { durationMs } = bench.dialer.facts.all.find(finished) as { durationMs: number };
        expect(durationMs).toBeGreaterThan(200);
        expect(durationMs).toBeLessThan(2_000);
        expect(bench.dialer.facts.kindsOf(unasked)).not.toContain('leg.talking');
        await bench.dialer.telephony.hangup(asked);
      },
    );

    test('74 hangs up after five seconds of talk', { timeout: 20_000 }, async () => {
      const [buyer, agent] = await Promise.all([bench.call('74'), bench.agentUp()]);
      await bench.dialer.facts.ofLeg(buyer, 'leg.ours');
      await bench.dialer.telephony.bridge({ buyerLegId: buyer, agentLegId: agent.legId, maxTalkSeconds: 60 });
      const answered = await bench.dialer.facts.ofLeg(buyer, 'leg.answered');
      const ended = await bench.dialer.facts.ofLeg(buyer, 'leg.ended', 8_000);
      expect(ended.wasHungUpByUs).toBe(false);
      expect(ended.at.getTime() - answered.at.getTime()).toBeGreaterThan(4_500);
      await bench.dialer.telephony.hangup(agent.legId);
    });
  });
}
