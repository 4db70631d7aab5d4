import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { asAdmin, createShop } from '../../../test/support/shop-client.js';
import { Transactions } from '../../platform/database/transaction.js';

let app: TestApp;
beforeAll(async () => {
  app = await startTestApp({ roles: ['api'] });
  await createShop(app, 'books');
  await createShop(app, 'other');
}, 60_000);
afterAll(() => app.close(), 60_000);

const article = { title: 'Return of goods', body: 'Within **14-16** days.', language: 'en', tags: ['return'] };
const put = (id: string, body: unknown, shop = 'books') =>
  asAdmin(app, 'PUT', `/v1/admin/shops/${shop}/articles/${id}`, body);
const titles = async (search: string, shop = 'books') => {
  const answer = await asAdmin(app, 'GET', `/v1/admin/shops/${shop}/articles?search=${encodeURIComponent(search)}`);
  return ((await answer.json()) as { articles: { title: string }[] }).articles.map(({ title }) => title);
};

describe('the knowledge base of a shop', () => {
  it('is an administrator’s to write', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      expect((await fetch(`${app.url}/v1/admin/shops/books/articles/return`, { method })).status).toBe(401);
    }
  });

  it('creates, replaces, shows and deletes', async () => {
    expect((await put('return', article)).status).toBe(201);
    expect((await put('return', { title: 'Returns', body: 'Anew.' })).status).toBe(200);
    const shown = await asAdmin(app, 'GET', '/v1/admin/shops/books/articles/return');
    expect(await shown.json()).toEqual({
      article: 'return',
      title: 'Returns',
      body: 'Anew.',
      language: null,
      tags: [],
      updatedAt: expect.any(String) as string,
    });
    const gone = () => asAdmin(app, 'DELETE', '/v1/admin/shops/books/articles/return');
    expect((await gone()).status).toBe(204);
    expect((await gone()).status).toBe(404);
    const none = await asAdmin(app, 'GET', '/v1/admin/shops/books/articles/return');
    expect(await none.json()).toMatchObject({ status: 404, code: 'article.not_found' });
  });

  it('finds by beginnings of words in title, tags and text, the title first, in its own shop only', async () => {
    await put('courier', { title: 'Доставка кур’єром', body: 'По Києву за **14-16** годин.', tags: ['доставка'] });
    await put('pay', { title: 'Оплата', body: 'Після доставки, готівкою.', tags: ['гроші'] });
    await put('ru', { title: 'Ещё о возврате', body: 'Всё остальное', language: 'ru' });
    await put('alien', { title: 'Доставка', body: 'x' }, 'other');
    expect(await titles('достав')).toEqual(['Доставка кур’єром', 'Оплата']);
    expect(await titles('ДОСТАВКА готів')).toEqual(['Оплата']);
    expect(await titles('гроші')).toEqual(['Оплата']);
    expect(await titles('16')).toEqual(['Доставка кур’єром']);
    expect(await titles("кур'єр")).toEqual(['Доставка кур’єром']);
    expect(await titles('еще')).toEqual(['Ещё о возврате']);
    expect(await titles('нічого такого')).toEqual([]);
    expect(await titles(`') & !x | (`)).toEqual([]);
    expect(await titles(' ** ')).toEqual(['Доставка кур’єром', 'Ещё о возврате', 'Оплата']);
  });

  it.each<[string, object, string]>([
    ['no title', { body: 'x' }, '/title'],
    ['an empty title', { title: ' ', body: 'x' }, '/title'],
    ['a long title', { title: 'x'.repeat(201), body: 'x' }, '/title'],
    ['no text', { title: 'x' }, '/body'],
    ['a long text', { title: 'x', body: 'x'.repeat(20_001) }, '/body'],
    ['a language that is none', { ...article, language: 'українська' }, '/language'],
    ['many tags', { ...article, tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, '/tags'],
    ['a tag that is no text', { ...article, tags: [1] }, '/tags'],
    ['an empty tag', { ...article, tags: [' '] }, '/tags'],
    ['an unknown field', { ...article, html: '<b>' }, '/html'],
  ])('refuses %s', async (_name, body, pointer) => {
    const answer = await put('refused', body);
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { errors: { pointer: string }[] }).errors[0]?.pointer).toContain(pointer);
    expect((await asAdmin(app, 'GET', '/v1/admin/shops/books/articles/refused')).status).toBe(404);
  });

  it('refuses an address that is none, and a shop that is none', async () => {
    for (const id of ['A', '-a', 'x'.repeat(65), '%D0%B9', 'a%2Fb']) expect((await put(id, article)).status).toBe(422);
    expect((await put('x', article, 'nobody')).status).toBe(404);
    expect((await asAdmin(app, 'GET', '/v1/admin/shops/nobody/articles')).status).toBe(404);
    expect((await asAdmin(app, 'GET', `/v1/admin/shops/books/articles?limit=501`)).status).toBe(422);
  });

  it('has an end: 500 articles', async () => {
    await createShop(app, 'full');
    await app
      .get(Transactions)
      .run((tx) =>
        tx.query(
          `INSERT INTO articles (shop_id, article_id, title, markdown, tags, words) SELECT 'full', 'a' || i, 'x', 'x', '{}', '' FROM generate_series(1, 499) i`,
        ),
      );
    const answers = await Promise.all(['one', 'two', 'three'].map((id) => put(id, article, 'full')));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 422, 422]);
    expect((await put('a7', article, 'full')).status).toBe(200);
  });
});
