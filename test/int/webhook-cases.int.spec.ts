import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Transactions } from '../../src/platform/database/transaction.js';
import { startTestApp, type TestApp } from '../support/app.js';
import { createShop, orderCreated, signed, type TestShop } from '../support/shop-client.js';

/** One webhook and the status that must answer it. `data` is laid over a whole order; `body` replaces it. Without `isUnsigned` the bytes are signed rightly. */
interface Case {
  readonly name: string;
  readonly status: number;
  readonly data?: Record<string, unknown>;
  readonly message?: Record<string, unknown>;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string | string[] | undefined>;
  readonly sign?: { id?: string; agoSeconds?: number };
  readonly isUnsigned?: boolean;
  readonly shop?: string;
  /** Each must be named. */
  readonly pointers?: readonly string[];
}

const at = (seconds: number) => new Date(Date.now() + seconds * 1000);
const iso = (seconds: number) => at(seconds).toISOString();
const text = (data: Record<string, unknown> = {}) => JSON.stringify(orderCreated(data));
/** The text of an order with a piece of raw JSON put in as the first member of `data`. */
const raw = (piece: string) => text().replace('"data":{', `"data":{${piece},`);
const phone = (value: unknown, status: number): Case => ({
  name: `phone ${JSON.stringify(value)}`,
  status,
  data: { customer: { phone: value } },
  ...(status === 422 ? { pointers: ['/data/customer/phone'] } : {}),
});
const wrong = (name: string, data: Record<string, unknown>, ...pointers: string[]): Case => ({
  name,
  status: 422,
  data,
  pointers,
});
const total = (amount: unknown, currency: unknown = 'UAH') => ({ total: { amount, currency }, items: null });

