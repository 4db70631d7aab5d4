import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait.js';
import type { DeskPage } from './desk-page.js';
import { atBrowser, faultsOf, useDesks } from './desks.js';
import { recordAt } from './exchange-ear.js';
import { momentsOf, whoIsHeard } from './voices.js';

// A supervisor in talks, all at pages in a real browser: who hears whom, by the tones that they say.

const desks = useDesks({
  agents: [
    atBrowser('agent', { group: 'floor' }),
    atBrowser('boss', { group: 'floor', role: 'supervisor', name: 'Who listens' }),
  ],
});
const { world } = desks;

/** The buyer speaks, with pauses of up to 4.5 s. */
const SPEAKS = '00';
/** The buyer says what they hear: whoever is heard at the buyer's leg has been heard by the buyer. */
const ECHO = '76';

async function buyerHears(callId: string): Promise<string> {
  const { samples, startMs } = await recordAt(world(), callId, 'in', 1.5);
  return whoIsHeard(momentsOf(samples, startMs));
}

async function heardNow(desk: DeskPage): Promise<string> {
  return whoIsHeard(await desk.heard(Date.now() - 1_000));
}

async function watch(boss: DeskPage, how: string): Promise<void> {
  await boss.page.getByRole('button', { name: how }).click();
}

describe('a supervisor', () => {
  it('hears both sides unheard, whispers to the agent alone, joins for all, and leaves', async () => {
    const shop = await world().openShop('floor', { answeringMachine: 'off' });
    const [agent, boss] = [await desks.open({ voice: 'first' }), await desks.open({ voice: 'boss' })];
    await boss.signIn('boss');
    await boss.line();
    await agent.start('agent');

    const speaks = await shop.send(SPEAKS);
    await agent.card(speaks.orderId);
    await watch(boss, 'Listen to');
    await waitFor('the agent', async () => (await heardNow(boss)).startsWith('first'), 8_000);
    await agent.press('F7');
    await waitFor('the buyer', async () => (await heardNow(boss)) === 'other', 12_000);
    await agent.press('F7');
    await agent.press('Digit1', 'Control+Enter', 'F2');
    await agent.state('wrap_up');
    await boss.hears('');
    await agent.press('F8');

    const echoes = await shop.send(ECHO);
    await agent.card(echoes.orderId);
    const callId = (await shop.see(echoes)).attempts[0]?.callId ?? '';
    await agent.hears('first');
    await boss.hears('');

    await watch(boss, 'Listen to');
    await boss.hears('first');
    expect(await buyerHears(callId)).toBe('first');
    await agent.hears('first');
    expect(await faultsOf(boss.page)).toEqual([]);

    await watch(boss, 'Whisper to');
    await agent.hears('first boss');
    expect(await buyerHears(callId)).toBe('first');
    await boss.hears('first');
    expect(await faultsOf(boss.page)).toEqual([]);

    await watch(boss, 'Join the talk of');
    await waitFor('the supervisor at the buyer', async () => (await buyerHears(callId)) === 'first boss', 8_000);
    await agent.hears('first boss');

    await watch(boss, 'Leave');
    await agent.hears('first');
    expect(await buyerHears(callId)).toBe('first');
    await boss.hears('');
    await agent.press('Digit1', 'Control+Enter', 'F2');
    expect(await shop.outcome(echoes)).toBe('confirmed');
  });
});
