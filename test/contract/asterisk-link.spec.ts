import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startAsteriskExchange, type AsteriskExchange } from './asterisk-exchange.js';
import { sleep, toAgent, toBuyer, until } from './harness.js';

/** What only a real exchange and a real network can show. */
describe('Asterisk and the link to it', () => {
  let exchange: AsteriskExchange;
  beforeAll(async () => {
    exchange = await startAsteriskExchange();
  }, 120_000);
  afterEach(async () => exchange.endDialers());
  afterAll(async () => exchange?.close(), 30_000);

  const open = (): ReturnType<AsteriskExchange['open']> => exchange.open();

  test('nothing is lost of calls that fail within milliseconds', { timeout: 30_000 }, async () => {
    const dialer = await open();
    const requests = Array.from({ length: 200 }, () => toBuyer('63'));
    for (const request of requests) {
      void dialer.telephony.callBuyer(request);
      await sleep(20);
    }
    for (const { legId } of requests) await dialer.facts.ofLeg(legId, 'leg.ended');
    for (const { legId } of requests) expect(dialer.facts.kindsOf(legId)).toEqual(['leg.dialing', 'leg.ended']);
    await dialer.die();
  });

  test('each group hears its own answers; every process hears how legs end', { timeout: 30_000 }, async () => {
    const [one, other] = [await open(), await open()];
    await one.telephony.attachGroup('north');
    await other.telephony.attachGroup('south');
    const request = toBuyer('00', { groupId: 'north' });
    await one.telephony.callBuyer(request);
    await one.facts.ofLeg(request.legId, 'leg.ours');
    await one.telephony.hangup(request.legId);
    await other.facts.ofLeg(request.legId, 'leg.ended');
    expect(other.facts.kindsOf(request.legId)).not.toContain('leg.ours');
    await Promise.all([one.die(), other.die()]);
  });

  test('a trunk that is not there refuses at once, also after a duplicate on the same connections', async () => {
    const dialer = await open();
    const request = toBuyer('62');
    await dialer.telephony.callBuyer(request);
    for (let n = 0; n < 5; n += 1) {
      expect(await dialer.telephony.callBuyer(request)).toEqual({ kind: 'duplicate' });
      const toNowhere = toBuyer('00', { trunkEndpoint: 'PJSIP/{number}@nowhere' });
      expect(await dialer.telephony.callBuyer(toNowhere)).toMatchObject({ kind: 'refused', status: 500 });
    }
    await dialer.telephony.hangup(request.legId);
    await dialer.facts.ofLeg(request.legId, 'leg.ended');
  });

  test('many commands at once meet an exchange that is busy for a moment, and none waits longer than it', async () => {
    const dialer = await open();
    exchange.setHeld(true);
    const commands = Array.from({ length: 60 }, (_, n) => dialer.telephony.extendLease(`agent-nobody-${n}`, 30));
    await sleep(200);
    exchange.setHeld(false);
    const beganMs = performance.now();
    expect((await Promise.all(commands)).every(({ kind }) => kind === 'gone')).toBe(true);
    // A connection beyond those that the exchange keeps waiting is dropped, and TCP tries it again after a second.
    expect(performance.now() - beganMs).toBeLessThan(600);
    await dialer.die();
  });

  test('a carrier that has fallen silent is noticed, and calls are refused at once', { timeout: 60_000 }, async () => {
    const dialer = await open();
    const isRefused = async (): Promise<boolean> => {
      const request = toBuyer('63', { ringSeconds: 1 });
      const result = await dialer.telephony.callBuyer(request);
      if (result.kind === 'done') await dialer.facts.ofLeg(request.legId, 'leg.ended');
      return result.kind === 'refused' && result.status === 500;
    };
    exchange.setCarrierSilent(true);
    try {
      await until('refusals', isRefused, 25_000);
    } finally {
      exchange.setCarrierSilent(false);
    }
    await until('calls again', async () => !(await isRefused()), 25_000);
  });

  test('sound crosses the bridge both ways', { timeout: 30_000 }, async () => {
    const dialer = await open();
    const agent = toAgent({ endpoint: 'PJSIP/agent-echo-1' });
    const buyer = toBuyer('00');
    await Promise.all([dialer.telephony.callAgent(agent), dialer.telephony.callBuyer(buyer)]);
    await Promise.all([dialer.facts.ofLeg(agent.legId, 'leg.bridged'), dialer.facts.ofLeg(buyer.legId, 'leg.ours')]);
    await exchange.ari('POST', `channels/${agent.legId}/variable?variable=TALK_DETECT(set)&value=700,256`);
    await dialer.telephony.bridge({ buyerLegId: buyer.legId, agentLegId: agent.legId, maxTalkSeconds: 60 });
    // This agent is an echo: what is heard from it is what the buyer said to it.
    await dialer.facts.ofLeg(agent.legId, 'leg.talking', 8_000);
    await sleep(1_000);
    const { txcount } = (await exchange.ari('GET', `channels/${buyer.legId}/rtp_statistics`)) as { txcount: number };
    expect(txcount).toBeGreaterThan(40);
    await Promise.all([dialer.telephony.hangup(buyer.legId), dialer.telephony.hangup(agent.legId)]);
    await dialer.die();
  });

  test('a late connection of our own that takes the place of the watch costs seconds, not the link', async () => {
    const dialer = await open();
    const from = dialer.facts.all.length;
    await exchange.takeOver(`dialer-watch-${process.pid}-${dialer.proxy.port}`);
    await dialer.facts.next('link.down', from, 8_000);
    await dialer.facts.next('link.up', from, 8_000);
    const request = toBuyer('60');
    await dialer.telephony.callBuyer(request);
    await dialer.facts.ofLeg(request.legId, 'leg.ended');
  });

  test('a link that has died half-open is noticed within 6 s, and comes back', { timeout: 40_000 }, async () => {
    const dialer = await open();
    const from = dialer.facts.all.length;
    const shutAt = performance.now();
    dialer.proxy.blackhole();
    await dialer.facts.next('link.down', from, 8_000);
    expect(performance.now() - shutAt).toBeLessThan(6_500);
    expect(await dialer.telephony.callBuyer(toBuyer('60'))).toMatchObject({ kind: 'refused', status: 0 });
    expect((await dialer.telephony.hangup(randomUUID())).kind).toBe('unknown');
    dialer.proxy.mend();
    await dialer.facts.next('link.up', from, 12_000);
    expect(dialer.status).toMatchObject({ isUp: true });
    expect(dialer.status.gapSeconds).toBeGreaterThan(4);
    const request = toBuyer('60');
    await dialer.telephony.callBuyer(request);
    await dialer.facts.ofLeg(request.legId, 'leg.ended');
    await dialer.die();
  });

  test('a dialer that was there before Asterisk connects as soon as it is', { timeout: 60_000 }, async () => {
    await exchange.kill();
    const dialer = await exchange.openLater();
    await sleep(3_000);
    expect(dialer.telephony.isUp).toBe(false);
    await exchange.restart();
    await until('the link', () => dialer.telephony.isUp, 5_000);
    await dialer.die();
  });

  test('nothing is left in Asterisk of a dialer that has gone', { timeout: 20_000 }, async () => {
    const dialer = await open();
    expect(await applications()).toContain('dialer-default');
    await dialer.die();
    await until('no application', async () => (await applications()).length === 0);
  });

  test('a wrong password keeps the link down and nothing else', { timeout: 20_000 }, async () => {
    const dialer = await exchange.openLater({ password: 'wrong' });
    await sleep(2_500);
    expect(dialer.telephony.isUp).toBe(false);
    expect(dialer.facts.all).toEqual([]);
    await dialer.die();
  });

  async function applications(): Promise<string[]> {
    return ((await exchange.ari('GET', 'applications')) as { name: string }[]).map(({ name }) => name);
  }
});
