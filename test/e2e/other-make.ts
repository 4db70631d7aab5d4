import { expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { startSipp, type RunningSipp, type SippRecord } from '../../tools/dev-env/sipp.js';
import { waitFor } from '../support/wait.js';
import { cardOf, goReady, nextEvent } from './agents.js';
import type { World } from './world.js';

export const OTHER_MAKE_AGENTS: readonly AgentPlan[] = [
  { login: 'sipp1', name: 'Talks with SIPp', connection: 'persistent', group: 'sipp' },
];

/** Numbers that only the second trunk takes. */
const PREFIX = '+38063';
/** Between what SIPp wrote down and what we say of the same instant. */
const TOLERANCE_MS = 500;

/** A buyer whose telephone is no Asterisk, reached over a second trunk: two records of the same call, compared. */
export function describeOtherMake(world: () => World): void {
  it.concurrent('SIPp’s own record of a call agrees with ours', { timeout: 180_000 }, async () => {
    const { network, pbx, calls } = world();
    await network.admin.put('trunks/sipp', {
      endpoint: 'PJSIP/{number}@sipp',
      callerIds: ['+380441112233'],
      maxChannels: 5,
      callsPerSecond: 5,
      prefixes: [PREFIX],
    });
    const shop = await world().openShop('sipp');
    const agent = world().agent('sipp1');
    await agent.start();

    for (const side of ['agent', 'buyer'] as const) {
      const sipp = await startSipp({ scenario: side === 'agent' ? 'buyer' : 'buyer-leaves', port: pbx.sippPort });
      try {
        await goReady(agent);
        const from = agent.events.length;
        const order = await shop.send('00', { prefix: PREFIX });
        const callId = await cardOf(agent, order.orderId, from);
        if (side === 'agent') await agent.hangUp(callId);
        await nextEvent(agent, 'call.ended', from, (data) => data['callId'] === callId);
        await agent.say(callId, { outcome: 'confirmed' });
        expect(await shop.outcome(order)).toBe('confirmed');

        const lastWord = side === 'agent' ? 'ended' : 'left';
        const theirs = await recordsOf(sipp, lastWord);
        expect(theirs.map((one) => one.event)).toEqual(['invited', 'answered', lastWord]);
        expect(theirs[0]?.number).toBe(order.customer.phone);
        expect(calls.invites(order.customer.phone)).toEqual([]);
        const { attempts } = await shop.see(order);
        expect(attempts).toHaveLength(1);
        const ours = [attempts[0]?.dialedAt, attempts[0]?.answeredAt, attempts[0]?.endedAt];
        ours.forEach((instant, index) => {
          const apartMs = Date.parse(instant ?? '') - (theirs[index]?.at.getTime() ?? 0);
          expect(Math.abs(apartMs)).toBeLessThan(TOLERANCE_MS);
        });
      } finally {
        await sipp.stop();
      }
    }
  });
}

async function recordsOf(sipp: RunningSipp, lastWord: string): Promise<SippRecord[]> {
  return waitFor(`SIPp's record with "${lastWord}"`, () => {
    const records = sipp.records();
    return records.some((one) => one.event === lastWord) ? records : null;
  });
}
