import type { Browser, BrowserContext, Page } from 'playwright-core';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { AgentPlan } from '../../tools/dev-env/network.js';
import { startBrowser } from '../../tools/dev-env/browser.js';
import { waitFor } from '../support/wait.js';
import { goReady, nextState } from './agents.js';
import { faultsOf } from './desks.js';
import type { ShopView } from './shop-view.js';
import { useWorld } from './world.js';

// The supervisor's page in a real browser, beside virtual agents on the real exchange and carrier.

const FLOOR = ['north-1', 'north-2', 'north-3', 'north-4'] as const;
const agents: AgentPlan[] = [
  ...FLOOR.map((login): AgentPlan => ({ login, name: `Agent ${login}`, connection: 'persistent', group: 'north' })),
  { login: 'south-1', name: 'Agent south-1', connection: 'persistent', group: 'south' },
  { login: 'plain', name: 'Agent plain', connection: 'per_call', group: 'north' },
  { login: 'boss', name: 'Boss', connection: 'persistent', role: 'supervisor', phone: 'softphone', group: 'north' },
];
const world = useWorld({ agents, groupSettings: { wrapUpSeconds: 120 } });
let browser: Browser;
let postgres: pg.Client;
let shop: ShopView;
const contexts: BrowserContext[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  browser = await startBrowser();
  postgres = new pg.Client({ connectionString: world().network.databaseUrl });
  await postgres.connect();
  shop = await world().openShop('north');
  await world().openShop('south');
}, 180_000);
afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  expect(complaints.splice(0)).toEqual([]);
});
afterAll(async () => {
  await postgres.end();
  await browser.close();
}, 60_000);

async function openBoard(
  o: { readonly look?: 'light' | 'dark'; readonly locale?: string; readonly login?: string } = {},
): Promise<Page> {
  const { look = 'light', locale = 'en-GB', login = 'boss' } = o;
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, locale, colorScheme: look });
  contexts.push(context);
  const page = await context.newPage();
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(`${world().network.apiUrl}/desktop/`);
  await page.locator('input[name=username]').fill(login);
  await page.locator('input[name=password]').fill(passwordOf(login));
  await page.keyboard.press('Enter');
  // The page of the test before may have been open a moment ago.
  const takeOver = page.getByRole('dialog').getByRole('button').nth(1);
  const tiles = page.locator('[data-tile="due"]');
  await tiles.or(takeOver).first().waitFor();
  if (await takeOver.isVisible()) await takeOver.click();
  await tiles.waitFor();
  return page;
}

function passwordOf(login: string): string {
  return world().network.agents.find((agent) => agent.login === login)?.password ?? '';
}

async function tile(page: Page, name: string): Promise<string> {
  return (await page.locator(`[data-tile="${name}"]`).innerText()).trim();
}

async function stored<T>(sql: string): Promise<T[]> {
  return (await postgres.query(sql)).rows as T[];
}

/** As the system does when it has failed on them again and again. */
async function holdOrders(orderIds: readonly string[]): Promise<void> {
  const hold = `UPDATE orders SET hold_reason = 'system_failure' WHERE status = 'scheduled' AND order_id = ANY ($1)`;
  await waitFor(
    'the orders in the queue',
    async () => (await postgres.query(hold, [orderIds])).rowCount === orderIds.length,
  );
}

