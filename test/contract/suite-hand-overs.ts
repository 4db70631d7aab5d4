import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { agentOfLeg, numberLegId, watchLegId, WATCH_MODES, type WatchMode } from '../../src/core/call/leg-ids.js';
import type { NumberCallRequest } from '../../src/core/call/telephony.js';
import type { Bench } from './bench.js';
import { GROUP, toBuyer, until } from './harness.js';

/** Three in a talk: agents who speak with each other, numbers of the shop, supervisors who listen. */
export function describeHandOvers(bench: Bench): void {
  /** Who sits in a bridge, by the exchange's own word. */
  const inBridge = async (bridgeId: string): Promise<string[]> =>
    [
      ...((await bench.dialer.telephony.survey()).bridges.find((one) => one.bridgeId === bridgeId)?.legIds ?? []),
    ].sort();
  const end = (...legIds: string[]) => Promise.all(legIds.map((legId) => bench.dialer.telephony.hangup(legId)));
  const toNumber = (suffix: string, more: Partial<NumberCallRequest> = {}): NumberCallRequest => {
    const { trunkEndpoint, number } = toBuyer(suffix);
    const legId = numberLegId(randomUUID(), '1');
    return { legId, groupId: GROUP, trunkEndpoint, number, callerId: '+380441234567', ringSeconds: 15, ...more };
  };

  describe.concurrent('an agent beside another', () => {
    test('two agents speak, the held buyer joins them, the first one leaves', { timeout: 20_000 }, async () => {
      const { telephony } = bench.dialer;
      const [{ buyer, agent, bridgeId }, second] = await Promise.all([bench.connected(), bench.agentUp()]);
      await telephony.hold({ buyerLegId: buyer, agentLegId: agent, isOn: true });
      expect(await telephony.seat({ legId: agent, besideLegId: second.legId })).toEqual({ kind: 'done' });
      expect(await telephony.seat({ legId: agent, besideLegId: second.legId })).toEqual({ kind: 'done' });
      expect(await inBridge(second.bridgeId)).toEqual([agent, second.legId].sort());
      const request = { buyerLegId: buyer, agentLegId: second.legId, maxTalkSeconds: 60 };
      expect(await telephony.bridge(request)).toEqual({ kind: 'done' });
      expect(await inBridge(second.bridgeId)).toEqual([agent, second.legId, buyer].sort());
      expect(await telephony.seat({ legId: agent, besideLegId: agent })).toEqual({ kind: 'done' });
      expect(await inBridge(bridgeId)).toEqual([agent]);
      expect(await inBridge(second.bridgeId)).toEqual([second.legId, buyer].sort());
      await end(buyer, agent, second.legId);
    });

    test('the second agent is gone: the buyer comes back to the first', { timeout: 20_000 }, async () => {
      const { telephony, facts } = bench.dialer;
      const [{ buyer, agent, bridgeId }, second] = await Promise.all([bench.connected(), bench.agentUp()]);
      await telephony.hold({ buyerLegId: buyer, agentLegId: agent, isOn: true });
      await telephony.seat({ legId: agent, besideLegId: second.legId });
      await telephony.hangup(second.legId);
      await facts.ofLeg(second.legId, 'leg.ended');
      await until('the bridge of the second is gone', async () => (await inBridge(second.bridgeId)).length === 0);
      expect(await telephony.seat({ legId: agent, besideLegId: second.legId })).toMatchObject({ kind: 'gone' });
      expect(await telephony.seat({ legId: agent, besideLegId: agent })).toEqual({ kind: 'done' });
      const request = { buyerLegId: buyer, agentLegId: agent, maxTalkSeconds: 60 };
      expect(await telephony.bridge(request)).toEqual({ kind: 'done' });
      expect(await inBridge(bridgeId)).toEqual([agent, buyer].sort());
      await end(buyer, agent);
    });
  });

  describe.concurrent("a number of the shop's own", () => {
    test('answers into a bridge of its own, and takes the buyer', { timeout: 20_000 }, async () => {
      const { telephony, facts } = bench.dialer;
      const request = toNumber('00');
      const [{ buyer, agent }] = await Promise.all([
        bench.connected(),
        telephony.callNumber(request).then((result) => expect(result).toEqual({ kind: 'done' })),
      ]);
      const { bridgeId } = await facts.ofLeg(request.legId, 'leg.bridged');
      await telephony.extendLease(request.legId, 60);
      const both = { buyerLegId: buyer, agentLegId: request.legId, maxTalkSeconds: 60 };
      expect(await telephony.bridge(both)).toEqual({ kind: 'done' });
      expect(await inBridge(bridgeId)).toEqual([buyer, request.legId].sort());
      await telephony.hangup(request.legId);
      await facts.ofLeg(request.legId, 'leg.ended');
      await facts.ofLeg(buyer, 'leg.unbridged');
      expect(facts.kindsOf(buyer)).not.toContain('leg.ended');
      await end(buyer, agent);
    });

    test('is busy, or not picked up: told like any other leg', { timeout: 20_000 }, async () => {
      const { telephony, facts } = bench.dialer;
      const [busy, silent] = [toNumber('60'), toNumber('62', { ringSeconds: 2 })];
      await telephony.callNumber(busy);
      await telephony.callNumber(silent);
      expect(await facts.ofLeg(busy.legId, 'leg.ended')).toMatchObject({ cause: 17, wasHungUpByUs: false });
      expect(await facts.ofLeg(silent.legId, 'leg.ended')).toMatchObject({ wasHungUpByUs: true });
    });

    test('is E.164 and nothing else', async () => {
      const { telephony } = bench.dialer;
      const refused = { kind: 'refused', status: 400 };
      expect(await telephony.callNumber(toNumber('00', { number: 'sip:900@evil.example' }))).toMatchObject(refused);
      expect(await telephony.callNumber(toNumber('00', { legId: randomUUID() }))).toMatchObject(refused);
      expect(await telephony.callNumber(toNumber('00', { callerId: '0\r\nX: 1' }))).toMatchObject(refused);
    });
  });

  describe.concurrent('a supervisor', () => {
    test.each(WATCH_MODES)(
      '%s: an ear in their own bridge that ends with the buyer',
      { timeout: 20_000 },
      async (mode) => {
        const { telephony, facts } = bench.dialer;
        const [{ buyer, agent }, own] = await Promise.all([bench.connected(), bench.agentUp()]);
        const ear = await watch(mode, buyer, own.legId);
        expect(await inBridge(own.bridgeId)).toEqual([ear, own.legId].sort());
        await telephony.hangup(buyer);
        await facts.ofLeg(ear, 'leg.ended');
        expect(await inBridge(own.bridgeId)).toEqual([own.legId]);
        expect(facts.kindsOf(agent)).not.toContain('leg.ended');
        await end(agent, own.legId);
      },
    );

    test('leaves by the end of the ear, and nobody else notices', { timeout: 20_000 }, async () => {
      const { telephony, facts } = bench.dialer;
      const [{ buyer, agent, bridgeId }, own] = await Promise.all([bench.connected(), bench.agentUp()]);
      const ear = await watch('barge', buyer, own.legId);
      await telephony.hangup(ear);
      await facts.ofLeg(ear, 'leg.ended');
      expect(await inBridge(bridgeId)).toEqual([agent, buyer].sort());
      expect(await inBridge(own.bridgeId)).toEqual([own.legId]);
      await end(buyer, agent, own.legId);
    });

    test('of a call that is over', async () => {
      const request = { supervisorId: randomUUID(), buyerLegId: randomUUID(), groupId: GROUP, mode: 'listen' } as const;
      expect(await bench.dialer.telephony.watch(request)).toEqual({ kind: 'gone' });
    });
  });

  async function watch(mode: WatchMode, buyerLegId: string, ownLegId: string): Promise<string> {
    const supervisorId = agentOfLeg(ownLegId) ?? '';
    const result = await bench.dialer.telephony.watch({ supervisorId, buyerLegId, groupId: GROUP, mode });
    expect(result).toEqual({ kind: 'done' });
    const ear = watchLegId(supervisorId, buyerLegId, mode);
    await bench.dialer.facts.ofLeg(ear, 'leg.bridged');
    return ear;
  }
}
