import { expect } from 'vitest';
import { toAgent, toBuyer, type Dialer, type Exchange } from './harness.js';

/** What the tests of one exchange share: the exchange, one dialer on it, and the usual beginnings. */
export class Bench {
  exchange!: Exchange;
  dialer!: Dialer;

  /** Calls the buyer behind the suffix; the leg's id. */
  async call(suffix: string, more: Parameters<typeof toBuyer>[1] = {}): Promise<string> {
    const request = toBuyer(suffix, more);
    expect(await this.dialer.telephony.callBuyer(request)).toEqual({ kind: 'done' });
    return request.legId;
  }

  /** An agent's leg, up and in its bridge. */
  async agentUp(): Promise<{ legId: string; bridgeId: string }> {
    const request = toAgent();
    expect(await this.dialer.telephony.callAgent(request)).toEqual({ kind: 'done' });
    const { bridgeId } = await this.dialer.facts.ofLeg(request.legId, 'leg.bridged');
    return { legId: request.legId, bridgeId };
  }

  /** A buyer and an agent who talk. */
  async connected(): Promise<{ buyer: string; agent: string; bridgeId: string }> {
    const [buyer, agent] = await Promise.all([this.call('00'), this.agentUp()]);
    await this.dialer.facts.ofLeg(buyer, 'leg.ours');
    const request = { buyerLegId: buyer, agentLegId: agent.legId, maxTalkSeconds: 60 };
    expect(await this.dialer.telephony.bridge(request)).toEqual({ kind: 'done' });
    await this.dialer.facts.ofLeg(buyer, 'leg.bridged');
    return { buyer, agent: agent.legId, bridgeId: agent.bridgeId };
  }
}
