import { onFullFloor } from './full-floor.js';
import { pause, round } from './figures.js';
import { Inspector, type HeapUse } from './inspector.js';
import { sendOrders } from './order-load.js';
import { cpuOf, memoryOf } from './process-view.js';

/** Memory of the process that calls, MB; `heap`: what is left after everything unneeded was thrown away. */
export interface MemoryFigures {
  readonly agents: number;
  readonly callsLive: number;
  readonly ordersWaiting: number;
  /** Resident: started, with the agents signed in, with the calls and the orders, and the same after a collection. */
  readonly residentMb: {
    readonly started: number;
    readonly seated: number;
    readonly full: number;
    readonly most: number;
    readonly collected: number;
  };
  readonly heapMb: { readonly started: number; readonly seated: number; readonly full: number };
  /** Of the heap, kB. */
  readonly perAgentKb: number;
  readonly perLiveCallKb: number;
  /** Of one core, while nothing but the talks goes on: of the exchange, and of the service. */
  readonly talkShare: { readonly pbx: number; readonly service: number };
}

const PER_SECOND = 120;
/** Long enough for all orders to come in while nobody hangs up. */
const TALK_MS = 600_000;
const MB = 2 ** 20;

/** A floor that is full of talks, and a day's backlog behind it: each agent talks, all other orders wait. */
export async function measureMemory(o: {
  isDialerApart: boolean;
  agents: number;
  waiting: number;
  say: (message: string) => void;
}): Promise<MemoryFigures> {
  return onFullFloor({ ...o, callsPerSecond: 50 }, async ({ network, database, seat }) => {
    const { process: app } = network.dialer;
    const inspector = await Inspector.open(app);
    const started = await inspector.heap();
    await seat({ talkMs: () => TALK_MS, decide: () => null });
    await pause(2_000);
    const seated = await inspector.heap();
    const count = o.agents + o.waiting;
    o.say(`${count} orders, ${PER_SECOND} a second`);
    let most = 0;
    const timer = setInterval(() => (most = Math.max(most, memoryOf(app.pid))), 1_000);
    const intake = { apiUrl: network.apiUrl, shop: network.shopName, webhookSecret: network.access.webhookSecret };
    // All of them pick up after a second.
    const phoneOf = (i: number): string => `+38067${String(10_000 + i)}00`;
    await sendOrders(intake, { perSecond: PER_SECOND, seconds: count / PER_SECOND, phoneOf, prefix: 'M' });
    await pause(5_000);
    const pbx = network.telephony?.pbx?.instance.pid ?? app.pid;
    const [pbxBefore, serviceBefore, beganMs] = [cpuOf(pbx), cpuOf(app.pid), performance.now()];
    await pause(10_000);
    const tookSeconds = (performance.now() - beganMs) / 1_000;
    const [pbxCores, serviceCores] = [cpuOf(pbx) - pbxBefore, cpuOf(app.pid) - serviceBefore];
    clearInterval(timer);
    const full = memoryOf(app.pid);
    const after = await inspector.heap();
    inspector.close();
    const { rows } = await database.query<{ live: number; waiting: number }>(
      `SELECT (SELECT count(*)::int FROM calls WHERE ended_at IS NULL) AS live,
         (SELECT count(*)::int FROM orders WHERE status IN ('accepted', 'scheduled')) AS waiting`,
    );
    const mb = (bytes: number): number => round(bytes / MB);
    const held = ({ heapUsed, external }: HeapUse): number => heapUsed + external;
    const { live: callsLive = 0, waiting: ordersWaiting = 0 } = rows[0] ?? {};
    return {
      agents: o.agents,
      callsLive,
      ordersWaiting,
      residentMb: { started: mb(started.rss), seated: mb(seated.rss), full, most, collected: mb(after.rss) },
      heapMb: { started: mb(held(started)), seated: mb(held(seated)), full: mb(held(after)) },
      perAgentKb: round((held(seated) - held(started)) / 1_024 / o.agents),
      perLiveCallKb: round((held(after) - held(seated)) / 1_024 / Math.max(1, callsLive)),
      talkShare: {
        pbx: round(pbxCores / tookSeconds / Math.max(1, callsLive), 4),
        service: round(serviceCores / tookSeconds / Math.max(1, callsLive), 4),
      },
    };
  });
}
