import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { percentile } from '../../src/core/kpi/kpi.js';
import { anOrder, seededRandom } from '../demo-shop/demo-orders.js';
import { startNetwork, type Network } from '../dev-env/network.js';
import { VirtualAgent } from '../dev-env/virtual-agent.js';
import { BrowserDesk } from './browser-desk.js';
import { SipPhones, type SipPhone } from './sip-phones.js';

// How soon an agent hears the buyer, and sees the order, with browsers and SIP phones as agents side by side; all of it started here:
//   npm run bench:desks -- --browsers 3 --phones 17 --orders 120

const { values } = parseArgs({
  options: {
    browsers: { type: 'string', default: '3' },
    phones: { type: 'string', default: '17' },
    orders: { type: 'string', default: '120' },
    'talk-seconds': { type: 'string', default: '6' },
    'limit-seconds': { type: 'string', default: '180' },
  },
});
const talkMs = Number(values['talk-seconds']) * 1_000;
const folder = mkdtempSync(join(tmpdir(), 'desks-'));
const say = (message: string): void => console.error(`bench: ${message}`);
const logins = (kind: string, count: string): string[] =>
  Array.from({ length: Number(count) }, (_, i) => `${kind}${i + 1}`);
const inBrowsers = logins('desk', values.browsers);
const onPhones = logins('phone', values.phones);

interface Talk {
  readonly login: string;
  readonly phone: string;
  readonly callId: string;
  readonly connectedMs: number;
}

async function talksOf(network: Network, phoneOfOrder: ReadonlyMap<string, string>): Promise<Talk[]> {
  const client = new pg.Client({ connectionString: network.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ login: string; orderId: string; callId: string; connectedAt: Date }>(
    `SELECT a.login, o.order_id AS "orderId", c.id AS "callId", c.connected_at AS "connectedAt"
     FROM calls c JOIN agents a USING (agent_id) JOIN orders o ON o.id = c.order_ref WHERE c.connected_at IS NOT NULL AND c.ended_at IS NOT NULL`,
  );
  await client.end();
  return rows.map(({ orderId, connectedAt, ...row }) => ({
    ...row,
    phone: phoneOfOrder.get(orderId) ?? '',
    connectedMs: connectedAt.getTime(),
  }));
}

function spread(valuesMs: readonly number[]): object {
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const at = (share: number): number | null => {
    const value = percentile(sorted, share);
    return value === null ? null : Math.round(value);
  };
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: Math.round(sorted.at(-1) ?? 0) };
}

/** `unheard`: talks in which no sound was noticed. */
function heard(waitsMs: readonly (number | null)[]): object {
  const known = waitsMs.filter((waitMs) => waitMs !== null);
  return { ...spread(known), unheard: waitsMs.length - known.length };
}

const sip = await SipPhones.start();
const network = await startNetwork({
  folder,
  telephony: 'own-asterisk',
  phonesHost: sip.address,
  agents: [
    ...inBrowsers.map((login) => ({ login, name: login, connection: 'persistent' as const, phone: 'softphone' })),
    ...onPhones.map((login) => ({ login, name: login, connection: 'persistent' as const })),
  ],
  isTemporary: true,
  runId: `desks${process.pid}`,
  groupSettings: { wrapUpSeconds: 60 },
  shopSettings: { answeringMachine: 'off', maxConcurrentCalls: 100 },
  progress: say,
});
const virtual = network.agents
  .filter(({ login }) => onPhones.includes(login))
  .map(
    ({ login, password }) =>
      new VirtualAgent({
        apiUrl: network.apiUrl,
        login,
        password,
        talkMs: () => talkMs,
        decide: () => ({ outcome: 'confirmed' }),
      }),
  );
const desks: BrowserDesk[] = [];
try {
  for (const { login, password } of network.agents.filter((agent) => inBrowsers.includes(agent.login))) {
    desks.push(await BrowserDesk.start({ apiUrl: network.apiUrl, login, password, talkMs }));
    say(`${login} is ready`);
  }
  await Promise.all(virtual.map((agent) => agent.start()));
  say(`${virtual.length} phones are ready`);
  const random = seededRandom(1);
  const phoneOfOrder = new Map<string, string>();
  for (let i = 0; i < Number(values.orders); i += 1) {
    const phone = `+38067${String(20_000 + i)}${String(Math.floor(random() * 60)).padStart(2, '0')}`;
    phoneOfOrder.set(`D-${i}`, phone);
    await network.shop.sendOrder(anOrder({ orderId: `D-${i}`, phone, random }));
  }
  const until = Date.now() + Number(values['limit-seconds']) * 1_000;
  let talks: Talk[] = [];
  while (talks.length < Number(values.orders) && Date.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    talks = await talksOf(network, phoneOfOrder);
  }
  const records = new Map((network.telephony?.carrier?.callRecords() ?? []).map((record) => [record.number, record]));
  /** Of each talk of the agent; null where no sound began while they talked. */
  const waits = (login: string, { onsets }: SipPhone): (number | null)[] =>
    talks
      .filter((talk) => talk.login === login)
      .map(({ phone }) => {
        const answeredMs = records.get(phone)?.answeredAt?.getTime() ?? NaN;
        const heardMs = onsets.find((at) => at >= answeredMs && at - answeredMs <= talkMs);
        return heardMs === undefined ? null : heardMs - answeredMs;
      });
  const ofPhones = onPhones.map((login) => waits(login, sip.phone(`agent-${login}`)));
  const ofBrowsers = await Promise.all(desks.map(async (desk) => waits(desk.login, { onsets: await desk.onsets() })));
  const cards = (await Promise.all(desks.map((desk) => desk.cards()))).flat();
  console.log(
    JSON.stringify(
      {
        browsers: desks.length,
        phones: virtual.length,
        talks: talks.length,
        /** From the carrier's answer until sound; the simulated buyer says nothing in the first 200 ms. */
        answerToSoundMs: { browsers: heard(ofBrowsers.flat()), phones: heard(ofPhones.flat()) },
        /** From the bridge (`connectedAt`) on. */
        bridgeToCardMs: {
          told: spread(cards.map(({ toldMs, connectedMs }) => toldMs - connectedMs)),
          drawn: spread(cards.map(({ drawnMs, toldMs }) => drawnMs - toldMs)),
          onScreen: spread(cards.map(({ drawnMs, connectedMs }) => drawnMs - connectedMs)),
        },
      },
      null,
      2,
    ),
  );
} finally {
  await Promise.all([...virtual.map((agent) => agent.stop()), ...desks.map((desk) => desk.stop())]);
  await network.stop();
  sip.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
