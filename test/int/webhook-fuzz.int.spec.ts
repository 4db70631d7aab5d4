import fc from 'fast-check';
import { request, Agent } from 'node:http';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.js';
import { createShop, orderCreated, signed, type TestShop } from '../support/shop-client.js';

// Whatever is sent to the webhook over real HTTP, the answer is a 202 or a refusal that says what is wrong, and the server goes on. `FUZZ_REQUESTS` and
// `FUZZ_SECONDS` make the run larger, `FUZZ_SEED` repeats one.

const REQUESTS = Number(process.env['FUZZ_REQUESTS'] ?? 2_000);
const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 15);
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 2 ** 31);
const AT_ONCE = 16;

interface Sent {
  readonly shop: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Signed rightly, with the headers laid over. */
  readonly isSigned: boolean;
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly text: string;
}

let app: TestApp;
let shop: TestShop;
const sockets = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

beforeAll(async () => {
  app = await startTestApp({ roles: ['api'], env: { SHOP_WEBHOOKS_PER_SECOND: '100000' } });
  shop = await createShop(app, 'fuzz');
}, 60_000);
afterAll(async () => {
  sockets.destroy();
  await app.close();
}, 60_000);

/** Texts that have been trouble somewhere: control characters, lone surrogates, direction marks, digits of other scripts, commands, keys of objects. */
const nasty = fc.constantFrom(
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e+380671234567',
  '＋３８０６７１２３４５６７',
  '+380671234567;maddr=1.2.3.4',
  '+380671234567\r\nX: 1',
  '__proto__',
  'constructor',
  '${SHELL(id)}',
  "'; DROP TABLE orders; --",
  "=cmd|'/c calc'!A1",
  '<script>',
  '112',
  '1e999',
  '-0',
  'NaN',
  '9'.repeat(400),
  '👩‍👩‍👧'.repeat(50),
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:60Z',
  '2026-02-30T00:00:00Z',
  'Europe/Nowhere',
  'UAH ',
  'x'.repeat(10_001),
);
const strings = fc.oneof(nasty, fc.string({ unit: 'binary', maxLength: 40 }), fc.string({ maxLength: 20 }));
const scalars = fc.oneof(
  strings,
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double(),
  fc.constantFrom(1e308, -1, 2 ** 53, 10_000_000_000),
);
const values = fc.oneof(
  { maxDepth: 3 },
  scalars,
  fc.array(scalars, { maxLength: 5 }),
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(
    {},
    [],
    [[]],
    { __proto__: null, toString: 1 },
    Array.from({ length: 1_000 }, () => ({ name: 'x', quantity: 1 })),
  ),
);

const FIELDS = [
  'orderId',
  'version',
  'registeredAt',
  'customer',
  'items',
  'total',
  'payment',
  'delivery',
  'source',
  'priority',
  'confirmBy',
  'comment',
  'metadata',
  'customer.name',
  'customer.phone',
  'customer.language',
  'customer.timeZone',
  'customer.email',
  'total.amount',
  'total.currency',
  'items.0',
  'items.0.name',
  'items.0.quantity',
  'items.0.unitPrice',
  'items.0.group',
  'delivery.slot',
  'delivery.address',
  'payment.paid',
  'source.channel',
  'metadata.any',
  'unknown',
  'customer.isAdmin',
];

type Json = Record<string, unknown>;

function put(into: Json, path: string, value: unknown): void {
  const names = path.split('.');
  const last = names.pop() ?? '';
  let at: Json = into;
  for (const name of names) {
    const next = at[name];
    if (typeof next !== 'object' || next === null) return;
    at = next as Json;
  }
  // A copy: the same value may be put into itself otherwise.
  at[last] = structuredClone(value);
}

/** A whole order with some fields replaced by anything. */
const mutated = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...FIELDS), values), { maxLength: 4 }),
    fc.array(fc.tuple(fc.constantFrom('type', 'timestamp', 'data', 'more'), values), { maxLength: 1 }),
    fc.constantFrom('order.created', 'order.updated', 'order.cancelled'),
  )
  .map(([fields, envelope, type]) => {
    const message = structuredClone(orderCreated()) as unknown as Json;
    message['type'] = type;
    for (const [path, value] of fields) put(message['data'] as Json, path, value);
    for (const [name, value] of envelope) message[name] = value;
    return JSON.stringify(message);
  });

/** Bytes cut, doubled, or replaced. */
const damaged = fc
  .tuple(
    mutated,
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'add', 'end')), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([text, damages]) => {
    let bytes = Buffer.from(text);
    for (const [where, byte, how] of damages) {
      const at = bytes.length === 0 ? 0 : where % bytes.length;
      if (how === 'set') bytes[at] = byte;
      if (how === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
      if (how === 'add') bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at)]);
      if (how === 'end') bytes = bytes.subarray(0, at);
    }
    return bytes;
  });