const cases: Case[] = [
  // What is right.
  { name: 'the example of the contract', status: 202 },
  {
    name: 'only what is required',
    status: 202,
    message: { timestamp: undefined },
    body: JSON.stringify({
      type: 'order.created',
      data: { orderId: 'min-1', customer: { phone: '+380671234567' }, total: { amount: '0.00', currency: 'UAH' } },
    }),
  },
  {
    name: 'null for everything optional',
    status: 202,
    data: {
      version: null,
      registeredAt: null,
      items: null,
      payment: null,
      delivery: null,
      source: null,
      priority: null,
      comment: null,
      metadata: null,
      customer: { name: null, phone: '+380671234567', language: null, timeZone: null },
    },
  },
  { name: 'charset utf-8', status: 202, headers: { 'content-type': 'application/json; charset=utf-8' } },
  { name: 'charset UTF-8 in quotes', status: 202, headers: { 'content-type': 'Application/JSON;charset="UTF-8"' } },
  {
    name: 'line feeds and emoji in a name',
    status: 202,
    data: { customer: { name: 'Іван\r\nІванов 👩‍👩‍👧', phone: '+380671234567' } },
  },
  {
    name: 'texts that look like commands',
    status: 202,
    data: { comment: "${SHELL(id)}, =cmd|'/c calc'!A1 <script>alert(1)</script> '; DROP TABLE orders; --" },
  },
  { name: 'an empty list of items', status: 202, data: { items: [] } },
  { name: 'a number of yen', status: 202, data: total('15999', 'JPY') },
  { name: 'a number of dinars', status: 202, data: total('1.234', 'KWD') },
  { name: 'an update of an unknown order', status: 202, message: { type: 'order.updated' }, data: { version: 2 } },
  {
    name: 'a cancel of an unknown order',
    status: 202,
    body: JSON.stringify({
      type: 'order.cancelled',
      timestamp: iso(0),
      data: { orderId: 'cancel-1', version: 2, reason: null },
    }),
  },
  { name: 'registered 299 s ahead', status: 202, data: { registeredAt: iso(299) } },
  { name: 'registered in 2000', status: 202, data: { registeredAt: '2000-01-01T00:00:00Z' } },
  { name: 'an escaped text', status: 202, body: text().replace('black-friday', '\\u0062lack-friday') },
  { name: 'white space around', status: 202, body: ` \n${text()}\n\t ` },
  { name: 'signed 298 s ago', status: 202, sign: { agoSeconds: 298 } },
  { name: 'signed 299 s ahead', status: 202, sign: { agoSeconds: -299 } },
  { name: 'an id with a dot', status: 202, sign: { id: `msg.${randomUUID()}` } },
  { name: 'a priority of 9 and a deadline', status: 202, data: { priority: 9, confirmBy: iso(3600) } },

  // 413, before everything else.
  { name: 'a byte more than 65,536', status: 413, body: 'x'.repeat(65_537), isUnsigned: true },
  { name: '10 MB', status: 413, body: Buffer.alloc(10_000_000, 0x20), isUnsigned: true },
  {
    name: 'too large, unknown shop, wrong type',
    status: 413,
    body: 'x'.repeat(70_000),
    isUnsigned: true,
    shop: 'nobody',
    headers: { 'content-type': 'text/plain' },
  },
  {
    name: '65,536 bytes exactly',
    status: 202,
    body: text().padEnd(65_536 - (Buffer.byteLength(text()) - text().length), ' '),
  },

  // 415, before 401.
  { name: 'text/plain', status: 415, headers: { 'content-type': 'text/plain' }, isUnsigned: true },
  { name: 'no content type', status: 415, headers: { 'content-type': undefined }, isUnsigned: true },
  { name: 'a form', status: 415, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
  { name: 'another charset', status: 415, headers: { 'content-type': 'application/json; charset=latin1' } },
  { name: 'two charsets', status: 415, headers: { 'content-type': 'application/json; charset=utf-8; charset=utf-16' } },
  { name: 'problem+json', status: 415, headers: { 'content-type': 'application/problem+json' } },
  { name: 'gzip', status: 415, body: gzipSync(text()), headers: { 'content-encoding': 'gzip' } },
  {
    name: 'a zip bomb',
    status: 415,
    body: gzipSync(Buffer.alloc(10_000_000)),
    headers: { 'content-encoding': 'gzip' },
    isUnsigned: true,
  },
  { name: 'brotli by name only', status: 415, headers: { 'content-encoding': 'br' } },
  { name: 'identity', status: 415, headers: { 'content-encoding': 'identity' } },

  // 401, before 400.
  { name: 'no headers', status: 401, isUnsigned: true },
  { name: 'no headers and no JSON', status: 401, isUnsigned: true, body: '{' },
  { name: 'an unknown shop', status: 401, shop: 'nobody' },
  { name: 'a shop that cannot be', status: 401, shop: '%00%0a' },
  { name: 'a shop called __proto__', status: 401, shop: '__proto__' },
  { name: 'the secret of another shop', status: 401, shop: 'cases-other' },
  { name: 'an empty signature', status: 401, headers: { 'webhook-signature': '' } },
  { name: 'an empty id', status: 401, headers: { 'webhook-id': '' } },
  { name: 'another id', status: 401, headers: { 'webhook-id': 'msg_other' } },
  { name: 'two ids', status: 401, headers: { 'webhook-id': ['msg_a', 'msg_b'] } },
  { name: 'two timestamps', status: 401, headers: { 'webhook-timestamp': ['1', '2'] } },
  { name: 'a timestamp of 0', status: 401, headers: { 'webhook-timestamp': '0' } },
  { name: 'a timestamp in milliseconds', status: 401, headers: { 'webhook-timestamp': String(Date.now()) } },
  { name: 'a timestamp of 1e400', status: 401, headers: { 'webhook-timestamp': '1e400' } },
  { name: 'signed 302 s ago', status: 401, sign: { agoSeconds: 302 } },
  { name: 'signed 305 s ahead', status: 401, sign: { agoSeconds: -305 } },
  {
    name: 'the signature of other bytes',
    status: 401,
    headers: signed(`whsec_${Buffer.alloc(32, 9).toString('base64')}`, text()),
  },
  {
    name: '50 wrong signatures',
    status: 401,
    headers: {
      'webhook-signature': Array(50)
        .fill(`v1,${Buffer.alloc(32).toString('base64')}`)
        .join(' '),
    },
  },

  // 400, before 409 and 422.
  { name: 'an empty body', status: 400, body: '' },
  { name: 'not JSON', status: 400, body: '{"type":' },
  { name: 'trailing garbage', status: 400, body: `${text()}x` },
  { name: 'two documents', status: 400, body: `${text()}\n${text()}` },
  { name: 'a byte order mark', status: 400, body: `\ufeff${text()}` },
  { name: 'UTF-16', status: 400, body: Buffer.from(text(), 'utf16le') },
  {
    name: 'invalid UTF-8',
    status: 400,
    body: Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]),
  },
  { name: 'Latin-1', status: 400, body: Buffer.from('{"type":"é"}', 'latin1') },
  { name: 'a key twice', status: 400, body: raw('"orderId":"twice"') },
  { name: 'a key twice in metadata, escaped', status: 400, body: text().replace('"any":', '"any":"x","\\u0061ny":') },
  { name: '__proto__', status: 400, body: raw('"__proto__":{"isAdmin":true}') },
  { name: '__proto__ in metadata', status: 400, body: text().replace('"any":', '"__proto__":') },
  { name: 'a depth bomb', status: 400, body: '['.repeat(20_000) + ']'.repeat(20_000) },
  { name: 'a depth bomb of objects', status: 400, body: `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}` },
  { name: 'a raw NUL', status: 400, body: text({ comment: 'x' }).replace('"x"', '"\u0000"') },
  { name: 'NaN', status: 400, body: raw('"priority2":NaN') },

  // 422: the envelope.
  { name: 'null', status: 422, body: 'null', pointers: [''] },
  { name: 'a list', status: 422, body: '[]', pointers: [''] },
  { name: 'a text', status: 422, body: '"order"', pointers: [''] },
  { name: 'a number', status: 422, body: '1e308', pointers: [''] },
  { name: 'nothing in it', status: 422, body: '{}', pointers: ['/type', '/data'] },
  { name: 'an unknown type', status: 422, message: { type: 'order.deleted' }, pointers: ['/type'] },
  { name: 'a type of another type', status: 422, message: { type: ['order.created'] }, pointers: ['/type'] },
  { name: 'an unknown field', status: 422, message: { extra: 1 }, pointers: ['/extra'] },
  { name: 'a wrong timestamp', status: 422, message: { timestamp: 'yesterday' }, pointers: ['/timestamp'] },
  { name: 'data as a list', status: 422, message: { data: [] }, pointers: ['/data'] },
  { name: 'data as a text', status: 422, message: { data: 'x' }, pointers: ['/data'] },
  { name: 'data as null', status: 422, message: { data: null }, pointers: ['/data'] },
  {
    name: 'a timestamp far ahead that stands in for the registration',
    status: 422,
    message: { timestamp: iso(400) },
    data: { registeredAt: null },
    pointers: ['/timestamp'],
  },
  {
    name: 'an update without a version',
    status: 422,
    message: { type: 'order.updated' },
    data: { version: null },
    pointers: ['/data/version'],
  },
  {
    name: 'a cancel without a version',
    status: 422,
    body: '{"type":"order.cancelled","data":{"orderId":"x"}}',
    pointers: ['/data/version'],
  },
  {
    name: 'a cancel with the fields of an order',
    status: 422,
    body: '{"type":"order.cancelled","data":{"orderId":"x","version":2,"total":{}}}',
    pointers: ['/data/total'],
  },
  {
    name: 'a cancel with a long reason',
    status: 422,
    body: JSON.stringify({ type: 'order.cancelled', data: { orderId: 'x', version: 2, reason: 'x'.repeat(501) } }),
    pointers: ['/data/reason'],
  },

  // 422: the order.
  wrong('no order id', { orderId: null }, '/data/orderId'),
  wrong('an empty order id', { orderId: '' }, '/data/orderId'),
  wrong('a long order id', { orderId: 'x'.repeat(65) }, '/data/orderId'),
  wrong('an order id with a slash', { orderId: 'a/b' }, '/data/orderId'),
  wrong('an order id with a line feed', { orderId: 'a\n' }, '/data/orderId'),
  wrong('an order id as a number', { orderId: 1001 }, '/data/orderId'),
  wrong('version 0', { version: 0 }, '/data/version'),
  wrong('version 1.5', { version: 1.5 }, '/data/version'),
  wrong('version "2"', { version: '2' }, '/data/version'),
  wrong('version 2^31', { version: 2 ** 31 }, '/data/version'),
  wrong('version 1e308', { version: 1e308 }, '/data/version'),
  wrong('registered 310 s ahead', { registeredAt: iso(310) }, '/data/registeredAt'),
  wrong('registered in the year 1', { registeredAt: '0001-01-01T00:00:00Z' }, '/data/registeredAt'),
  wrong('registered in the year 9999', { registeredAt: '9999-12-31T23:59:59Z' }, '/data/registeredAt'),
  wrong('registered on 30 February', { registeredAt: '2026-02-30T00:00:00Z' }, '/data/registeredAt'),
  wrong('registered without an offset', { registeredAt: '2026-11-22T09:59:58' }, '/data/registeredAt'),
  wrong('registered as a number', { registeredAt: 1_763_805_600 }, '/data/registeredAt'),
  wrong('no customer', { customer: null }, '/data/customer'),
  wrong('a customer as a list', { customer: ['+380671234567'] }, '/data/customer'),
  wrong('an unknown field of the customer', { customer: { phone: '+380671234567', vip: true } }, '/data/customer/vip'),
  wrong(
    'a name of 10,000 characters',
    { customer: { name: 'x'.repeat(10_000), phone: '+380671234567' } },
    '/data/customer/name',
  ),
  wrong('a name as an object', { customer: { name: { first: 'x' }, phone: '+380671234567' } }, '/data/customer/name'),
  wrong('NUL in a name', { customer: { name: 'a\u0000b', phone: '+380671234567' } }, '/data/customer/name'),
  wrong(
    'an escape character in a name',
    { customer: { name: 'a\u001b[31m', phone: '+380671234567' } },
    '/data/customer/name',
  ),
  {
    name: 'half a surrogate pair in a comment',
    status: 422,
    body: text({ comment: 'HALF' }).replace('HALF', '\\ud83d'),
    pointers: ['/data/comment'],
  },
  wrong(
    'a language that is none',
    { customer: { phone: '+380671234567', language: 'ukrainian_lang' } },
    '/data/customer/language',
  ),
  wrong(
    'a zone that is none',
    { customer: { phone: '+380671234567', timeZone: 'Europe/Atlantis' } },
    '/data/customer/timeZone',
  ),
  wrong(
    'an offset for a zone',
    { customer: { phone: '+380671234567', timeZone: '+02:00' } },
    '/data/customer/timeZone',
  ),
  wrong(
    'a mail address that is none',
    { customer: { phone: '+380671234567', email: 'olena' } },
    '/data/customer/email',
  ),
  wrong('no total', { total: null }, '/data/total'),
  wrong('a total as a text', { total: '15999.00' }, '/data/total'),
  wrong('a negative amount', total('-1.00'), '/data/total/amount'),
  wrong('an amount as a number', total(15999), '/data/total/amount'),
  wrong('NaN as an amount', total('NaN'), '/data/total/amount'),
  wrong('an amount with an exponent', total('1e3'), '/data/total/amount'),
  wrong('an amount with a comma', total('1,00'), '/data/total/amount'),
  wrong('three digits of hryvnia', total('1.000'), '/data/total/amount'),
  wrong('digits of yen', total('1.00', 'JPY'), '/data/total/amount'),
  wrong('an unknown currency', total('1.00', 'XXQ'), '/data/total/currency'),
  wrong('a currency in small letters', total('1.00', 'uah'), '/data/total/currency'),
  wrong(
    'an unknown field of the total',
    { total: { amount: '1.00', currency: 'UAH', tax: '0.20' } },
    '/data/total/tax',
  ),
  wrong('items as an object', { items: { 0: {} } }, '/data/items'),
  wrong('an item as a list', { items: [[]] }, '/data/items/0'),
  wrong('an item as null', { items: [null] }, '/data/items/0'),
  wrong(
    'a wrong third item',
    { items: [{}, {}, { quantity: '1', price: 1 }] },
    '/data/items/2/quantity',
    '/data/items/2/price',
  ),
  wrong('201 items', { items: Array(201).fill({}) }, '/data/items'),
  wrong('10,000 items', { items: Array(10_000).fill(0) }, '/data/items'),
  wrong('a quantity of 0', { items: [{ quantity: 0 }] }, '/data/items/0/quantity'),
  wrong('a negative quantity', { items: [{ quantity: -1 }] }, '/data/items/0/quantity'),
  wrong('a quantity of 1e308', { items: [{ quantity: 1e308 }] }, '/data/items/0/quantity'),
  wrong('a unit price that is none', { items: [{ unitPrice: 'free' }] }, '/data/items/0/unitPrice'),
  wrong('paid as a text', { payment: { paid: 'no' } }, '/data/payment/paid'),
  wrong('a slot that is none', { delivery: { slot: 'tomorrow' } }, '/data/delivery/slot'),
  wrong(
    'a slot that ends before it starts',
    { delivery: { slot: '2026-11-23T12:00Z/2026-11-23T10:00Z' } },
    '/data/delivery/slot',
  ),
  wrong('an unknown field of the delivery', { delivery: { floor: 3 } }, '/data/delivery/floor'),
  wrong('an unknown field of the source', { source: { referrer: 'x' } }, '/data/source/referrer'),
  wrong('priority 10', { priority: 10 }, '/data/priority'),
  wrong('priority -1', { priority: -1 }, '/data/priority'),
  wrong('priority true', { priority: true }, '/data/priority'),
  wrong('a deadline that is none', { confirmBy: 'soon' }, '/data/confirmBy'),
  wrong('a comment of 2,001 characters', { comment: 'x'.repeat(2_001) }, '/data/comment'),
  wrong('a number in metadata', { metadata: { a: 1 } }, '/data/metadata'),
  wrong('null in metadata', { metadata: { a: null } }, '/data/metadata'),
  wrong('an object in metadata', { metadata: { a: {} } }, '/data/metadata'),
  wrong('metadata as a list', { metadata: ['a'] }, '/data/metadata'),
  wrong(
    '51 keys of metadata',
    { metadata: Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`k${n}`, ''])) },
    '/data/metadata',
  ),
  wrong('a long value of metadata', { metadata: { a: 'x'.repeat(501) } }, '/data/metadata'),
  wrong('constructor', { constructor: { prototype: { isAdmin: true } } }, '/data/constructor'),
  wrong(
    'toString and hasOwnProperty',
    { toString: 1, customer: { phone: '+380671234567', hasOwnProperty: 1 } },
    '/data/toString',
    '/data/customer/hasOwnProperty',
  ),
  wrong('a field with a slash and a tilde', { 'a/b~c': 1 }, '/data/a~1b~0c'),

  // Telephone numbers (the shop is in Ukraine).
  phone('067 123 45 67', 202),
  phone('(067) 123-45-67', 202),
  phone('380671234567', 202),
  phone('+79161234567', 202),
  phone(null, 422),
  phone('', 422),
  phone(380671234567, 422),
  phone('112', 422),
  phone('101', 422),
  phone('911', 422),
  phone('+380112', 422),
  phone('+380900123456', 422),
  phone('+19005551234', 422),
  phone('+447012345678', 422),
  phone('+881612345678', 422),
  phone('+870773123456', 422),
  phone('+979123456789', 422),
  phone('+38067123456', 422),
  phone('+380671234567890', 422),
  phone('+３８０６７１２３４５６７', 422),
  phone('\u200e+380671234567', 422),
  phone('+380671234567;maddr=10.0.0.1', 422),
  phone('+380671234567;ext=1', 422),
  phone('+380671234567 ext 1', 422),
  phone('+380671234567@evil.example', 422),
  phone('+380671234567&PJSIP/other', 422),
  phone('+380671234567\r\nVia: x', 422),
  phone('0-800-FLOWERS', 422),
  phone('sip:+380671234567', 422),
  phone('+380'.padEnd(40, '1'), 422),
];

