import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, it } from 'vitest';
import { buildOrders, SPECIAL_ENDINGS, startDemoShop, type DemoShop } from './demo-shop.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const access = {
  apiUrl: 'http://127.0.0.1:1',
  shop: 'demo',
  apiKey: 'key',
  webhookSecret: secret,
  destinationSecrets: { shop: secret },
};
let shop: DemoShop | null = null;
let folder: string | null = null;

afterEach(async () => {
  await shop?.stop();
  shop = null;
  if (folder !== null) await rm(folder, { recursive: true });
  folder = null;
});

async function post(
  orderId: string,
  sequence: number,
  more: { id?: string; secret?: string; event?: string; data?: object } = {},
): Promise<Response> {
  const body = JSON.stringify({
    type: more.event ?? 'order.outcome',
    timestamp: new Date().toISOString(),
    data: { orderId, sequence, outcome: 'confirmed', ...more.data },
  });
  const id = more.id ?? `${orderId}-${sequence}`;
  const now = new Date();
  return fetch(shop!.destinationUrl('shop'), {
    method: 'POST',
    redirect: 'manual',
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(more.secret ?? secret).sign(id, now, body),
    },
  });
}

describe('orders', () => {
  it('are the same for the same seed, with numbers that are valid and all different', () => {
    const now = new Date('2026-11-22T10:00:00Z');
    const orders = buildOrders(400, 3, 'X-', now);
    expect(buildOrders(400, 3, 'X-', now)).toEqual(orders);
    expect(new Set(orders.map((order) => order.customer.phone)).size).toBe(400);
    for (const order of orders) {
      expect(parsePhoneNumberFromString(order.customer.phone)?.isValid()).toBe(true);
      const sum = order.items.reduce((total, item) => total + Number(item.unitPrice) * item.quantity, 0);
      expect(Number(order.total.amount)).toBe(sum);
    }
  });

  it('meet each kind of buyer in a run of twenty, most of whom answer', () => {
    const endings = buildOrders(20, 1).map((order) => order.customer.phone.slice(-2));
    expect(endings.filter((ending) => Number(ending) < 60)).toHaveLength(12);
    const { busy, declined, noAnswer, invalid, congestion, voicemail, hangsUpAtOnce, switchedOff } = SPECIAL_ENDINGS;
    for (const ending of [busy, declined, noAnswer, invalid, congestion, voicemail, hangsUpAtOnce, switchedOff])
      expect(endings).toContain(ending);
    const more = buildOrders(30, 1).map((order) => order.customer.phone.slice(-2));
    for (const ending of Object.values(SPECIAL_ENDINGS)) expect(more).toContain(ending);
  });
});

describe('write-backs', () => {
  it('are verified, logged and applied once', async () => {
    folder = await mkdtemp(join(tmpdir(), 'demo-shop-'));
    const ledgerFile = join(folder, 'ledger.jsonl');
    shop = await startDemoShop({ access, ledgerFile });
    shop.sendOrder(buildOrders(1, 1, 'A-')[0]!).catch(() => undefined);
    const waited = shop.waitForOutcome('A-0001', 5_000);
    expect((await post('A-0001', 1, { event: 'order.attempt', data: { result: 'busy' } })).status).toBe(200);
    expect((await post('A-0001', 1, { event: 'order.attempt', data: { result: 'busy' } })).status).toBe(200);
    expect((await post('A-0001', 2)).status).toBe(200);
    expect(await waited).toBe('confirmed');
    expect(
      shop.deliveries().map(({ sequence, isRepeat, isSignatureValid }) => [sequence, isRepeat, isSignatureValid]),
    ).toEqual([
      [1, false, true],
      [1, true, true],
      [2, false, true],
    ]);
    expect(shop.orders()[0]).toMatchObject({ attempts: ['busy'], outcome: 'confirmed' });
    expect(shop.problems()).toEqual([]);
    const lines = readFileSync(ledgerFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(lines.filter((line) => line.kind === 'received')).toHaveLength(3);
  });

  it('with a wrong signature or out of order are a problem', async () => {
    shop = await startDemoShop({ access });
    expect((await post('B', 1, { secret: `whsec_${Buffer.alloc(32, 8).toString('base64')}` })).status).toBe(401);
    await post('B', 3);
    await post('B', 2);
    expect(shop.problems()).toEqual([
      'shop B #1: the signature does not hold',
      'shop B #2: sent after #3 had been acknowledged',
    ]);
  });

  it('that came in order and were answered late are none', async () => {
    shop = await startDemoShop({ access });
    shop.behave(({ sequence }) => (sequence === 1 ? { delayMs: 200 } : null));
    const late = post('B', 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await post('B', 2);
    await late;
    expect(shop.deliveries().map(({ sequence }) => sequence)).toEqual([2, 1]);
    expect(shop.problems()).toEqual([]);
  });

  it('are refused, delayed, redirected or cut when told so', async () => {
    shop = await startDemoShop({ access });
    shop.failNext(1, 503, { headers: { 'retry-after': '2' } });
    shop.failNext(1, 302, { headers: { location: 'http://127.0.0.1:1/' }, destination: 'shop' });
    shop.failNext(1, 0);
    const first = await post('C', 1);
    expect([first.status, first.headers.get('retry-after')]).toEqual([503, '2']);
    expect((await post('C', 1)).status).toBe(302);
    await expect(post('C', 1)).rejects.toThrow();
    shop.behave((entry) => (entry.sequence === 2 ? { status: 410 } : null));
    expect((await post('C', 1)).status).toBe(200);
    expect((await post('C', 2)).status).toBe(410);
    expect(shop.deliveries().map((one) => one.status)).toEqual([503, 302, 0, 200, 410]);
  });
});

it('shows itself on a page that loads nothing from elsewhere', async () => {
  shop = await startDemoShop({ access });
  await post('D', 1);
  const page = await fetch(shop.url);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  expect(html).toContain('Demo shop');
  expect(html).not.toMatch(/https?:\/\//);
  expect(await (await fetch(`${shop.url}/state.json`)).json()).toMatchObject({ triesInAll: 1, problems: [] });
});
