import { beforeAll, describe, expect, it } from 'vitest';
import { ATTEMPT_RESULTS } from '../../src/core/call/result.js';
import { OUTCOMES } from '../../src/core/order/order.js';
import type { DemoOrder } from '../../tools/demo-shop/demo-shop.js';
import type { SeenCall, VirtualAgent, Word } from '../../tools/dev-env/virtual-agent.js';
import { BUYERS, RING_SECONDS, type Buyer } from './buyers.js';
import { CONTRACT_METRICS, readMetrics, type MetricsPage } from './metrics-page.js';
import type { OrderStatusView } from './shop-view.js';
import { useWorld, type World } from './world.js';

// Every kind of buyer of the simulated carrier at once, judged by the carrier's and the shop's own ledgers.

const AGENTS = 14;
const logins = Array.from({ length: AGENTS }, (_, index) => `agent${String(index + 1).padStart(2, '0')}`);
/** The longest buyers are rung out twice, with the gap between. */
const ALL_WITHIN_MS = 150_000;
const SHOP = 'demo';

const world = useWorld({
  agents: logins.map((login) => ({
    login,
    name: `Name of ${login}`,
    connection: 'persistent',
    phone: `agent-${login}`,
  })),
  shopSettings: { ringSeconds: RING_SECONDS },
  logLevel: 'debug',
});

/** A buyer's order at the end of its way. */
interface Ended {
  readonly buyer: Buyer;
  readonly order: DemoOrder;
  readonly seen: OrderStatusView;
  readonly acknowledged: string;
}

const ended = new Map<string, Ended>();
let agents: VirtualAgent[] = [];
let metrics: MetricsPage;

function of(ending: string): Ended {
  const found = ended.get(ending);
  if (found === undefined) throw new Error(`the order of buyer ${ending} has not ended`);
  return found;
}

function buyerOf(call: SeenCall): Buyer | undefined {
  return BUYERS.find(({ ending }) => call.order.customer.phone.endsWith(ending));
}

function wordFor(call: SeenCall): Word {
  return { outcome: buyerOf(call)?.word ?? 'confirmed', note: 'said by an agent' };
}

async function runOne(at: World, buyer: Buyer): Promise<void> {
  const order = await at.shop.send(buyer.ending);
  const acknowledged = await at.shop.outcome(order, ALL_WITHIN_MS);
  const seen = await at.shop.waitUntil(
    order,
    'final, and all told',
    ({ status, deliveries }) => status === 'final' && deliveries.every(({ state }) => state === 'delivered'),
  );
  ended.set(buyer.ending, { buyer, order, acknowledged, seen });
}

