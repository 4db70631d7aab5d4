import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startNetwork, type AgentPlan, type Network } from '../../dev-env/network.js';
import { VirtualAgent } from '../../dev-env/virtual-agent.js';
import { pause, round, spreadOf, type Spread } from './figures.js';
import { MinimalClient, type CallRun } from './minimal-client.js';
import { sendOrders } from './order-load.js';
import { cpuOf, memoryOf, metricOf } from './process-view.js';

export interface ServiceRun extends CallRun {
  /** From the order's acceptance to its INVITE at the carrier. */
  readonly orderToInviteMs: Spread;
  /** Outcomes that the shop acknowledged, a second. */
  readonly writeBacksPerSecond: number;
  /** From the order's last word to the shop's acknowledgement is not in here: only how many of the calls were told by the end. */
  readonly told: number;
  readonly memoryMb: number;
  /** Share of one core that the service's process used. */
  readonly cpuShare: number;
  readonly eventLoopP99Ms: number | null;
}

export interface CallFigures {
  readonly agents: number;
  readonly talkMs: number;
  readonly minimal: readonly CallRun[];
  readonly service: readonly ServiceRun[];
  /** Highest rate at which 99 of 100 calls were bridged, of each; null: none of those tried. */
  readonly minimalCarries: number | null;
  readonly serviceCarries: number | null;
}

export interface CallPlan {
  readonly agents: number;
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly talkMs: number;
  readonly say: (message: string) => void;
}

/** These endings answer after a second. */
const QUICK = ['00', '06', '12', '18', '24', '30', '36', '42', '48', '54'];
const CARRIED = 0.99;

