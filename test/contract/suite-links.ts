import { describe, expect, test } from 'vitest';
import type { Bench } from './bench.js';
import { GROUP, sleep, toBuyer, until } from './harness.js';

/** Several processes, lost links, and an exchange that was started again. Not concurrent: they take the link from others. */
export function describeLinks(bench: Bench): void {
  describe('processes and links', () => {
    test(
      'a second process takes the group over: the first is told, the second gets the answers',
      { timeout: 30_000 },
      async () => {
        const first = await bench.exchange.open();
        const { legId } = toBuyer('00');
        await first.telephony.callBuyer(toBuyer('02', { legId }));
        const from = first.facts.all.length;
        const second = await bench.exchange.open();
        expect(await first.facts.next('link.replaced', from, 2_000)).toMatchObject({ groupId: GROUP });
        await second.facts.ofLeg(legId, 'leg.ours');
        expect(first.facts.kindsOf(legId)).not.toContain('leg.ours');
        await first.facts.ofLeg(legId, 'leg.answered');
        expect(await second.telephony.hangup(legId)).toEqual({ kind: 'done' });
        await Promise.all([first.die(), second.die()]);
        bench.dialer = await bench.exchange.open();
      },
    );

    test('with no dialer at all an answered buyer hears the message', { timeout: 30_000 }, async () => {
      await bench.dialer.die();
      const dying = await bench.exchange.open();
      const request = toBuyer('01');
      await dying.telephony.callBuyer(request);
      await dying.facts.ofLeg(request.legId, 'leg.ringing');
      await dying.die();
      await until('the message', () => bench.exchange.isInMessage(request.legId));
      bench.dialer = await bench.exchange.open();
      const survey = await bench.dialer.telephony.survey();
      expect(survey.legs.map((leg) => leg.legId)).toContain(request.legId);
      await bench.dialer.telephony.hangup(request.legId);
    });

    test('a dialer that dies with an answered buyer leaves them the message', { timeout: 30_000 }, async () => {
      await bench.dialer.die();
      const dying = await bench.exchange.open();
      const request = toBuyer('00');
      await dying.telephony.callBuyer(request);
      const { at } = await dying.facts.ofLeg(request.legId, 'leg.ours');
      await dying.die();
      await sleep(at.getTime() + 2_200 - Date.now());
      expect(await bench.exchange.isInMessage(request.legId)).toBe(true);
      bench.dialer = await bench.exchange.open();
      await bench.dialer.telephony.hangup(request.legId);
    });

    test(
      'a talk goes on while the link is cut, and can be commanded after it is back',
      { timeout: 30_000 },
      async () => {
        const { buyer, agent } = await bench.connected();
        const from = bench.dialer.facts.all.length;
        await bench.dialer.cutLink();
        await bench.dialer.facts.next('link.down', from, 2_000);
        await bench.dialer.facts.next('link.up', from, 5_000);
        expect(bench.dialer.telephony.isUp).toBe(true);
        const survey = await bench.dialer.telephony.survey();
        expect(survey.legs.map((leg) => leg.legId)).toEqual(expect.arrayContaining([buyer, agent]));
        expect(await bench.dialer.telephony.hangup(buyer)).toEqual({ kind: 'done' });
        await bench.dialer.facts.ofLeg(buyer, 'leg.ended');
        await bench.dialer.telephony.hangup(agent);
        const legId = await bench.call('00');
        await bench.dialer.facts.ofLeg(legId, 'leg.ours');
        await bench.dialer.telephony.hangup(legId);
      },
    );

    test('an exchange that was started again is empty, and used again', { timeout: 40_000 }, async () => {
      const { buyer } = await bench.connected();
      const from = bench.dialer.facts.all.length;
      const { run } = await bench.dialer.telephony.survey();
      await bench.exchange.restart();
      await bench.dialer.facts.next('link.down', from, 8_000);
      await bench.dialer.facts.next('link.up', from, 10_000);
      const survey = await bench.dialer.telephony.survey();
      expect(survey).toMatchObject({ legs: [], bridges: [] });
      expect(survey.run).not.toBe(run);
      expect(await bench.dialer.telephony.hangup(buyer)).toEqual({ kind: 'gone' });
      const isCalled = async (): Promise<boolean> =>
        (await bench.dialer.telephony.callBuyer(toBuyer('60'))).kind === 'done';
      await until('a call after the restart', isCalled, 10_000);
    });
  });
}
