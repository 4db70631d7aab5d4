import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../../../test/support/app.js';
import { createShop, getOrder, orderCreated, postOrder, type TestShop } from '../../../test/support/shop-client.js';
import { Transactions } from '../../platform/database/transaction.js';

let app: TestApp;
let shop: TestShop;
let other: TestShop;

const rows = <R>(sql: string, parameters: unknown[] = []): Promise<R[]> =>
  app.get(Transactions).read((tx) => tx.query(sql, parameters) as Promise<R[]>);

let phones = 2_000_000;
const fresh = (more: Record<string, unknown> = {}) =>
  orderCreated({ customer: { phone: `+38067${phones++}`, name: null }, ...more });
const idOf = (message: { data: object }): string => (message.data as { orderId: string }).orderId;

beforeAll(async () => {
  app = await startTestApp({ roles: ['api'], env: { SHOP_WEBHOOKS_PER_SECOND: '10000' } });
  shop = await createShop(app, 'together');
  other = await createShop(app, 'together-other');
}, 60_000);
afterAll(() => app.close(), 60_000);

describe('orders that come at about the same time', () => {
  it('are stored in fewer transactions than there are orders, each with all that belongs to it', async () => {
    const messages = Array.from({ length: 120 }, () => fresh());
    const answers = await Promise.all(
      messages.map(async (message, at) => {
        const response = await postOrder(app, at % 3 === 0 ? other : shop, message, { id: `msg_many_${at}` });
        return { ...((await response.json()) as { id: string; orderId: string }), status: response.status };
      }),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(answers.map(({ orderId }) => orderId)).toEqual(messages.map(idOf));
    const ids = answers.map(({ id }) => id);
    const [counts] = await rows<Record<string, number>>(
      `SELECT count(*)::int AS orders, count(DISTINCT o.xmin::text)::int AS transactions,
         count(*) FILTER (WHERE o.shop_id = 'together-other')::int AS others,
         (SELECT count(*)::int FROM order_timeline t WHERE t.order_ref = ANY($1)) AS lines,
         (SELECT count(DISTINCT part ->> 'orderRef')::int FROM outbox x, jsonb_array_elements(x.payload -> 'orders') part
           WHERE part ->> 'orderRef' = ANY($1::text[])) AS jobs,
         (SELECT count(*)::int FROM webhook_messages m WHERE m.webhook_id LIKE 'msg_many_%' AND m.response::jsonb ->> 'id' = ANY($1::text[])) AS messages
       FROM orders o WHERE o.id = ANY($1)`,
      [ids],
    );
    const { transactions, ...rest } = counts ?? {};
    expect(rest).toEqual({ orders: 120, others: 40, lines: 120, jobs: 120, messages: 120 });
    expect(transactions).toBeLessThan(100);
  });

  it('do not hinder each other: a repeat, a used id, a known number, a listed buyer and new ones get their own answers', async () => {
    const known = fresh();
    const first = await postOrder(app, shop, known, { id: 'msg_known' });
    const firstText = await first.text();
    const listed = fresh();
    await postOrder(app, shop, listed);
    await rows(
      `INSERT INTO do_not_call (shop_id, phone_hash, order_ref) SELECT shop_id, phone_hash, id FROM orders WHERE order_id = $1`,
      [idOf(listed)],
    );
    const { customer } = listed.data as { customer: object };
    const toListed = orderCreated({ customer });
    const twice = fresh();
    const [repeat, usedId, knownNumber, blocked, one, same, ...news] = await Promise.all(
      [
        postOrder(app, shop, known, { id: 'msg_known' }),
        postOrder(app, shop, fresh(), { id: 'msg_known' }),
        postOrder(app, shop, known, { id: 'msg_known_again' }),
        postOrder(app, shop, toListed, { id: 'msg_listed' }),
        postOrder(app, shop, twice, { id: 'msg_twice_1' }),
        postOrder(app, shop, twice, { id: 'msg_twice_2' }),
        ...Array.from({ length: 20 }, () => postOrder(app, shop, fresh())),
      ].map(async (answer) => `${(await answer).status} ${await (await answer).text()}`),
    );
    expect(repeat).toBe(`202 ${firstText}`);
    expect(usedId).toMatch(/^409 /);
    expect(knownNumber).toBe(`202 ${firstText}`);
    expect(blocked).toMatch(/^202 .*"status":"final","callBy":null/);
    expect(one?.startsWith('202 ')).toBe(true);
    expect(one).toBe(same);
    for (const answer of news) expect(answer).toMatch(/^202 .*"status":"accepted"/);
    expect(await getOrder(app, shop, idOf(toListed))).toMatchObject({ status: 'final', outcome: 'blocked' });
    expect(
      await rows(
        `SELECT webhook_id AS id FROM webhook_messages WHERE webhook_id ~ '^msg_(known|listed|twice)' ORDER BY 1`,
      ),
    ).toEqual(['msg_known', 'msg_known_again', 'msg_listed', 'msg_twice_1', 'msg_twice_2'].map((id) => ({ id })));
    expect(await rows('SELECT 1 FROM orders WHERE order_id = $1', [idOf(twice)])).toHaveLength(1);
    expect((await postOrder(app, shop, toListed, { id: 'msg_listed' })).status).toBe(202);
  });

  it('are stored one by one when they cannot be stored together', async () => {
    // Refuses one of them, whatever it comes with.
    const wrong = fresh();
    await rows(
      `CREATE FUNCTION refuse_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
         IF NEW.order_id = '${idOf(wrong)}' THEN RAISE EXCEPTION 'no' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$`,
    );
    await rows('CREATE TRIGGER refuse_one BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse_one()');
    try {
      const answers = await Promise.all(
        [wrong, ...Array.from({ length: 10 }, () => fresh())].map((one) => postOrder(app, shop, one)),
      );
      expect(answers.map(({ status }) => status)).toEqual([500, ...Array.from({ length: 10 }, () => 202)]);
    } finally {
      await rows('DROP TRIGGER refuse_one ON orders');
    }
    expect((await postOrder(app, shop, wrong)).status).toBe(202);
  });
});
