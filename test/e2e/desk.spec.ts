import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startBrowser } from '../../tools/dev-env/browser.js';
import { waitFor } from '../support/wait.js';
import { DeskPage } from './desk-page.js';
import { atBrowser, faultsOf, useDesks } from './desks.js';
import { listenAt } from './exchange-ear.js';

// The agent's page in a real browser with a fake microphone, on the real exchange and carrier.

const DESKS = ['whole', 'reload', 'tabs', 'typing', 'light', 'dark', 'deaf', 'cut', 'gone', 'knock', 'moved'];
const desks = useDesks({ agents: DESKS.map((login) => atBrowser(login)) });
const { world } = desks;

/** How an attempt to open SIP over WebSocket is answered. */
async function knock(headers: Record<string, string>): Promise<number> {
  const address = `${world().network.apiUrl.replace('http', 'ws')}/v1/agent/sip`;
  const socket = new WebSocket(address, 'sip', { headers });
  return new Promise((resolve, reject) => {
    socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
    socket.once('open', () => {
      socket.close();
      resolve(101);
    });
    socket.once('error', reject);
  });
}

describe('the agent’s page', () => {
  it('takes a call from the first word to the shop’s write-back, heard in both directions', async () => {
    const shop = await world().openShop('whole');
    const desk = await desks.open();
    await desk.start('whole');
    const order = await shop.send('00');
    await desk.card(order.orderId);
    const seen = await shop.see(order);
    const callId = seen.attempts[0]?.callId ?? '';

    const sound = await desk.hearsAndSpeaks();
    expect(sound.lost).toBeLessThan(sound.received / 20);
    const heard = await listenAt(world(), callId, 4);
    expect(heard.fromBuyer).toBeGreaterThan(0.005);
    expect(heard.toBuyer).toBeGreaterThan(0.005);

    await desk.field('address').fill('вул. Хрещатик, 22');
    await desk.press('Digit1', 'Control+Enter');
    await desk.page.getByText('Saved: With changes.').waitFor();
    await desk.press('F2');
    await desk.state('wrap_up');
    expect(await shop.outcome(order)).toBe('changed');
    const told = await waitFor('the write-back', () => shop.told(order, 'order.outcome')[0], 15_000);
    expect(told.body.data).toMatchObject({
      outcome: 'changed',
      changes: { delivery: { address: 'вул. Хрещатик, 22' } },
      decidedBy: { kind: 'agent', name: 'Desk whole' },
    });
    await desk.press('F8');
    await desk.state('ready');
  });

  it('keeps the buyer, the line and what was typed over a reload', async () => {
    const shop = await world().openShop('reload');
    const desk = await desks.open();
    await desk.start('reload');
    const order = await shop.send('00');
    await desk.card(order.orderId);
    await desk.hearsAndSpeaks();
    await desk.field('city').fill('Стрий');
    await desk.page.reload();
    await desk.card(order.orderId);
    expect(await desk.field('city').inputValue()).toBe('Стрий');
    await desk.line();
    await desk.hearsAndSpeaks();
    await desk.state('talking');
    await desk.press('Digit2', 'Control+Enter', 'F2');
    expect(await shop.outcome(order)).toBe('changed');
    expect((await shop.see(order)).attempts).toHaveLength(1);
  });

  it('loses nothing when the buyer hangs up while the agent types, and lets a result be corrected', async () => {
    const shop = await world().openShop('typing');
    const desk = await desks.open();
    await desk.start('typing');
    const order = await shop.send('74');
    await desk.card(order.orderId);
    await desk.press('Digit3');
    await desk.page.getByLabel('Note for the shop').fill('will think about it');
    await desk.state('wrap_up');
    expect(await desk.page.getByLabel('Note for the shop').inputValue()).toBe('will think about it');
    await desk.press('Control+Enter');
    await desk.page.getByText('Choose why the buyer declines.').waitFor();
    await desk.page.getByRole('combobox', { name: 'Why does the buyer decline?' }).click();
    await desk.page.getByRole('option', { name: 'Too expensive' }).click();
    await desk.press('Control+Enter');
    await desk.page.getByText('Saved: Declined.').waitFor();
    await desk.page.getByRole('button', { name: 'Correct' }).click();
    await desk.press('Digit1', 'Control+Enter');
    await desk.page.getByText('Saved: Confirmed.').waitFor();
    await waitFor('both words', () => shop.told(order, 'order.outcome').length === 2, 15_000);
    expect(shop.told(order, 'order.outcome').map((one) => one.body.data)).toMatchObject([
      { outcome: 'declined', note: 'Reason: Too expensive. will think about it' },
      { outcome: 'confirmed' },
    ]);
  });

  it('acts in one tab only, and moves to another after a question', async () => {
    const desk = await desks.open();
    await desk.start('tabs');
    const other = await DeskPage.open(desks.browser(), world(), { context: desk.context });
    await other.page.getByText('This page is open in another tab').waitFor();
    expect(await other.page.getByRole('button', { name: 'Break', exact: true }).isDisabled()).toBe(true);
    await other.page.getByRole('button', { name: 'Work in this tab' }).click();
    await desk.page.getByText('This page is open in another tab').waitFor();
    await other.line();
    await desk.page.locator('header [data-status="off"]').waitFor();

    const elsewhere = await desks.open();
    await elsewhere.signIn('tabs');
    await elsewhere.page.getByText('You are at work on another screen').waitFor();
    await elsewhere.page.getByRole('button', { name: 'Work here' }).click();
    await elsewhere.line();
    await other.page.getByText('You work on another screen now.').waitFor();
    expect(other.complaints).toEqual([]);
  });

  it('shows on another screen what was said on the first, to be corrected there', async () => {
    const shop = await world().openShop('moved');
    const desk = await desks.open();
    await desk.start('moved');
    const order = await shop.send('00');
    await desk.card(order.orderId);
    await desk.field('address').fill('вул. Хрещатик, 22');
    await desk.press('Digit2');
    await desk.page.getByLabel('Note for the shop').fill('the second entrance');
    await desk.press('Control+Enter');
    await desk.page.getByText('Saved: With changes.').waitFor();
    await desk.press('F2');
    await desk.state('wrap_up');

    const elsewhere = await desks.open();
    await elsewhere.signIn('moved');
    await elsewhere.page.getByRole('button', { name: 'Work here' }).click();
    await elsewhere.card(order.orderId);
    await elsewhere.page.getByText('Saved: With changes.').waitFor();
    expect(await elsewhere.field('address').inputValue()).toBe('вул. Хрещатик, 22');
    expect(await elsewhere.page.getByLabel('Note for the shop').inputValue()).toBe('the second entrance');
    await elsewhere.page.getByRole('button', { name: 'Correct' }).click();
    await elsewhere.page.getByLabel('Note for the shop').fill('the third entrance');
    await elsewhere.press('Control+Enter');
    await elsewhere.page.getByText('Saved: With changes.').waitFor();

    await desk.page.getByRole('button', { name: 'Sign in here' }).click();
    await desk.page.getByLabel('Login').waitFor();
    await desk.signIn('moved');
    await desk.page.getByRole('button', { name: 'Work here' }).click();
    await desk.page.getByText('Saved: With changes.').waitFor();
    expect(await desk.page.getByLabel('Note for the shop').inputValue()).toBe('the third entrance');
    await waitFor('both words', () => shop.told(order, 'order.outcome').length === 2, 15_000);
    expect(shop.told(order, 'order.outcome').map((one) => one.body.data)).toMatchObject([
      { outcome: 'changed', note: 'the second entrance' },
      { outcome: 'changed', note: 'the third entrance', changes: { delivery: { address: 'вул. Хрещатик, 22' } } },
    ]);
  });

  it('says what to do when the microphone is refused', async () => {
    const refusing = await startBrowser({ microphone: 'refused' });
    try {
      const desk = await DeskPage.open(refusing, world());
      await desk.signIn('deaf');
      await desk.page.getByText('Allow it: click the sign left of the address').waitFor();
      expect(desk.complaints).toEqual([]);
    } finally {
      await refusing.close();
    }
  });

  it('keeps talk and text while the network is away, saves when it is back, and takes the next call', async () => {
    const shop = await world().openShop('cut');
    const desk = await desks.open();
    await desk.start('cut');
    const order = await shop.send('00');
    await desk.card(order.orderId);
    await desk.hearsAndSpeaks();
    await desk.context.setOffline(true);
    await desk.page.getByText('No connection to the server.').waitFor({ timeout: 20_000 });
    await desk.page.getByLabel('Note for the shop').fill('typed without a network');
    await desk.press('Digit1', 'Control+Enter');
    await desk.page.getByText('Nothing is lost: save again.').waitFor();
    await desk.context.setOffline(false);
    await desk.page.getByText('No connection to the server.').waitFor({ state: 'hidden', timeout: 20_000 });
    await desk.state('talking');
    await desk.hearsAndSpeaks();
    await desk.press('Control+Enter');
    await desk.page.getByText('Saved: Confirmed.').waitFor();
    await desk.press('F2');
    expect(await shop.outcome(order)).toBe('confirmed');
    const told = await waitFor('the write-back', () => shop.told(order, 'order.outcome')[0], 15_000);
    expect(told.body.data).toMatchObject({ note: 'typed without a network' });
    await desk.press('F8');
    const next = await shop.send('00');
    await desk.card(next.orderId, 30_000);
    await desk.hearsAndSpeaks();
  });

  it('tells of an order that the shop cancels during the talk; the buyer’s decision stands', async () => {
    const shop = await world().openShop('gone');
    const desk = await desks.open();
    await desk.start('gone');
    const order = await shop.send('00');
    await desk.card(order.orderId);
    expect((await shop.cancel(order)).status).toBe(202);
    await desk.page.getByText('The shop has cancelled this order.').waitFor();
    await desk.press('F4');
    await desk.page.getByText('On hold').waitFor();
    await desk.press('F4', 'Digit1', 'Control+Enter');
    await desk.page.getByText('Saved: Confirmed.').waitFor();
    await desk.press('F2');
    expect(await shop.outcome(order)).toBe('confirmed');
  });

  it.each(['light', 'dark'] as const)('has no fault of accessibility that a tool can find (%s)', async (look) => {
    const desk = await desks.open({ look });
    const faults = () => faultsOf(desk.page);
    // What is still fading in has another contrast.
    await desk.page.emulateMedia({ reducedMotion: 'reduce' });
    await desk.page.getByLabel('Login').waitFor();
    expect(await faults()).toEqual([]);
    await desk.signIn(look);
    await desk.line();
    expect(await faults()).toEqual([]);
    await desk.page.locator('header [data-status="line"]').click();
    await desk.page.getByText('Quality of the line').waitFor();
    expect(await faults()).toEqual([]);
    await desk.press();
    await desk.page.getByRole('button', { name: 'Settings and sign-out' }).click();
    await desk.page.getByRole('dialog', { name: 'Settings and sign-out' }).waitFor();
    expect(await faults()).toEqual([]);
    await desk.press('F8');
    await desk.state('ready');
    // A telephone that nobody answers: there is time to look at the hand-over under way.
    const transferNumbers = [{ name: 'Shop office', number: '+380671110362' }];
    const shop = await world().openShop(look, { transferNumbers });
    const order = await shop.send('00');
    await desk.card(order.orderId);
    await desk.press('F6');
    await desk.page.getByRole('button', { name: 'Speak first: Shop office' }).waitFor();
    expect(await faults()).toEqual([]);
    await desk.page.getByRole('button', { name: 'At once: Shop office' }).click();
    await desk.page.getByText('Calling Shop office. The buyer hears music.').waitFor();
    expect(await faults()).toEqual([]);
    await desk.page.getByRole('button', { name: 'Back to the buyer' }).click();
    await desk.page.getByText('Calling Shop office. The buyer hears music.').waitFor({ state: 'hidden' });
    await desk.field('city').fill('Стрий');
    await desk.field('slotFrom').click();
    await desk.page.getByRole('option', { name: '09:30' }).waitFor();
    expect(await faults()).toEqual([]);
    await desk.press('Digit4');
    expect(await faults()).toEqual([]);
    await desk.press('Digit2', 'Control+Enter');
    await desk.page.getByText('Saved:').waitFor();
    expect(await faults()).toEqual([]);
  });
});

describe('the way to the exchange', () => {
  it('is open with a session, from our own pages only', async () => {
    const { apiUrl, agents: known } = world().network;
    const { login, password } = known.find((agent) => agent.login === 'knock') ?? { login: '', password: '' };
    const answer = await fetch(`${apiUrl}/v1/agent/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login, password }),
    });
    const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
    const { token } = (await answer.json()) as { token: string };
    expect(await knock({})).toBe(401);
    expect(await knock({ origin: apiUrl, cookie: cookie.replace(/=.*/, '=forged') })).toBe(401);
    expect(await knock({ origin: 'https://evil.example', cookie })).toBe(401);
    expect(await knock({ origin: apiUrl, cookie })).toBe(101);
    expect(await knock({ authorization: `Bearer ${token}` })).toBe(101);
  });
});
