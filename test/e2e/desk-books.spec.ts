import { describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait.js';
import { atBrowser, faultsOf, useDesks } from './desks.js';

// What stands beside the talk on the agent's page: the buyer's other orders, the shop's words and articles; and what the page weighs.

/** Of everything that an agent's page loads, compressed. */
const MOST_PAGE_BYTES = 350_000;
const MOST_MS_TO_USE = 1_000;
const desks = useDesks({ agents: ['several', 'books', 'light'].map((login) => atBrowser(login)) });
const { world } = desks;

describe('beside the talk', () => {
  it('two orders of one buyer get a word each in one call', async () => {
    const shop = await world().openShop('several');
    const desk = await desks.open();
    await desk.signIn('several');
    await desk.line();
    const first = await shop.send('00');
    const second = { ...shop.order('00'), customer: first.customer };
    expect((await shop.shop.sendOrder(second)).status).toBe(202);
    await desk.press('F8');
    await desk.card(first.orderId);
    await desk.press('Digit1');
    await desk.page.getByRole('tab', { name: second.orderId }).click();
    await desk.page.getByText('It goes as the first order goes').waitFor();
    await desk.press('Digit3');
    await desk.page.getByRole('combobox', { name: 'Why does the buyer decline?' }).click();
    await desk.page.getByRole('option', { name: 'Bought elsewhere' }).click();
    await desk.press('Control+Enter');
    await desk.page.getByText('Saved: Confirmed.').waitFor();
    await desk.press('F2');
    expect(await shop.outcome(first)).toBe('confirmed');
    expect(await shop.outcome(second)).toBe('declined');
    const told = await waitFor('the write-back', () => shop.told(second, 'order.outcome')[0], 15_000);
    expect(told.body.data).toMatchObject({ outcome: 'declined', note: 'Reason: Bought elsewhere.' });
    const [one, two] = [await shop.see(first), await shop.see(second)];
    expect(one.attempts.map(({ callId }) => callId)).toEqual(two.attempts.map(({ callId }) => callId));
  });

  it('the greeting and the articles are at hand, and nothing moves', async () => {
    const scripts = [{ language: 'uk', text: 'Вітаю, {customer.name}! Я {agent.name}. <b>{order.id}</b>' }];
    const shop = await world().openShop('books', { scripts });
    const article = (title: string, body: string) => ({ title, body, language: 'uk', tags: ['доставка'] });
    const { admin } = world().network;
    await admin.put('shops/shop-books/articles/time', article('Строки доставки', 'По Києву **2 дні**.\n\n<img src=x>'));
    await admin.put('shops/shop-books/articles/money', article('Оплата', '- готівкою'));
    const desk = await desks.open();
    await desk.start('books');
    const places = () => desk.page.evaluate(READ_PLACES);
    const before = await places();
    const order = await shop.send('00');
    await desk.card(order.orderId);
    expect(await places()).toEqual(before);
    const city = await desk.field('city').boundingBox();
    const second = { ...shop.order('00'), customer: order.customer };
    expect((await shop.shop.sendOrder(second)).status).toBe(202);
    await desk.page.getByRole('tab', { name: second.orderId }).waitFor();
    expect(await desk.field('city').boundingBox()).toEqual(city);
    await desk.page.getByText(`Вітаю, ${order.customer.name}! Я Desk books. <b>${order.orderId}</b>`).waitFor();
    await desk.press('F3');
    await desk.page.getByRole('button', { name: 'Оплата' }).waitFor();
    await desk.page.keyboard.type('строк');
    await desk.page.getByRole('button', { name: 'Оплата' }).waitFor({ state: 'hidden' });
    await desk.page.keyboard.press('Enter');
    await desk.page.locator('article strong', { hasText: '2 дні' }).waitFor();
    expect(await desk.page.locator('article img').count()).toBe(0);
    expect(await places()).toEqual(before);
    expect(await faultsOf(desk.page)).toEqual([]);
    // A result's key turns back to the result.
    await desk.press('Digit1');
    await desk.page.getByRole('heading', { name: 'Knowledge base' }).waitFor({ state: 'hidden' });
    await desk.press('F3');
    await desk.page.locator('article strong', { hasText: '2 дні' }).waitFor();
    await desk.press('Control+Enter');
    await desk.page.getByText('Saved: Confirmed.').waitFor();
    await desk.press('F2');
    expect(await shop.outcome(order)).toBe('confirmed');
  });
});

describe('the page', () => {
  it('is light, comes compressed and once, and can be used at once', async () => {
    const desk = await desks.open();
    await desk.page.addInitScript(MARK_USABLE);
    const waits: number[] = [];
    for (let i = 0; i < 3; i += 1) {
      await desk.page.reload();
      await desk.page.getByLabel('Login').waitFor();
      waits.push(await desk.page.evaluate(MS_TO_USE));
    }
    console.log(`the page could be used after ${waits.map(Math.round).join(', ')} ms`);
    // Other work on the machine makes it later, never sooner.
    expect(Math.min(...waits)).toBeLessThan(MOST_MS_TO_USE);

    const headers = new Map<string, Record<string, string>>();
    desk.page.on('response', (answer) => headers.set(new URL(answer.url()).pathname, answer.headers()));
    await desk.page.reload();
    await world().openShop('light');
    await desk.signIn('light');
    await desk.line();
    await desk.press('F3');
    await desk.page.getByText('The shop has no articles yet.').waitFor();
    const files = await desk.page.evaluate(READ_FILES);
    // Page, main part, styles, phone and knowledge base at least.
    expect(files.length).toBeGreaterThan(5);
    expect(files.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0)).toBeLessThan(MOST_PAGE_BYTES);
    // Also for a browser behind something that knows gzip only.
    const gzipped = await Promise.all(files.map(({ name }) => gzippedBytes(world().network.apiUrl + name)));
    console.log(`the page weighs ${gzipped.reduce((sum, bytes) => sum + bytes, 0)} bytes with gzip`);
    expect(gzipped.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(MOST_PAGE_BYTES);
    for (const { name } of files.filter(({ name }) => /\.(js|css)$/.test(name))) {
      expect([name, headers.get(name)?.['content-encoding'] ?? 'kept']).toEqual([
        name,
        expect.stringMatching(/^(br|gzip|kept)$/),
      ]);
      expect(headers.get(name)?.['cache-control'] ?? 'immutable').toContain('immutable');
    }
    expect(headers.get('/desktop/')?.['cache-control']).toMatch(/no-cache|max-age=0/);
    // Nothing that opens anything lies where scripts of other times could read it.
    const kept = await desk.page.evaluate('JSON.stringify({ ...localStorage, ...sessionStorage })');
    const { password } = world().network.agents.find(({ login }) => login === 'light') ?? { password: '' };
    expect(kept).not.toContain(password);
    expect(kept).not.toMatch(/token|password|cookie/i);
    expect(await desk.page.evaluate('document.cookie')).toBe('');
  });
});

async function gzippedBytes(url: string): Promise<number> {
  const answer = await fetch(url, { headers: { 'accept-encoding': 'gzip' } });
  await answer.arrayBuffer();
  return Number(answer.headers.get('content-length') ?? NaN);
}

/** Notes when there is a field to type into that React has made, after a request to the server. */
const MARK_USABLE = `
  new MutationObserver((_changes, watch) => {
    if (document.querySelector('input[name=username]') === null) return;
    performance.mark('usable');
    watch.disconnect();
  }).observe(document, { childList: true, subtree: true });
`;
/** Milliseconds from the beginning of the load until the page could be typed into. */
const MS_TO_USE = `performance.getEntriesByName('usable')[0].startTime` as unknown as () => number;

const READ_PLACES =
  `[...document.querySelectorAll('header, main > :not([hidden])')].slice(0, 3).map((one) => JSON.stringify(one.getBoundingClientRect()))` as unknown as () => string[];
const READ_FILES = `performance
  .getEntries()
  .filter((one) => one instanceof PerformanceResourceTiming && new URL(one.name).pathname.startsWith('/desktop/'))
  .map(({ name, encodedBodySize }) => ({ name: new URL(name).pathname, encodedBodySize }))` as unknown as () => {
  name: string;
  encodedBodySize: number;
}[];
