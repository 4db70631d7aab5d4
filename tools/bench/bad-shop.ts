import { writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import type { Sender } from './shop/signed-sender.js';
import { atRate, pause, round, spreadOf } from './stack/figures.js';
import { startVirtualService } from './virtual-service.js';

// What the write-backs of a good shop lose by a bad one beside it, whose endpoint drips its answers a byte at a time. Both are told as many outcomes in both
// states, which take turns. Then: how many write-backs a second the service does at most.
//   npm run bench:bad-shop -- --per-second 10 --seconds 15 --rounds 3 [--json bad-shop.json]

const { values } = parseArgs({
  options: {
    'per-second': { type: 'string', default: '10' },
    seconds: { type: 'string', default: '15' },
    rounds: { type: 'string', default: '3' },
    most: { type: 'string', default: '1000' },
    json: { type: 'string' },
  },
});
const [perSecond, seconds, rounds, most] = [values['per-second'], values.seconds, values.rounds, values.most].map(
  Number,
) as [number, number, number, number];
const STATES = ['both good', 'one bad'] as const;
type State = (typeof STATES)[number];
const DRIP_EVERY_MS = 400;
/** Exchanges that drip are cut by the service after 10 s, and tried again later: before the next turn they are over. */
const DRIPPED_MS = 12_000;
const MOST_LIMIT_MS = 60_000;
const say = (message: string): void => console.error(`bench: ${message}`);

let isBad = false;
/** By order: when its outcome came in at the good shop. */
const arrived = new Map<string, number>();
const endpoint = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    const { orderId } = (JSON.parse(text) as { data: { orderId: string } }).data;
    if (request.url === '/bad' && isBad) drip(response.writeHead(200));
    else {
      if (!arrived.has(orderId)) arrived.set(orderId, performance.now());
      response.end('ok');
    }
  });
});

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), DRIP_EVERY_MS);
  response.on('close', () => clearInterval(timer));
}

await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
const endpointUrl = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
const service = await startVirtualService('bad_shop', 'error', say);
const { client, sender, admin } = service;
const sentAt = new Map<string, number>();
let sent = 0;

/** A cancel whose create has not come is final at once, and the shop is told so: an outcome without a call. */
async function anOutcome(shop: Sender): Promise<string | null> {
  sent += 1;
  const orderId = `W-${sent}`;
  sentAt.set(orderId, performance.now());
  const data = { orderId, version: 1, reason: null };
  const { status } = await sender.post(shop, `msg_${sent}`, { type: 'order.cancelled', data });
  return status === 202 ? orderId : null;
}

try {
  const made = async (shop: string, path: string): Promise<Sender> => {
    const { body } = await admin.put<{ webhookSecret: string }>(`shops/${shop}`, {
      name: shop,
      timeZone: 'Europe/Kyiv',
      destinations: [{ name: 'main', url: `${endpointUrl}${path}`, events: ['order.outcome'] }],
    });
    return { shop, webhookSecret: body.webhookSecret };
  };
  const [good, bad] = [await made('good', '/good'), await made('bad', '/bad')];
  const took: Record<State, number[]> = { 'both good': [], 'one bad': [] };
  const missing: Record<State, number> = { 'both good': 0, 'one bad': 0 };
  await atRate(perSecond, perSecond * 3, () => anOutcome(good));
  for (let turn = 0; turn < rounds; turn += 1) {
    for (const state of STATES) {
      say(`${state}: ${perSecond} outcomes a second to each for ${seconds} s (round ${turn + 1} of ${rounds})`);
      isBad = state === 'one bad';
      const told: string[] = [];
      await atRate(perSecond, perSecond * seconds, async () => {
        const [orderId] = await Promise.all([anOutcome(good), anOutcome(bad)]);
        if (orderId !== null) told.push(orderId);
      });
      await pause(isBad ? DRIPPED_MS : 2_000);
      isBad = false;
      for (const orderId of told) {
        const at = arrived.get(orderId);
        if (at === undefined) missing[state] += 1;
        else took[state].push(at - (sentAt.get(orderId) ?? at));
      }
    }
  }
  await client.query(`UPDATE deliveries SET state = 'superseded' WHERE state = 'pending'`);
  say(`${most} outcomes at once`);
  const before = arrived.size;
  const beganMs = performance.now();
  await Promise.all(Array.from({ length: most }, () => anOutcome(good)));
  const allSentMs = performance.now() - beganMs;
  while (arrived.size < before + most && performance.now() - beganMs < MOST_LIMIT_MS) await pause(20);
  const allToldMs = performance.now() - beganMs;
  const spreads = { good: spreadOf(took['both good']), bad: spreadOf(took['one bad']) };
  const ratio = (of: 'p50' | 'p99'): number => round((spreads.bad[of] ?? 0) / (spreads.good[of] ?? 1), 2);
  console.log(
    '| the other shop | outcomes told | not told | cancel sent → outcome at the good shop, ms: p50 / p95 / p99 |',
  );
  console.log('| --- | --- | --- | --- |');
  for (const [name, { n, p50, p95, p99 }, lost] of [
    ['good', spreads.good, missing['both good']],
    ['drips', spreads.bad, missing['one bad']],
  ] as const)
    console.log(`| ${name} | ${n} | ${lost} | ${p50 ?? '–'} / ${p95 ?? '–'} / ${p99 ?? '–'} |`);
  console.log(`the bad one costs: p50 × ${ratio('p50')}, p99 × ${ratio('p99')}`);
  const perSecondToOne = round(((arrived.size - before) * 1_000) / allToldMs);
  console.log(
    `${arrived.size - before} of ${most} write-backs to one destination in ${round(allToldMs / 1_000)} s, their messages taken in meanwhile (${round(allSentMs / 1_000)} s): ${perSecondToOne} a second`,
  );
  if (values.json !== undefined)
    writeFileSync(
      values.json,
      `${JSON.stringify({ perSecond, seconds, rounds, spreads, missing, perSecondToOne }, null, 2)}\n`,
    );
} finally {
  await service.stop();
  endpoint.closeAllConnections();
  endpoint.close();
}
process.exit();