const bodies: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: mutated.map((text) => Buffer.from(text)) },
  { weight: 3, arbitrary: damaged },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)) },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 1, max: 30_000 })
      .map((depth) => Buffer.from('['.repeat(depth) + ']'.repeat(depth % 7))),
  },
);

/** What a header may hold on the wire: anything but control characters. */
const headerText = fc.string({
  maxLength: 60,
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code === 0x7f ? 0x7e : code)),
});
const headers: fc.Arbitrary<Record<string, string | string[]>> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  {
    weight: 3,
    arbitrary: fc.dictionary(
      fc.constantFrom(
        'webhook-id',
        'webhook-timestamp',
        'webhook-signature',
        'content-type',
        'content-encoding',
        'traceparent',
        'x-forwarded-for',
        'accept',
        'authorization',
        'cookie',
      ),
      fc.oneof(headerText, fc.array(headerText, { minLength: 2, maxLength: 3 })),
      { maxKeys: 3 },
    ),
  },
);

const requests: fc.Arbitrary<Sent> = fc.record({
  shop: fc.oneof(
    { weight: 12, arbitrary: fc.constant('fuzz') },
    { weight: 1, arbitrary: strings.map((text) => encodeURIComponent(Buffer.from(text).toString())) },
  ),
  body: bodies,
  headers,
  isSigned: fc.oneof({ weight: 12, arbitrary: fc.constant(true) }, fc.constant(false)),
});

function send(sent: Sent): Promise<Answer> {
  const own = { 'content-type': 'application/json', ...(sent.isSigned ? signed(shop.webhookSecret, sent.body) : {}) };
  return new Promise((resolve, reject) => {
    const call = request(`${app.url}/v1/shops/${sent.shop}/orders`, {
      method: 'POST',
      agent: sockets,
      headers: { ...own, ...sent.headers, 'content-length': String(sent.body.length) },
    });
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, contentType: response.headers['content-type'] ?? '', text }),
      );
    });
    call.on('error', reject);
    call.end(sent.body);
  });
}

/** What is wrong with an answer; null: nothing. */
function complaint({ status, contentType, text }: Answer): string | null {
  if (status === 202) return null;
  if (status < 400 || status >= 500) return `status ${status}`;
  if (!/^application\/problem\+json/.test(contentType)) return `${status} as ${contentType}`;
  if (/ at .*\.(ts|js):|node_modules|whsec_/.test(text)) return `${status} tells of its inside`;
  const problem = JSON.parse(text) as {
    status?: unknown;
    title?: unknown;
    errors?: { pointer?: unknown; detail?: unknown }[];
  };
  if (problem.status !== status || typeof problem.title !== 'string') return `${status} is no problem document`;
  if (status !== 422) return null;
  const errors = problem.errors ?? [];
  const isNamed =
    errors.length > 0 &&
    errors.every(({ pointer, detail }) => typeof pointer === 'string' && typeof detail === 'string');
  return isNamed ? null : '422 names no field';
}

it(
  'answers whatever comes with a 202 or a refusal that says why, and goes on',
  async () => {
    const until = performance.now() + SECONDS * 1_000;
    const statuses = new Map<number, number>();
    const took: number[] = [];
    let count = 0;
    let round = 0;
    while (count < REQUESTS && performance.now() < until) {
      const batch = fc.sample(requests, { numRuns: Math.min(AT_ONCE * 4, REQUESTS - count), seed: SEED + round++ });
      let next = 0;
      const worker = async (): Promise<void> => {
        for (let sent = batch[next++]; sent !== undefined; sent = batch[next++]) {
          const from = performance.now();
          const answer = await send(sent);
          took.push(performance.now() - from);
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          const wrong = complaint(answer);
          if (wrong !== null) {
            const given = {
              shop: sent.shop,
              headers: sent.headers,
              isSigned: sent.isSigned,
              body: sent.body.toString('base64').slice(0, 4_000),
            };
            throw new Error(
              `seed ${SEED}, round ${round}: ${wrong}: ${answer.text.slice(0, 500)} for ${JSON.stringify(given)}`,
            );
          }
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      count += batch.length;
    }
    took.sort((a, b) => a - b);
    const seen = [...statuses].sort(([a], [b]) => a - b).map(([status, n]) => `${status}: ${n}`);
    console.log(
      `webhook fuzz: ${count} requests, seed ${SEED}; ${seen.join(', ')}; p50 ${took[count >> 1]?.toFixed(1)} ms, p99 ${took[Math.floor(count * 0.99)]?.toFixed(1)} ms`,
    );
    // The generator has to reach behind each check, or it proves nothing of what stands there.
    for (const status of [202, 400, 401, 415, 422])
      expect(statuses.get(status) ?? 0, `answers ${status}`).toBeGreaterThan(0);
    expect((await fetch(`${app.url}/health/live`)).status).toBe(200);
    expect(app.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  },
  SECONDS * 1_000 + 60_000,
);
