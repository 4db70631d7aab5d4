import { describe, expect, test } from 'vitest';
import type { Bench } from './bench.js';
import { toAgent, toBuyer } from './harness.js';

/** Commands: what they answer, and what never reaches the exchange. */
export function describeCommands(bench: Bench): void {
  describe.concurrent('commands', () => {
    test('a leg id that is alive is a duplicate', async () => {
      const request = toBuyer('62');
      expect(await bench.dialer.telephony.callBuyer(request)).toEqual({ kind: 'done' });
      expect(await bench.dialer.telephony.callBuyer(request)).toEqual({ kind: 'duplicate' });
      await bench.dialer.telephony.hangup(request.legId);
      await bench.dialer.facts.ofLeg(request.legId, 'leg.ended');
    });

    test('a ringing buyer is let go within a second', async () => {
      const legId = await bench.call('62');
      await bench.dialer.facts.ofLeg(legId, 'leg.ringing');
      expect(await bench.dialer.telephony.hangup(legId)).toEqual({ kind: 'done' });
      expect(await bench.dialer.facts.ofLeg(legId, 'leg.ended', 1_000)).toMatchObject({ wasHungUpByUs: true });
      expect(await bench.dialer.telephony.hangup(legId)).toEqual({ kind: 'gone' });
    });

    test('commands on what is not there are gone', async () => {
      const { legId } = toBuyer('00');
      const agent = toAgent();
      expect(await bench.dialer.telephony.hangup(legId)).toEqual({ kind: 'gone' });
      expect(await bench.dialer.telephony.extendLease(legId, 5)).toEqual({ kind: 'gone' });
      expect(await bench.dialer.telephony.playMessage(legId)).toEqual({ kind: 'gone' });
      expect(await bench.dialer.telephony.destroyBridge(agent.legId)).toEqual({ kind: 'gone' });
      const both = { buyerLegId: legId, agentLegId: agent.legId };
      expect(await bench.dialer.telephony.bridge({ ...both, maxTalkSeconds: 60 })).toEqual({ kind: 'gone' });
      expect(await bench.dialer.telephony.hold({ ...both, isOn: true })).toEqual({ kind: 'gone' });
    });

    test.each([
      { number: '0671234567' },
      { number: '+38067123\r\nX: y' },
      { number: '+380671234567;maddr=10.0.0.1' },
      { trunkEndpoint: 'PJSIP/trunk/sip:{number}@evil.example' },
      { callerId: 'Shop <1>' },
      { groupId: 'a,b' },
    ])('%o never reaches the exchange', async (wrong) => {
      const request = toBuyer('00', wrong);
      expect(await bench.dialer.telephony.callBuyer(request)).toMatchObject({ kind: 'refused', status: 400 });
    });
  });
}
