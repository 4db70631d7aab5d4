import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { percentile } from '../../src/core/kpi/kpi.js';
import { anOrder, seededRandom, SPECIAL_ENDINGS } from '../demo-shop/demo-orders.js';
import { startNetwork, type Network } from '../dev-env/network.js';
import { VirtualAgent } from '../dev-env/virtual-agent.js';
import { FLOOR_OPTIONS, pastAbandonedOf } from './floor-options.js';

// Occupancy and abandoned calls of a floor of virtual agents on the real stack, all of it started here:
//   npm run bench:floor -- --dialing predictive --agents 10 --orders 300

const { values } = parseArgs({ options: FLOOR_OPTIONS });
const count = Number(values.orders);
const agentCount = Number(values.agents);
const random = seededRandom(Number(values.seed));
const pastAbandoned = pastAbandonedOf(values);
const folder = mkdtempSync(join(tmpdir(), 'live-floor-'));
const say = (message: string): void => console.error(`bench: ${message}`);

/** Milliseconds from half of the mean to two and a half times of it, short ones more often. */
const around = (meanSeconds: number): number => meanSeconds * 1_000 * (0.5 + 2 * random() * random());

function phoneOf(i: number): string {
  const fails = [SPECIAL_ENDINGS.noAnswer, SPECIAL_ENDINGS.noAnswer, SPECIAL_ENDINGS.noAnswer, SPECIAL_ENDINGS.busy];
  const ending =
    random() < Number(values.answered)
      ? String(Math.floor(random() * 60)).padStart(2, '0')
      : fails[Math.floor(random() * fails.length)]!;
  return `+38067${String(10_000 + i * 7).padStart(5, '0')}${ending}`;
}

/** Talks, hangs up, writes for a while, says the outcome and is ready again. */
function work(apiUrl: string, { login, password }: { login: string; password: string }): VirtualAgent {
  const agent = new VirtualAgent({
    apiUrl,
    login,
    password,
    talkMs: () => around(Number(values.talk)),
    decide: () => null,
  });
  let seen = 0;
  const timer = setInterval(() => {
    for (; seen < agent.events.length; seen += 1) {
      const { event, data } = agent.events[seen]!;
      if (event !== 'call.ended') continue;
      const callId = String(data['callId']);
      if (!agent.seen.some((call) => call.callId === callId)) continue;
      setTimeout(
        () => {
          agent
            .say(callId, { outcome: 'confirmed' })
            .then(() => agent.setState('ready'))
            .catch((error: unknown) => say(`${login} could not finish a call: ${String(error)}`));
        },
        around(Number(values['wrap-up'])),
      );
    }
  }, 20);
  timer.unref();
  return agent;
}

interface Call {
  readonly dialed: number;
  readonly ringing: number | null;
  readonly ended: number;
  readonly answered: number | null;
  readonly connected: number | null;
  readonly wrapped: number | null;
  readonly result: string;
}

async function callsOf(network: Network): Promise<Call[]> {
  const client = new pg.Client({ connectionString: network.databaseUrl });
  await client.connect();
  const seconds = (column: string) => `extract(epoch FROM ${column})::float8`;
  const { rows } = await client.query<Call>(
    `SELECT ${seconds('coalesce(dialed_at, planned_at)')} AS dialed, ${seconds('ringing_at')} AS ringing, ${seconds('ended_at')} AS ended,
       ${seconds('answered_at')} AS answered,
       ${seconds('connected_at')} AS connected, ${seconds('coalesce(wrapped_up_at, ended_at)')} AS wrapped, result
     FROM calls WHERE ended_at IS NOT NULL AND trace_id <> 'past' ORDER BY dialed_at`,
  );
  await client.end();
  return rows;
}

/** Calls of the shop 13 h ago: the window of the cap counts them, and they are too old to learn from. */
async function putPast(network: Network, answered: number): Promise<void> {
  const client = new pg.Client({ connectionString: network.databaseUrl });
  await client.connect();
  await client.query(
    `WITH past AS (
       INSERT INTO orders (id, shop_id, order_id, version, status, outcome, registered_at, trace_id)
       VALUES (gen_random_uuid(), $1, 'PAST', 1, 'final', 'confirmed', now(), 'past') RETURNING id
     )
     INSERT INTO calls (id, shop_id, order_ref, group_id, epoch, node, trunk_id, phone_hash, state, machine, result, planned_at, answered_at, ended_at, trace_id)
     SELECT gen_random_uuid(), $1, past.id, 'default', 0, 'main', 'carrier', '', 'ended', '{}', CASE WHEN i <= $3 THEN 'abandoned' ELSE 'answered' END,
       now() - interval '13 hours', now() - interval '13 hours', now() - interval '13 hours', 'past' FROM past, generate_series(1, $2::int) AS i`,
    [network.shopName, answered, pastAbandoned],
  );
  await client.end();
}