let app: TestApp;
let shop: TestShop;
let stored = 0;

const count = async (table: string): Promise<number> => {
  const rows = (await app.get(Transactions).read((tx) => tx.query(`SELECT count(*)::int AS n FROM ${table}`))) as {
    n: number;
  }[];
  return rows[0]?.n ?? -1;
};

function post(
  path: string,
  headers: Record<string, string | string[] | undefined>,
  body: Buffer,
): Promise<{ status: number; contentType: string; text: string }> {
  return new Promise((resolve, reject) => {
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
      string,
      string | string[]
    >;
    const call = request(`${app.url}${path}`, {
      method: 'POST',
      headers: { ...given, 'content-length': String(body.length) },
      agent: false,
    });
    call.on('response', (response) => {
      let answer = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (answer += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'] ?? '',
          text: answer,
        }),
      );
    });
    // A refusal before the end of a large body resets the connection; the answer is there all the same.
    call.on('error', (error) => setTimeout(() => reject(error), 200));
    call.end(body);
  });
}

beforeAll(async () => {
  app = await startTestApp({ roles: ['api'] });
  shop = await createShop(app, 'cases');
  await createShop(app, 'cases-other');
}, 60_000);
afterAll(() => app.close(), 60_000);

describe('webhook cases', () => {
  it.each(cases.map((entry) => [entry.status, entry.name, entry] as const))('%i %s', async (status, _name, entry) => {
    const message = entry.body ?? JSON.stringify({ ...orderCreated(entry.data), ...entry.message });
    const body = Buffer.from(message as string);
    const signature =
      entry.isUnsigned === true
        ? {}
        : signed(shop.webhookSecret, body, { ...entry.sign, at: at(-(entry.sign?.agoSeconds ?? 0)) });
    const headers = { 'content-type': 'application/json', ...signature, ...entry.headers };
    const answer = await post(`/v1/shops/${entry.shop ?? shop.shop}/orders`, headers, body);
    expect({ status: answer.status, answer: answer.status === status ? '' : answer.text }).toEqual({
      status,
      answer: '',
    });
    if (status === 202) {
      stored++;
      return;
    }
    expect(answer.contentType).toMatch(/^application\/problem\+json/);
    const problem = JSON.parse(answer.text) as {
      status: number;
      title: string;
      errors?: { pointer: string; detail: string }[];
    };
    expect(problem).toMatchObject({ status, title: expect.any(String) as string });
    expect(answer.text).not.toMatch(/ at .*\.(ts|js):|node_modules|whsec_/);
    if (entry.pointers !== undefined) {
      expect(problem.errors?.map(({ pointer }) => pointer).sort()).toEqual([...entry.pointers].sort());
    }
  });

  it('stored what was accepted and nothing else', async () => {
    expect(await count('webhook_messages')).toBe(stored);
    expect(await count('orders')).toBe(stored);
    expect(await count(`outbox WHERE job = 'order.schedule'`)).toBe(stored - 1);
    expect(await count('order_timeline')).toBe(stored);
    expect(cases.length).toBeGreaterThanOrEqual(60);
    expect(app.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });

  it('gives one answer to all that are not let in', async () => {
    const body = Buffer.from(text());
    const good = signed(shop.webhookSecret, body);
    const attempts: [string, Record<string, string>][] = [
      ['nobody', good],
      ['cases', {}],
      ['cases', { ...good, 'webhook-signature': 'v1,AAAA' }],
      ['cases', signed(shop.webhookSecret, body, { at: at(-400) })],
      ['cases-other', good],
    ];
    const answers = [];
    for (const [name, headers] of attempts) {
      answers.push(await post(`/v1/shops/${name}/orders`, { 'content-type': 'application/json', ...headers }, body));
    }
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]?.status).toBe(401);
  });
});

