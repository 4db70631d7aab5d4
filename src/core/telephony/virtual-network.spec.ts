import { describe, expect, test } from 'vitest';
import type { TelephonyFact } from '../call/telephony.js';
import { VirtualNetwork, type Scheduler, type VirtualNetworkOptions } from './virtual-network.js';

const LEG = '0190c1de-7a3b-7c11-8f00-0123456789ab';
const AGENT = 'agent-0190c1de-7a3b-7c11-8f00-ba9876543210-1';

/** Time that passes when told to. */
class VirtualTime implements Scheduler {
  private ms = 0;
  private count = 0;
  private works: { at: number; order: number; work: () => void }[] = [];

  nowMs(): number {
    return this.ms;
  }

  after(afterMs: number, work: () => void): () => void {
    const entry = { at: this.ms + afterMs, order: (this.count += 1), work };
    this.works.push(entry);
    return () => {
      this.works = this.works.filter((one) => one !== entry);
    };
  }

  pass(ms: number): void {
    const end = this.ms + ms;
    for (;;) {
      const next = this.works.filter((one) => one.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined) break;
      this.works = this.works.filter((one) => one !== next);
      this.ms = next.at;
      next.work();
    }
    this.ms = end;
  }

  get isIdle(): boolean {
    return this.works.length === 0;
  }
}

function exchange(more: Partial<VirtualNetworkOptions> = {}) {
  const time = new VirtualTime();
  const network = new VirtualNetwork({ scheduler: time, messageMs: 5_000, ...more });
  const heard: TelephonyFact[] = [];
  const listener = { onFact: (fact: TelephonyFact) => void heard.push(fact) };
  network.connect(listener);
  network.attachGroup('default', listener);
  const call = (suffix: string, legId = LEG, trunk = 'trunk') =>
    network.callBuyer({
      legId,
      groupId: 'default',
      trunkEndpoint: `PJSIP/{number}@${trunk}`,
      number: `+3806700000${suffix}`,
      callerId: null,
      ringSeconds: 25,
      language: 'uk',
      detectSpeech: true,
    });
  const callAgent = () =>
    network.callAgent({
      legId: AGENT,
      agentId: AGENT.slice(6, -2),
      groupId: 'default',
      endpoint: 'PJSIP/agent-anna',
      callerId: null,
      ringSeconds: 12,
    });
  const story = (legId = LEG) =>
    heard.flatMap((fact) =>
      'legId' in fact && fact.legId === legId ? [`${fact.kind.slice(4)} ${fact.at.getTime() / 1000}`] : [],
    );
  return { time, network, listener, heard, call, callAgent, story };
}

describe('the virtual network', () => {
  test('an answered buyer whom nobody takes: 2 s, the message, the end', () => {
    const { time, network, call, story } = exchange();
    call('00');
    time.pass(3_000);
    expect(network.isInMessage(LEG)).toBe(false);
    time.pass(100);
    expect(network.isInMessage(LEG)).toBe(true);
    expect(network.extendLease(LEG, 60)).toEqual({ kind: 'gone' });
    time.pass(10_000);
    expect(story()).toEqual([
      'dialing 0.005',
      'ringing 0.035',
      'answered 1.035',
      'ours 1.035',
      'talking 1.335',
      'talking 2.135',
      'ended 8.035',
    ]);
    expect(network.survey()).toEqual({ run: 'virtual-0', legs: [], bridges: [] });
    expect(time.isIdle).toBe(true);
  });

  test('a trunk in trouble, whoever is called', () => {
    const { time, call, story, heard } = exchange();
    expect(call('00', LEG, 'congested')).toEqual({ kind: 'done' });
    time.pass(100);
    expect(story()).toEqual(['dialing 0.005', 'ended 0.025']);
    expect(heard.at(-1)).toMatchObject({ cause: 34, techCause: 503, wasHungUpByUs: false });
    expect(call('00', LEG, 'silent')).toEqual({ kind: 'done' });
    time.pass(30_000);
    expect(heard.at(-1)).toMatchObject({ wasHungUpByUs: true });
    expect(call('00', LEG, 'unknown')).toMatchObject({ kind: 'refused', status: 500 });
  });

  test('a talk ends at its limit, without a message, and leaves the agent in place', () => {
    const { time, network, call, callAgent, story } = exchange();
    callAgent();
    call('00');
    time.pass(1_500);
    network.extendLease(LEG, 8);
    expect(network.bridge({ buyerLegId: LEG, agentLegId: AGENT, maxTalkSeconds: 20 })).toEqual({ kind: 'done' });
    time.pass(20_500);
    expect(story().slice(-2)).toEqual(['unbridged 21.5', 'ended 21.5']);
    expect(network.survey().bridges).toMatchObject([{ legIds: [AGENT] }]);
    time.pass(9_000);
    expect(story(AGENT).at(-1)).toBe('ended 30.025');
    expect(network.survey().bridges).toEqual([]);
  });

  test('no reply of the carrier ends at our ring time-out', () => {
    const { time, call, heard } = exchange();
    call('75');
    time.pass(60_000);
    expect(heard.at(-1)).toMatchObject({ kind: 'leg.ended', cause: 19, techCause: 480, wasHungUpByUs: true });
  });

  test('a full trunk refuses, and has room again when a call ends', () => {
    const { time, network, call } = exchange({ trunkChannels: 1 });
    const other = LEG.replace('ab', 'cd');
    expect(call('62')).toEqual({ kind: 'done' });
    expect(call('62', other)).toMatchObject({ kind: 'refused', status: 500 });
    expect(call('62')).toEqual({ kind: 'duplicate' });
    network.hangup(LEG);
    time.pass(1);
    expect(call('62', other)).toEqual({ kind: 'done' });
  });

  test('without an owner of the group the message begins at the answer', () => {
    const { time, network, listener, call } = exchange();
    call('00');
    network.disconnect(listener);
    time.pass(1_100);
    expect(network.isInMessage(LEG)).toBe(true);
  });

  test('the far end may be played by a simulation', () => {
    const { time, network, call, heard } = exchange({ behaviourOf: () => [{ kind: 'answer', afterMs: 10 }] });
    call('60');
    time.pass(1_000);
    network.hangUpByThem(LEG);
    time.pass(1);
    expect(heard.at(-1)).toMatchObject({ kind: 'leg.ended', cause: 16, wasHungUpByUs: false });
  });

  test('a fact comes after the command that caused it has returned', () => {
    const { network, call, heard } = exchange();
    call('62');
    network.hangup(LEG);
    expect(heard).toEqual([]);
  });
});
