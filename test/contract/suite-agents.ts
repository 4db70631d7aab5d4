import { describe, expect, test } from 'vitest';
import type { Bench } from './bench.js';
import { sleep, toAgent, until } from './harness.js';

/** Agents' legs, and talks between them and buyers. */
export function describeAgents(bench: Bench): void {
  describe.concurrent("an agent's leg", () => {
    test('sits alone in its bridge, under a lease that can be renewed', async () => {
      const agent = await bench.agentUp();
      expect(bench.dialer.facts.kindsOf(agent.legId)).toContain('leg.ours');
      expect(await bench.dialer.telephony.extendLease(agent.legId, 30)).toEqual({ kind: 'done' });
      const survey = await bench.dialer.telephony.survey();
      expect(survey.bridges.find((bridge) => bridge.bridgeId === agent.bridgeId)?.legIds).toEqual([agent.legId]);
      expect(survey.legs.find((leg) => leg.legId === agent.legId)).toMatchObject({
        state: 'up',
        bridgeId: agent.bridgeId,
      });
      await bench.dialer.telephony.hangup(agent.legId);
      await bench.dialer.facts.ofLeg(agent.legId, 'leg.ended');
      await until('the end of the bridge', async () => {
        const { bridges } = await bench.dialer.telephony.survey();
        return !bridges.some((bridge) => bridge.bridgeId === agent.bridgeId);
      });
    });

    test('a phone that declines', async () => {
      const request = toAgent({ endpoint: 'PJSIP/agent-reject-1' });
      expect(await bench.dialer.telephony.callAgent(request)).toEqual({ kind: 'done' });
      const ended = await bench.dialer.facts.ofLeg(request.legId, 'leg.ended');
      expect(ended).toMatchObject({ cause: 21, techCause: 603, wasHungUpByUs: false });
    });

    test('a phone that nobody picks up', async () => {
      const request = toAgent({ endpoint: 'PJSIP/agent-deaf-1', ringSeconds: 2 });
      expect(await bench.dialer.telephony.callAgent(request)).toEqual({ kind: 'done' });
      expect(await bench.dialer.facts.ofLeg(request.legId, 'leg.ended')).toMatchObject({ wasHungUpByUs: true });
    });

    test('a phone that is not there', async () => {
      const request = toAgent({ endpoint: 'PJSIP/agent-unknown' });
      expect(await bench.dialer.telephony.callAgent(request)).toMatchObject({ kind: 'refused', status: 500 });
    });

    test('an address instead of a phone', async () => {
      const request = toAgent({ endpoint: 'PJSIP/trunk/sip:900@evil.example' });
      expect(await bench.dialer.telephony.callAgent(request)).toMatchObject({ kind: 'refused', status: 400 });
    });
  });

  describe.concurrent('a talk', () => {
    test('both are in one bridge; the survey shows it', { timeout: 20_000 }, async () => {
      const { buyer, agent, bridgeId } = await bench.connected();
      const survey = await bench.dialer.telephony.survey();
      const legIds = survey.bridges.find((bridge) => bridge.bridgeId === bridgeId)?.legIds ?? [];
      expect([...legIds].sort()).toEqual([buyer, agent].sort());
      await sleep(2_500);
      expect(bench.dialer.facts.kindsOf(buyer)).not.toContain('leg.ended');
      await bench.dialer.telephony.hangup(buyer);
      await bench.dialer.facts.ofLeg(buyer, 'leg.unbridged');
      await bench.dialer.facts.ofLeg(buyer, 'leg.ended');
      expect(bench.dialer.facts.kindsOf(agent)).not.toContain('leg.ended');
      await bench.dialer.telephony.hangup(agent);
      await bench.dialer.facts.ofLeg(agent, 'leg.ended');
    });

    test("the agent's leg ends first: the buyer is left, out of the bridge", { timeout: 20_000 }, async () => {
      const { buyer, agent } = await bench.connected();
      await bench.dialer.telephony.hangup(agent);
      await bench.dialer.facts.ofLeg(agent, 'leg.ended');
      await bench.dialer.facts.ofLeg(buyer, 'leg.unbridged');
      expect(bench.dialer.facts.kindsOf(buyer)).not.toContain('leg.ended');
      expect(await bench.dialer.telephony.playMessage(buyer)).toEqual({ kind: 'done' });
      await bench.dialer.telephony.hangup(buyer);
    });

    test("an agent's leg whose bridge is gone gets it back with the next buyer", { timeout: 20_000 }, async () => {
      const [buyer, agent] = await Promise.all([bench.call('00'), bench.agentUp()]);
      await bench.dialer.facts.ofLeg(buyer, 'leg.ours');
      expect(await bench.dialer.telephony.destroyBridge(agent.bridgeId)).toEqual({ kind: 'done' });
      await bench.dialer.facts.ofLeg(agent.legId, 'leg.unbridged');
      const request = { buyerLegId: buyer, agentLegId: agent.legId, maxTalkSeconds: 60 };
      expect(await bench.dialer.telephony.bridge(request)).toEqual({ kind: 'done' });
      const { bridges } = await bench.dialer.telephony.survey();
      const legIds = bridges.find(({ bridgeId }) => bridgeId === agent.bridgeId)?.legIds ?? [];
      expect([...legIds].sort()).toEqual([buyer, agent.legId].sort());
      await bench.dialer.telephony.hangup(buyer);
      await bench.dialer.telephony.hangup(agent.legId);
      const lost = { ...request, buyerLegId: await bench.call('00') };
      await bench.dialer.facts.ofLeg(lost.buyerLegId, 'leg.ours');
      expect(await bench.dialer.telephony.bridge(lost)).toEqual({ kind: 'gone' });
      await bench.dialer.telephony.hangup(lost.buyerLegId);
    });

    test('hold takes the buyer out, unhold brings them back', { timeout: 20_000 }, async () => {
      const { buyer, agent, bridgeId } = await bench.connected();
      const both = { buyerLegId: buyer, agentLegId: agent };
      expect(await bench.dialer.telephony.hold({ ...both, isOn: true })).toEqual({ kind: 'done' });
      await bench.dialer.facts.ofLeg(buyer, 'leg.unbridged');
      const held = await bench.dialer.telephony.survey();
      expect(held.legs.find((leg) => leg.legId === buyer)).toMatchObject({ state: 'up', bridgeId: null });
      expect(await bench.dialer.telephony.hold({ ...both, isOn: false })).toEqual({ kind: 'done' });
      const back = await bench.dialer.telephony.survey();
      expect(back.legs.find((leg) => leg.legId === buyer)?.bridgeId).toBe(bridgeId);
      await Promise.all([bench.dialer.telephony.hangup(buyer), bench.dialer.telephony.hangup(agent)]);
    });

    test('an agent who comes back takes the held buyer over', { timeout: 20_000 }, async () => {
      const { buyer, agent } = await bench.connected();
      await bench.dialer.telephony.hangup(agent);
      await bench.dialer.facts.ofLeg(agent, 'leg.ended');
      await bench.dialer.telephony.hold({ buyerLegId: buyer, agentLegId: agent, isOn: true });
      const again = toAgent({ legId: agent.replace(/-1$/, '-2') });
      await bench.dialer.telephony.callAgent(again);
      await bench.dialer.facts.ofLeg(again.legId, 'leg.bridged');
      const request = { buyerLegId: buyer, agentLegId: again.legId, maxTalkSeconds: 60 };
      expect(await bench.dialer.telephony.bridge(request)).toEqual({ kind: 'done' });
      await Promise.all([bench.dialer.telephony.hangup(buyer), bench.dialer.telephony.hangup(again.legId)]);
    });
  });
}
