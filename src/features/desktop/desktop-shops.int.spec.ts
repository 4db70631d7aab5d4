import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { EventStream } from '../../../test/support/event-stream.js';
import { acceptOrder, administer, anOrder, connect } from '../../../test/support/talk.js';
import { AgentsService } from '../agents/agents.service.js';
import { DesktopModule } from './desktop.module.js';

const PASSWORD = 'correct horse';
let test: TestApp;
beforeAll(async () => {
  test = await startTestApp({ modules: [DesktopModule], roles: ['api'] });
  await administer(test, 'PUT', 'groups/books', {});
  await administer(test, 'PUT', 'groups/toys', {});
  const settings = { timeZone: 'Europe/Kyiv', callingHours: 'always' };
  await administer(test, 'PUT', 'shops/books', {
    ...settings,
    name: 'Книгарня',
    agentGroups: ['books', 'toys'],
    scripts: [
      { language: 'uk', text: 'Вітаю[, {customer.name}]! {agent.name}, «{shop.name}», {order.id}, {total}.' },
      { language: 'pl', text: 'Dzień dobry, {order.id}.' },
    ],
  });
  await administer(test, 'PUT', 'shops/toys', { ...settings, name: 'Toys', agentGroups: ['toys'] });
  const article = { title: 'Повернення', body: 'За *14* днів.', language: 'uk', tags: ['повернення'] };
  for (const shop of ['books', 'toys']) await administer(test, 'PUT', `shops/${shop}/articles/return`, article);
}, 60_000);
afterAll(() => test.close(), 60_000);

async function somebody(login: string, group: string) {
  await administer(test, 'PUT', `agents/${login}`, {
    name: `Agent ${login}`,
    password: PASSWORD,
    connection: 'per_call',
    groups: [group],
  });
  const answer = await fetch(`${test.url}/v1/agent/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password: PASSWORD }),
  });
  const { token, agent } = (await answer.json()) as { token: string; agent: { agentId: string } };
  const bearer = { authorization: `Bearer ${token}` };
  const get = async (path: string) => {
    const got = await fetch(`${test.url}/v1/agent/${path}`, { headers: bearer });
    return { status: got.status, body: (await got.json()) as Record<string, unknown> };
  };
  return { agentId: agent.agentId, bearer, get };
}

describe('the shops of an agent', () => {
  it('are those whose calls their groups take', async () => {
    const { get } = await somebody('anna', 'books');
    expect((await get('shops')).body).toEqual({ shops: [{ shop: 'books', name: 'Книгарня' }] });
    const both = await somebody('borys', 'toys');
    expect((await both.get('shops')).body).toEqual({
      shops: [
        { shop: 'toys', name: 'Toys' },
        { shop: 'books', name: 'Книгарня' },
      ].sort((a, b) => a.name.localeCompare(b.name)),
    });
  });

  it('have articles to search and to read; other shops do not exist', async () => {
    const { get } = await somebody('vira', 'books');
    const head = { article: 'return', title: 'Повернення', language: 'uk', tags: ['повернення'] };
    expect((await get('shops/books/articles')).body).toMatchObject({ articles: [head] });
    expect((await get(`shops/books/articles?search=${encodeURIComponent('повер дн')}`)).body).toMatchObject({
      articles: [head],
    });
    expect((await get('shops/books/articles?search=none')).body).toEqual({ articles: [] });
    expect((await get('shops/books/articles/return')).body).toMatchObject({ ...head, body: 'За *14* днів.' });
    expect(await get('shops/books/articles/none')).toMatchObject({ status: 404, body: { code: 'article.not_found' } });
    for (const path of ['shops/toys/articles', 'shops/toys/articles/return', 'shops/nobody/articles']) {
      expect(await get(path)).toMatchObject({ status: 404, body: { code: 'shop.not_found' } });
    }
    expect((await get(`shops/books/articles?search=${'x'.repeat(201)}`)).status).toBe(422);
    expect((await fetch(`${test.url}/v1/agent/shops/books/articles`)).status).toBe(401);
  });
});

describe('the greeting script', () => {
  it.each([
    [
      'books',
      'books',
      { language: 'uk', name: 'Олена' },
      { language: 'uk', text: /^Вітаю, Олена! Agent .*«Книгарня»/ },
    ],
    ['books', 'books', { language: 'uk', name: null }, { language: 'uk', text: /^Вітаю! Agent/ }],
    ['books', 'books', { language: 'pl-PL', name: 'Olena' }, { language: 'pl', text: /^Dzień dobry, / }],
    ['books', 'books', { language: 'de', name: 'Olena' }, { language: 'uk', text: /^Вітаю/ }],
    [
      'toys',
      'toys',
      { language: 'en', name: 'Olena' },
      { language: 'en', text: /^Good day, Olena! My name is Agent / },
    ],
  ])('of %s is in the buyer’s language, filled in (%#)', async (shop, group, customer, { language, text }) => {
    const { agentId, bearer } = await somebody(
      `greet-${group}-${customer.language.toLowerCase()}-${String(customer.name === null)}`,
      group,
    );
    await test.get(AgentsService).wish(agentId, 'ready');
    const order = anOrder();
    const orderRef = await acceptOrder(test, shop, { ...order, customer: { ...order.customer, ...customer } });
    await connect(test, { agentId, shopId: shop, orderRef });
    const stream = await EventStream.open(test.url, bearer);
    try {
      const { data } = await stream.next('call.connected');
      const script = data['script'] as { language: string; text: string };
      expect(script.language).toBe(language);
      expect(script.text).toMatch(text);
      expect(script.text).toContain(order.orderId);
    } finally {
      stream.close();
    }
  });
});