describe('the board', () => {
  it('shows what Postgres says, and nothing of other groups', async () => {
    const [talker, second] = [world().agent('north-1'), world().agent('north-2')];
    const stranger = world().agent('south-1');
    await Promise.all([talker, second, stranger].map((agent) => agent.start()));
    for (let i = 0; i < 6; i++) await shop.send('00');
    const page = await openBoard();
    await waitFor('two talks', async () => {
      const [row] = await stored<{ n: number }>(
        `SELECT count(*)::int AS n FROM calls WHERE ended_at IS NULL AND state = 'connected' AND shop_id = 'shop-north'`,
      );
      return row?.n === 2;
    });
    const [waiting] = await stored<{ due: number }>(
      `SELECT count(*)::int AS due FROM orders WHERE shop_id = 'shop-north' AND status IN ('accepted', 'scheduled') AND due_at <= now()`,
    );
    expect(waiting?.due).toBe(4);
    await waitFor('the figures of Postgres', async () => {
      const [due, calls, ready] = [await tile(page, 'due'), await tile(page, 'calls'), await tile(page, 'agents')];
      return due === '4' && calls === '2' && ready === '0 of 2';
    });
    for (const { login, state } of await stored<{ login: string; state: string }>(
      `SELECT login, state FROM agents JOIN agent_presence USING (agent_id) WHERE login IN ('north-1', 'north-2')`,
    )) {
      await page.locator(`tr[data-agent="${login}"][data-state="${state}"]`).waitFor();
    }
    expect(await page.locator('tr[data-agent="south-1"]').count()).toBe(0);
    expect(await page.locator('tr[data-shop="shop-south"]').count()).toBe(0);
    const [decision] = await stored<{ due: number }>(
      `SELECT (decision #>> '{load,ordersDue}')::int AS due FROM pacing_decisions WHERE group_id = 'north'`,
    );
    await page.locator('li[data-group="north"]', { hasText: `Orders that may be called: ${decision?.due}.` }).waitFor();
    const [lines] = await stored<{ n: number }>(`SELECT count(*)::int AS n FROM calls WHERE ended_at IS NULL`);
    await page.locator('li[data-trunk="carrier"]', { hasText: `${lines?.n} of 60` }).waitFor();
    const text = await page.locator('body').innerText();
    expect(text).not.toContain('+380');
  });

  it('pauses a shop: no call starts any more until it goes on', async () => {
    const page = await openBoard();
    await page.getByRole('button', { name: /^Pause/ }).click();
    await page.locator('tr[data-shop="shop-north"]', { hasText: 'paused' }).waitFor();
    const third = world().agent('north-3', { talkMs: () => 300, decide: () => ({ outcome: 'confirmed' }) });
    await third.start();
    const order = await shop.send('00');
    await shop.waitForCode(order, 'paused');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    expect(world().calls.invites(order.customer.phone)).toEqual([]);
    expect(third.seen).toEqual([]);
    await page.getByRole('button', { name: /^Call again for/ }).click();
    await waitFor('a call after the pause', () => third.seen.length > 0, 15_000);
    expect(await shop.outcome(order)).toBe('confirmed');
  });

  it('sends an agent on a break and signs one out, by keyboard alone', async () => {
    const agent = world().agent('north-4');
    await agent.signIn();
    await goReady(agent);
    const page = await openBoard();
    const from = agent.events.length;
    const menu = page.getByRole('button', { name: 'Actions for Agent north-4' });
    await menu.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('menuitem', { name: 'training' }).focus();
    await page.keyboard.press('Enter');
    expect((await nextState(agent, 'break', from)).data).toMatchObject({ reason: 'training' });
    await page.locator('tr[data-agent="north-4"][data-state="break"]', { hasText: 'training' }).waitFor();
    await menu.click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.locator('tr[data-agent="north-4"]').waitFor({ state: 'hidden' });
    await waitFor(
      'the end of the session',
      () => !agent.isSignedIn || agent.events.some(({ event }) => event === 'notice'),
    );
  });

  it('brings a held order back, and closes one after a question', async () => {
    await world().network.admin.post('shops/shop-north/pause');
    const [back, closed] = [await shop.send('00', { priority: 9 }), await shop.send('00')];
    await holdOrders([back.orderId, closed.orderId]);
    const page = await openBoard();
    await page.getByRole('button', { name: `Put order ${back.orderId} back into the queue` }).click();
    await page.locator(`[data-held="${back.orderId}"]`).waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: `Close order ${closed.orderId}` }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
    expect(await shop.outcome(closed)).toBe('failed');
    const { waitingFor } = await shop.see(back);
    expect(waitingFor.code).toBe('paused');
    await world().network.admin.post('shops/shop-north/resume');
    expect(await shop.outcome(back)).toBe('confirmed');
  });

  it('lets a supervisor listen, whisper, join in and leave', async () => {
    const page = await openBoard();
    await page.locator('header [data-status="line"]').waitFor({ timeout: 20_000 });
    const row = page.locator('tr[data-state="talking"]').first();
    for (const way of ['Listen to', 'Whisper to', 'Join the talk of']) {
      const button = row.getByRole('button', { name: way });
      await button.click();
      await waitFor(`${way} is on`, async () => (await button.getAttribute('aria-pressed')) === 'true');
    }
    await row.getByRole('button', { name: 'Leave' }).click();
    await waitFor('nothing is on', async () => (await row.locator('[aria-pressed="true"]').count()) === 0);
    const asked = await stored<{ how: string }>(
      `SELECT data->>'how' AS how FROM order_timeline WHERE kind = 'supervised' ORDER BY id`,
    );
    expect(asked.map(({ how }) => how)).toEqual(['listen', 'whisper', 'barge', 'leave']);
  });

  it.each([
    ['light', 'en-GB'],
    ['dark', 'uk-UA'],
    ['light', 'ru-RU'],
  ] as const)('has no fault of accessibility that a tool can find (%s, %s)', async (look, locale) => {
    const page = await openBoard({ look, locale });
    expect(await faultsOf(page)).toEqual([]);
    await page.locator('[data-tile="late"]').hover();
    await page.locator('[role="tooltip"][data-shown="true"]').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('[role="tooltip"][data-shown="true"]').waitFor({ state: 'hidden' });
    await page.locator('tr[data-agent] button[aria-haspopup]').first().click();
    await page.getByRole('menuitem').first().waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await page.locator('header button[aria-haspopup]').last().click();
    await page.locator('header [role="dialog"] input').first().waitFor({ state: 'attached' });
    expect(await faultsOf(page)).toEqual([]);
    await page.keyboard.press('Escape');
    await world().network.admin.post('shops/shop-north/pause');
    const { orderId } = await shop.send('00');
    await holdOrders([orderId]);
    await page.locator(`[data-held="${orderId}"] button`).last().click();
    await page.getByRole('dialog').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.getByRole('dialog').getByRole('button').last().click();
    await page.locator(`[data-held="${orderId}"]`).waitFor({ state: 'hidden' });
  });

  it('is not for agents: their page is the desk, and the address refuses them', async () => {
    const plain = world().agent('plain');
    await plain.signIn();
    const { apiUrl } = world().network;
    const signedIn = await fetch(`${apiUrl}/v1/agent/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'plain', password: passwordOf('plain') }),
    });
    const { token } = (await signedIn.json()) as { token: string };
    const answer = await fetch(`${apiUrl}/v1/supervisor/events`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(403);
    const asked: string[] = [];
    const context = await browser.newContext({ locale: 'en-GB' });
    contexts.push(context);
    const page = await context.newPage();
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${apiUrl}/desktop/`);
    await page.getByLabel('Login').fill('plain');
    await page.getByLabel('Password').fill(passwordOf('plain'));
    await page.keyboard.press('Enter');
    await page.locator('header [data-state]').waitFor();
    expect(asked.filter((url) => /board|supervisor/.test(url))).toEqual([]);
  });
});