describe('broken HTTP', () => {
  const head = (more: string) =>
    `POST /v1/shops/cases/orders HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${more}\r\n`;

  it.each([
    ['both lengths', head('content-length: 2\r\ntransfer-encoding: chunked\r\n') + '0\r\n\r\n', /^HTTP\/1\.1 400/],
    ['two lengths', head('content-length: 2\r\ncontent-length: 3\r\n') + '{}', /^HTTP\/1\.1 400/],
    ['a header of 100 kB', head(`x-large: ${'x'.repeat(100_000)}\r\n`), /^HTTP\/1\.1 431/],
    ['a chunk size that is none', head('transfer-encoding: chunked\r\n') + 'zz\r\n', /^HTTP\/1\.1 400/],
    [
      'chunks without an end, too many',
      head('transfer-encoding: chunked\r\n') + `fffff\r\n${'x'.repeat(0xfffff)}\r\n`,
      /^HTTP\/1\.1 413/,
    ],
    ['TRACE', 'TRACE /v1/shops/cases/orders HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', /^HTTP\/1\.1 4\d\d/],
    [
      'PUT',
      'PUT /v1/shops/cases/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n',
      /^HTTP\/1\.1 405/,
    ],
    [
      'h2c',
      'POST /v1/shops/cases/orders HTTP/1.1\r\nhost: x\r\nconnection: close, upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AA\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
      /^HTTP\/1\.1 4\d\d/,
    ],
  ])('%s', async (_name, bytes, expected) => {
    const answer = await new Promise<string>((resolve) => {
      let heard = '';
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => socket.write(bytes));
      const done = () => {
        socket.destroy();
        resolve(heard);
      };
      socket.setTimeout(3_000, done);
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
        if (heard.includes('\r\n\r\n')) done();
      });
      socket.on('error', done);
      socket.on('close', done);
    });
    expect(answer).toMatch(expected);
  });

  it('leaves the server well', async () => {
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    const body = text();
    const answer = await post(
      '/v1/shops/cases/orders',
      { 'content-type': 'application/json', ...signed(shop.webhookSecret, body) },
      Buffer.from(body),
    );
    expect(answer.status).toBe(202);
  });
});