/** Share of the agents' time between two instants that is spent on talks and wrap-ups. */
function occupancyIn(calls: readonly Call[], from: number, to: number): number {
  const busy = calls.reduce((sum, { connected, wrapped }) => {
    if (connected === null || wrapped === null) return sum;
    return sum + Math.max(0, Math.min(to, wrapped) - Math.max(from, connected));
  }, 0);
  return busy / ((to - from) * agentCount);
}

function report(calls: readonly Call[]): object {
  const answered = calls.filter(
    ({ answered: at, result }) => at !== null && ['answered', 'abandoned'].includes(result),
  );
  const waits = calls.flatMap(({ answered: a, connected: c }) => (a === null || c === null ? [] : [c - a]));
  const begin = calls[0]?.dialed ?? 0;
  // The floor is full from the first talks until the queue runs dry.
  const [from, to] = [begin + 30, calls[Math.floor(calls.length * 0.9)]?.dialed ?? begin];
  const rated = answered.filter(({ answered: at }) => at !== null && at >= from);
  const late = calls[Math.floor(calls.length * 0.4)]?.dialed ?? from;
  const share = (part: number, of: number): number => Math.round((1000 * part) / Math.max(1, of)) / 10;
  return {
    dialing: values.dialing,
    agents: agentCount,
    calls: calls.length,
    answered: answered.length,
    abandoned: answered.filter(({ result }) => result === 'abandoned').length,
    abandonedPercent: share(answered.filter(({ result }) => result === 'abandoned').length, answered.length),
    /** With the past of the run, as the cap counts it. */
    abandonedInWindowPercent: share(
      answered.filter(({ result }) => result === 'abandoned').length + pastAbandoned,
      answered.length + Number(values.past),
    ),
    answeredInWindow: rated.length,
    windowSeconds: Math.round(to - from),
    occupancyPercent: Math.round(1000 * occupancyIn(calls, from, to)) / 10,
    occupancyAfterLearningPercent: Math.round(1000 * occupancyIn(calls, late, to)) / 10,
    answerToAgentMs: {
      p50: Math.round(
        1000 *
          (percentile(
            [...waits].sort((a, b) => a - b),
            0.5,
          ) ?? 0),
      ),
      p95: Math.round(
        1000 *
          (percentile(
            [...waits].sort((a, b) => a - b),
            0.95,
          ) ?? 0),
      ),
    },
    results: Object.fromEntries(
      [...new Set(calls.map(({ result }) => result))].map((result) => [
        result,
        calls.filter((call) => call.result === result).length,
      ]),
    ),
  };
}

const people = Array.from({ length: agentCount }, (_, i) => ({
  login: `floor${i + 1}`,
  name: `Agent ${i + 1}`,
  connection: 'persistent' as const,
}));
const network = await startNetwork({
  folder,
  telephony: values.telephony as 'own-asterisk' | 'virtual',
  agents: people,
  isTemporary: true,
  runId: `floor${process.pid}`,
  groupSettings: { wrapUpSeconds: 120 },
  shopSettings: {
    dialing: values.dialing,
    answeringMachine: 'off',
    maxConcurrentCalls: 200,
    abandon: [{ maxRatio: Number(values.cap), windowHours: 24 }],
    retry: { maxAttempts: 1, maxPer24Hours: 100, gapMinutes: 0.05 },
  },
  progress: say,
});
const agents = network.agents.map((agent) => work(network.apiUrl, agent));
try {
  if (Number(values.past) > 0) await putPast(network, Number(values.past));
  await Promise.all(agents.map((agent) => agent.start()));
  say(`${count} orders for ${agentCount} agents, ${values.dialing}`);
  const endsAt = Date.now() + 1_500_000;
  for (let i = 0; i < count; i += 1)
    await network.shop.sendOrder(anOrder({ orderId: `F-${i}`, phone: phoneOf(i), random }));
  let done = 0;
  while (Date.now() < endsAt) {
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const calls = await callsOf(network);
    if (calls.length - done >= 50) {
      done = calls.length;
      const pacing = await network.admin.get<Record<string, unknown>>('groups/default/pacing');
      say(
        `${calls.length} calls, ${JSON.stringify({ reason: pacing.body['reason'], acceptedRisk: pacing.body['acceptedRisk'], answerRatio: pacing.body['answerRatio'] })}`,
      );
    }
    // One attempt each, abandoned or not.
    if (calls.length >= count) break;
  }
  const calls = await callsOf(network);
  if (values.calls !== undefined) writeFileSync(values.calls, JSON.stringify(calls));
  console.log(JSON.stringify(report(calls), null, 2));
} finally {
  await Promise.all(agents.map((agent) => agent.stop()));
  await network.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit();