beforeAll(async () => {
  const at = world();
  agents = logins.map((login) =>
    at.agent(login, { talkMs: (call) => buyerOf(call)?.talkMs ?? 1_000, decide: wordFor }),
  );
  await Promise.all(agents.map((agent) => agent.start()));
  const results = await Promise.allSettled(BUYERS.map((buyer) => runOne(at, buyer)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  // Read twice: looking must not change what is counted.
  const read = async (): Promise<MetricsPage> =>
    readMetrics(await (await fetch(`${at.network.apiUrl}/metrics`)).text());
  await read();
  metrics = await read();
}, ALL_WITHIN_MS + 60_000);

describe('each kind of buyer', () => {
  it.each(BUYERS)('…$ending: $what', async (buyer) => {
    const { order, seen, acknowledged } = of(buyer.ending);
    const phone = order.customer.phone;
    const { calls, shop } = world();

    expect(seen.attempts.map((attempt) => attempt.result)).toEqual(buyer.attempts);
    expect(seen).toMatchObject({ status: 'final', outcome: buyer.outcome, waitingFor: { code: 'final' } });
    expect(acknowledged).toBe(buyer.outcome);
    expect(shop.told(order).map((one) => one.event)).toEqual([
      ...buyer.attempts.slice(1).map(() => 'order.attempt'),
      'order.outcome',
    ]);
    expect(shop.told(order).every((one) => one.isSignatureValid && one.status === 200)).toBe(true);
    expect(seen.deliveries.map((delivery) => delivery.state)).toEqual(buyer.attempts.map(() => 'delivered'));

    expect(calls.invites(phone)).toHaveLength(buyer.attempts.length);
    expect(calls.answers(phone)).toEqual(buyer.attempts.map(() => buyer.statuses));
    if (buyer.carrierCause === undefined) return;
    const records = calls.records(phone);
    expect(records.map((record) => record.cause)).toEqual(buyer.attempts.map(() => buyer.carrierCause));
    records.forEach((record, index) => {
      const attempt = seen.attempts[index];
      if (buyer.answersAfterMs === undefined) {
        expect(record.answeredAt).toBeNull();
        expect(attempt?.answeredAt).toBeNull();
        return;
      }
      const rangMs = Number(record.answeredAt) - record.invitedAt.getTime();
      expect(rangMs).toBeGreaterThan(buyer.answersAfterMs - 100);
      expect(rangMs).toBeLessThan(buyer.answersAfterMs + 1_500);
      expect(Math.abs(Date.parse(attempt?.answeredAt ?? '') - Number(record.answeredAt))).toBeLessThan(1_000);
    });
  });

  it('rings for the shop’s time, and no longer', () => {
    for (const { invitedAt, endedAt } of world().calls.records(of('62').order.customer.phone)) {
      const rangMs = endedAt.getTime() - invitedAt.getTime();
      expect(rangMs).toBeGreaterThan(RING_SECONDS * 1_000 - 500);
      expect(rangMs).toBeLessThan(RING_SECONDS * 1_000 + 3_000);
    }
  });

  it('is never called twice at the same time', () => {
    const { calls } = world();
    expect(calls.overlaps()).toEqual([]);
    // The carrier keeps no record of a number that it does not answer: here its INVITEs and our attempts must agree.
    const silent = of('75');
    const [, second] = calls.invites(silent.order.customer.phone);
    expect(second?.at.getTime()).toBeGreaterThan(Date.parse(silent.seen.attempts[0]?.endedAt ?? ''));
  });

  it('hears an agent who has the card on the screen within a second', () => {
    const lags = agents
      .flatMap((agent) => agent.seen)
      .map((call) => call.seenAt.getTime() - Date.parse(call.connectedAt))
      .sort((a, b) => a - b);
    const p95 = lags[Math.ceil(lags.length * 0.95) - 1];
    console.info(`card after connection: n ${lags.length}, p50 ${lags[lags.length >> 1]} ms, p95 ${p95} ms`);
    expect(lags.length).toBeGreaterThanOrEqual(BUYERS.filter(({ outcome }) => outcome === 'confirmed').length);
    expect(p95).toBeLessThan(1_000);
  });
});

describe('what operators see', () => {
  it.each(CONTRACT_METRICS)('$name is a $type by $labels', ({ name, type, labels }) => {
    expect(metrics.typeOf(name)).toBe(type);
    const series = metrics.series(name);
    expect(series.length).toBeGreaterThan(0);
    for (const one of series) expect(Object.keys(one.labels).sort()).toEqual([...labels].sort());
  });

  it('counts what the ledgers show', () => {
    const all = [...ended.values()];
    const attempts = all.flatMap(({ seen }) => seen.attempts);
    const count = <T>(list: readonly T[], isCounted: (one: T) => boolean): number => list.filter(isCounted).length;
    const shop = SHOP;
    expect(metrics.value('dialer_orders_received_total', { shop, type: 'order.created' })).toBe(BUYERS.length);
    for (const result of ATTEMPT_RESULTS) {
      const ours = count(attempts, (attempt) => attempt.result === result);
      expect([result, metrics.value('dialer_calls_total', { shop, result })]).toEqual([result, ours]);
    }
    for (const outcome of OUTCOMES) {
      const ours = count(all, ({ acknowledged }) => acknowledged === outcome);
      expect([outcome, metrics.value('dialer_outcomes_total', { shop, outcome })]).toEqual([outcome, ours]);
    }
    const delivered = count(world().network.shop.deliveries(), (one) => one.status === 200);
    expect(metrics.value('dialer_writeback_deliveries_total', { shop, result: 'delivered' })).toBe(delivered);
    expect(metrics.value('dialer_writeback_lag_seconds_count', { shop })).toBe(delivered);
    expect(metrics.value('dialer_order_first_call_seconds_count', { shop })).toBe(BUYERS.length);
    const connected = count(attempts, (attempt) => attempt.connectedAt !== null);
    expect(metrics.value('dialer_answer_to_agent_seconds_count', { shop })).toBe(connected);
    expect(metrics.value('dialer_writeback_parked', { shop })).toBe(0);
    expect(metrics.value('dialer_leaked_channels_total', {})).toBe(0);
    expect(metrics.value('dialer_ari_connected', { node: 'main' })).toBe(1);
    expect(metrics.value('dialer_abandoned_ratio', { shop, window: '24h' })).toBe(0);
  });

  it('holds no personal data and no order number', () => {
    const pages = { metrics: metrics.text, log: world().serviceLog() };
    expect(pages.log).toContain('an order became final');
    for (const { order } of ended.values()) {
      const { phone, name } = order.customer;
      const words = [phone.slice(1), phone.slice(4), name, order.orderId, order.delivery.address, 'said by an agent'];
      for (const [where, text] of Object.entries(pages)) {
        const found = words.filter((word) => word !== null && text.includes(word));
        expect([where, found]).toEqual([where, []]);
      }
    }
  });

  it('sees no broken promise at the shop', () => {
    expect(world().network.shop.problems()).toEqual([]);
  });
});