/** Calls on a real Asterisk with a real trunk: first by the least client that could be, then by the service, at the same rates with as many agents. */
export async function measureCalls(plan: CallPlan): Promise<CallFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-calls-'));
  const people = Array.from({ length: plan.agents }, (_, i) => ({
    login: `load${i + 1}`,
    name: `Agent ${i + 1}`,
    connection: 'persistent' as const,
  }));
  const network = await startNetwork({
    folder,
    telephony: 'own-asterisk',
    agents: people,
    isTemporary: true,
    runId: `load${process.pid}`,
    groupSettings: { wrapUpSeconds: 60 },
    shopSettings: { answeringMachine: 'off', maxConcurrentCalls: 1_000 },
    logLevel: 'warn',
    progress: plan.say,
  });
  try {
    await network.admin.put('trunks/carrier', {
      endpoint: 'PJSIP/{number}@trunk',
      callerIds: ['+380441234567'],
      maxChannels: 1_000,
      callsPerSecond: Math.max(...plan.rates) * 2,
    });
    const minimal = await playMinimal(network, people, plan);
    const service = await playService(network, plan);
    return {
      agents: plan.agents,
      talkMs: plan.talkMs,
      minimal,
      service,
      minimalCarries: carries(minimal),
      serviceCarries: carries(service),
    };
  } finally {
    await network.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const carries = (runs: readonly CallRun[]): number | null =>
  runs
    .filter(({ bridged, calls }) => bridged >= calls * CARRIED)
    .reduce<number | null>((most, { placedPerSecond }) => Math.max(most ?? 0, placedPerSecond), null);

const phoneOf =
  (run: number) =>
  (i: number): string =>
    `+38067${String(run * 10_000 + i + 10_000).padStart(5, '0')}${QUICK[i % QUICK.length]!}`;

async function playMinimal(network: Network, people: readonly AgentPlan[], plan: CallPlan): Promise<CallRun[]> {
  const { telephony } = network;
  if (telephony === null) throw new Error('calls are measured on a real Asterisk');
  const ari = { url: telephony.ariUrl, username: telephony.ariUsername, password: telephony.ariPassword };
  const client = await MinimalClient.start(
    ari,
    people.map(({ login }) => `agent-${login}`),
  );
  const runs: CallRun[] = [];
  for (const perSecond of plan.rates) {
    plan.say(`minimal client: ${perSecond} calls a second for ${plan.seconds} s`);
    runs.push(await client.run({ ...plan, perSecond, phoneOf: phoneOf(0) }));
  }
  await client.stop();
  await pause(3_000);
  return runs;
}

async function playService(network: Network, plan: CallPlan): Promise<ServiceRun[]> {
  const agents = network.agents.map(
    ({ login, password }) =>
      new VirtualAgent({
        apiUrl: network.apiUrl,
        login,
        password,
        talkMs: () => plan.talkMs,
        decide: () => ({ outcome: 'confirmed' }),
      }),
  );
  const database = new pg.Client({ connectionString: network.databaseUrl });
  await database.connect();
  try {
    plan.say(`${agents.length} agents sign in`);
    await Promise.all(agents.map((agent) => agent.start()));
    const runs: ServiceRun[] = [];
    for (const [index, perSecond] of plan.rates.entries()) {
      plan.say(`service: ${perSecond} orders a second for ${plan.seconds} s`);
      runs.push(await playRate(network, database, plan, { perSecond, run: index + 1 }));
    }
    return runs;
  } finally {
    await database.end();
    await Promise.all(agents.map((agent) => agent.stop()));
  }
}

async function playRate(
  network: Network,
  database: pg.Client,
  plan: CallPlan,
  { perSecond, run }: { perSecond: number; run: number },
): Promise<ServiceRun> {
  const { pid } = network.app.process;
  const toldBefore = acknowledged(network);
  const [begin, cpuBefore] = [Date.now(), cpuOf(pid)];
  const phones = phoneOf(run);
  await sendOrders(
    { apiUrl: network.apiUrl, shop: network.shopName, webhookSecret: network.access.webhookSecret },
    { perSecond, seconds: plan.seconds, phoneOf: phones, prefix: `R${run}` },
  );
  const cpuShare = round((cpuOf(pid) - cpuBefore) / ((Date.now() - begin) / 1_000), 2);
  const memoryMb = memoryOf(pid);
  const page = await (await fetch(`${network.apiUrl}/metrics`)).text();
  const count = Math.round(perSecond * plan.seconds);
  const { calls, bridged, waits, seconds, atOnce } = await untilDone(database, `R${run}-%`, count);
  const acceptedAt = await acceptedTimes(database, `R${run}-%`);
  const invited = firstInvites(network);
  const toInvite = [...acceptedAt].flatMap(([phoneIndex, at]) => {
    const invitedAt = invited.get(phones(phoneIndex));
    return invitedAt === undefined ? [] : [invitedAt - at];
  });
  const told = acknowledged(network) - toldBefore;
  const lag = metricOf(page, 'nodejs_eventloop_lag_p99_seconds');
  return {
    offeredPerSecond: perSecond,
    calls: count,
    bridged,
    placedPerSecond: round(calls / seconds),
    answerToAgentMs: spreadOf(waits),
    atOnce,
    orderToInviteMs: spreadOf(toInvite),
    writeBacksPerSecond: round(told / ((Date.now() - begin) / 1_000)),
    told,
    memoryMb,
    cpuShare,
    eventLoopP99Ms: lag === null ? null : round(lag * 1_000),
  };
}

const acknowledged = (network: Network): number =>
  network.shop.deliveries().filter(({ status, isRepeat }) => status === 200 && !isRepeat).length;

/** Waits until the calls of these orders have ended, 60 s at most. */
async function untilDone(
  database: pg.Client,
  orders: string,
  count: number,
): Promise<{ calls: number; bridged: number; waits: number[]; seconds: number; atOnce: number }> {
  for (let i = 0; ; i += 1) {
    const { rows } = await database.query<{
      dialed: number;
      ended: number | null;
      answered: number | null;
      connected: number | null;
    }>(
      `SELECT extract(epoch FROM c.dialed_at)::float8 AS dialed, extract(epoch FROM c.ended_at)::float8 AS ended,
         extract(epoch FROM c.answered_at)::float8 AS answered, extract(epoch FROM c.connected_at)::float8 AS connected
       FROM calls c JOIN orders o ON o.id = c.order_ref WHERE o.order_id LIKE $1 AND c.dialed_at IS NOT NULL ORDER BY c.dialed_at`,
      [orders],
    );
    const isDone = rows.length >= count && rows.every(({ ended }) => ended !== null);
    if (!isDone && i < 60) {
      await pause(1_000);
      continue;
    }
    const waits = rows.flatMap(({ answered, connected }) =>
      answered === null || connected === null ? [] : [(connected - answered) * 1_000],
    );
    const first = rows[0]?.dialed ?? 0;
    const last = rows.at(-1)?.dialed ?? first;
    return {
      calls: rows.length,
      bridged: waits.filter((ms) => ms <= 2_000).length,
      waits,
      seconds: Math.max(1, last - first),
      atOnce: mostAtOnce(rows),
    };
  }
}

function mostAtOnce(calls: readonly { dialed: number; ended: number | null }[]): number {
  const steps = calls
    .flatMap(({ dialed, ended }) => [[dialed, 1] as const, [ended ?? Infinity, -1] as const])
    .sort((a, b) => a[0] - b[0]);
  let [now, most] = [0, 0];
  for (const [, step] of steps) most = Math.max(most, (now += step));
  return most;
}

/** When each order was accepted, by its number in the run. */
async function acceptedTimes(database: pg.Client, orders: string): Promise<Map<number, number>> {
  const { rows } = await database.query<{ order_id: string; at: number }>(
    'SELECT order_id, extract(epoch FROM received_at)::float8 * 1000 AS at FROM orders WHERE order_id LIKE $1',
    [orders],
  );
  return new Map(rows.map(({ order_id: orderId, at }) => [Number(orderId.split('-')[1]), at]));
}

function firstInvites(network: Network): Map<string, number> {
  const first = new Map<string, number>();
  for (const { method, number, at } of network.telephony?.carrier?.trunkLedger() ?? [])
    if (method === 'INVITE' && number !== undefined && !first.has(number)) first.set(number, at.getTime());
  return first;
}
