import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildOrders, type DemoOrder } from '../demo-shop/demo-shop.js';
import { PROJECT_FOLDER } from './cache-folder.js';
import { DEMO_AGENTS, demoAgent, demoFloor, GUEST, SUPERVISOR } from './demo-agents.js';
import { summarise, tableOf } from './demo-summary.js';
import { keepSending, sendOrders } from './demo-traffic.js';
import { removeData } from './network-stores.js';
import { startNetwork, type Network, type NetworkOptions } from './network.js';
import { SetUpError } from './processes.js';
import { waitForStopSignal } from './stop-signal.js';

// Entry of `npm run demo`: the whole installation and the world around it, with orders going through.

const SET_UP_FAILED = 2;
const UNFINISHED = 1;
const FOLDER = join(PROJECT_FOLDER, '.demo');
/** The longest way of an order: rung out twice, with the gap between, behind others in the queue. */
const FINISH_WITHIN_MS = 240_000;

const { values } = parseArgs({
  options: {
    orders: { type: 'string' },
    agents: { type: 'string' },
    exit: { type: 'boolean', default: false },
    reset: { type: 'boolean', default: false },
    telephony: { type: 'string', default: 'asterisk' },
  },
});
const startedAt = performance.now();
const say = (message: string): void => console.error(`demo: ${message}`);
const stopped = waitForStopSignal();

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(`demo: set-up failed.\n${error.message}`);
  process.exitCode = SET_UP_FAILED;
}

async function main(): Promise<number> {
  const count = wholeNumber('orders', values.orders ?? '10', 0, 10_000);
  const floor = demoFloor(wholeNumber('agents', values.agents ?? String(DEMO_AGENTS.length), 1, 60));
  if (values.telephony !== 'asterisk' && values.telephony !== 'virtual')
    throw new SetUpError('--telephony takes "asterisk" or "virtual".');
  if (values.reset) removeData(FOLDER);
  const options = { folder: FOLDER, agents: [...floor, GUEST, SUPERVISOR], ports: {}, progress: say };
  const network = await start({ ...options, telephony: values.telephony });
  const agents = network.agents
    .filter(({ phone }) => phone !== 'softphone')
    .map((agent, index) => demoAgent(network.apiUrl, agent, index + 1));
  try {
    await Promise.all(agents.map((agent) => agent.start())).catch((error: Error) => {
      throw new SetUpError(
        `The virtual agents cannot work: ${error.message}\nThe log of the service: ${join(FOLDER, 'service.log')}`,
      );
    });
    writeInfo(network);
    say(`ready in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
    introduce(network);
    const run = `D${Date.now().toString(36).toUpperCase()}-`;
    const orders = buildOrders(count, Date.now() % 100_000, run);
    await sendOrders(network.shop, orders, say);
    if (!values.exit) {
      await keepSending(network.shop, { run, sent: count, stopped, say });
      return 0;
    }
    return await finish(network, orders);
  } finally {
    say('stopping');
    await Promise.all(agents.map((agent) => agent.stop()));
    await network.stop();
  }
}

function wholeNumber(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new SetUpError(`--${option} takes a whole number from ${least} to ${most}.`);
}

/** Falls back to the virtual telephone network where no Asterisk can be had. */
async function start(options: NetworkOptions): Promise<Network> {
  try {
    return await startNetwork(options);
  } catch (error) {
    if (!(error instanceof SetUpError) || options.telephony === 'virtual' || !/asterisk/i.test(error.message))
      throw error;
    say(`no Asterisk can be had:\n${error.message}`);
    say('going on with the virtual telephone network: the same service and the same numbers, but no audio');
    return startNetwork({ ...options, telephony: 'virtual' });
  }
}

function introduce(network: Network): void {
  const [guest, supervisor] = [GUEST, SUPERVISOR].map((one) => network.agents.find(({ login }) => login === one.login));
  console.error(`
  desktop    ${network.apiUrl}/desktop/   sign in as  ${guest?.login}  with  ${guest?.password}
  board      ${network.apiUrl}/desktop/   sign in as  ${supervisor?.login}  with  ${supervisor?.password}
  shop       ${network.shop.url}/
  api        ${network.apiUrl}/openapi.json   health ${network.apiUrl}/health/ready   metrics ${network.apiUrl}/metrics
  admin      Authorization: Bearer ${network.adminToken}
  telephony  ${network.telephony === null ? 'virtual telephone network (no audio)' : `Asterisk ${network.telephony.ariUrl}, carrier at ${network.telephony.carrier?.trunkHost ?? 'its own trunk'}`}
`);
}

function writeInfo(network: Network): void {
  const info = {
    apiUrl: network.apiUrl,
    desktopUrl: `${network.apiUrl}/desktop/`,
    shopUrl: network.shop.url,
    adminToken: network.adminToken,
    shops: [{ shop: network.shopName, apiKey: network.access.apiKey, webhookSecret: network.access.webhookSecret }],
    agents: network.agents.map(({ login, password }) => ({ login, password })),
  };
  writeFileSync(join(FOLDER, 'info.json'), `${JSON.stringify(info, null, 2)}\n`, { mode: 0o600 });
}

async function finish(network: Network, orders: readonly DemoOrder[]): Promise<number> {
  const deadline = Date.now() + FINISH_WITHIN_MS + orders.length * 4_000;
  const isStopped = stopped.then(() => 'stopped' as const);
  const outcomes = Promise.all(
    orders.map((order) =>
      network.shop.waitForOutcome(order.orderId, Math.max(1, deadline - Date.now())).then(
        () => true,
        () => false,
      ),
    ),
  );
  const result = await Promise.race([isStopped, outcomes]);
  const summary = await summarise(network, orders, performance.now() - startedAt);
  console.error(tableOf(summary));
  for (const problem of network.shop.problems()) say(`the shop saw a broken promise: ${problem}`);
  console.log(JSON.stringify(summary.line));
  if (result === 'stopped') return 0;
  return result.every(Boolean) && network.shop.problems().length === 0 ? 0 : UNFINISHED;
}
