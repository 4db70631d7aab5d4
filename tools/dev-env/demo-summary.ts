import type { DemoOrder } from '../demo-shop/demo-shop.js';
import type { Network } from './network.js';

/** One order of the table. */
interface Row {
  readonly orderId: string;
  readonly ending: string;
  readonly attempts: readonly string[];
  readonly outcome: string;
  readonly isAcknowledged: boolean;
}

interface Percentiles {
  readonly n: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Summary {
  readonly rows: readonly Row[];
  /** The last line on stdout. */
  readonly line: {
    readonly orders: number;
    readonly acknowledged: number;
    readonly outcomes: Record<string, number>;
    readonly attempts: Record<string, number>;
    readonly orderToInviteMs: Percentiles;
    readonly answerToAgentMs: Percentiles;
    readonly telephony: 'asterisk' | 'virtual';
    readonly seconds: number;
  };
}

interface SeenOrder {
  status: string;
  outcome: string | null;
  attempts: { result: string | null; dialedAt: string | null; answeredAt: string | null; connectedAt: string | null }[];
}

/**
 * What became of the orders, asked from outside: the shop's API for attempts and outcomes, the shop's ledger for what was acknowledged, and
 * the carrier's ledger for when the INVITE left.
 */
export async function summarise(network: Network, orders: readonly DemoOrder[], elapsedMs: number): Promise<Summary> {
  const sent = new Map(network.shop.orders().map((order) => [order.orderId, order]));
  const invites = firstInvites(network);
  const rows: Row[] = [];
  const toInvite: number[] = [];
  const toAgent: number[] = [];
  for (const order of orders) {
    const seen = (await network.shop.getOrder(order.orderId)).body as SeenOrder;
    const attempts = seen.attempts ?? [];
    const ours = sent.get(order.orderId);
    const invitedAt = invites?.get(order.customer.phone) ?? instant(attempts[0]?.dialedAt ?? null);
    const sentAt = instant(ours?.sentAt ?? null);
    if (invitedAt !== null && sentAt !== null) toInvite.push(invitedAt - sentAt);
    for (const attempt of attempts) {
      const answeredAt = instant(attempt.answeredAt);
      const connectedAt = instant(attempt.connectedAt);
      if (answeredAt !== null && connectedAt !== null) toAgent.push(connectedAt - answeredAt);
    }
    rows.push({
      orderId: order.orderId,
      ending: order.customer.phone.slice(-2),
      attempts: attempts.map((attempt) => attempt.result ?? '…'),
      outcome: seen.outcome ?? seen.status,
      isAcknowledged: ours?.outcome != null,
    });
  }
  return {
    rows,
    line: {
      orders: rows.length,
      acknowledged: rows.filter((row) => row.isAcknowledged).length,
      outcomes: count(rows.map((row) => row.outcome)),
      attempts: count(rows.flatMap((row) => row.attempts)),
      orderToInviteMs: percentiles(toInvite),
      answerToAgentMs: percentiles(toAgent),
      telephony: network.telephony === null ? 'virtual' : 'asterisk',
      seconds: Math.round(elapsedMs / 100) / 10,
    },
  };
}

/** The table for people. */
export function tableOf({ rows, line }: Summary): string {
  const lines = rows.map(
    (row) =>
      `  ${row.orderId.padEnd(18)} …${row.ending}   ${row.attempts.join(', ').padEnd(36)} ${row.outcome.padEnd(15)} ${row.isAcknowledged ? 'acknowledged' : 'open'}`,
  );
  const figures = (name: string, p: Percentiles) =>
    `  ${name}: p50 ${p.p50 ?? '–'} ms, p95 ${p.p95 ?? '–'} ms, p99 ${p.p99 ?? '–'} ms (n ${p.n})`;
  return [
    '',
    `  ${'order'.padEnd(18)} number ${'attempts'.padEnd(36)} ${'outcome'.padEnd(15)} shop`,
    ...lines,
    '',
    `  ${line.acknowledged} of ${line.orders} outcomes acknowledged by the shop`,
    figures('order → INVITE', line.orderToInviteMs),
    figures('answer → agent', line.answerToAgentMs),
    '',
  ].join('\n');
}

/** The instant of the first INVITE to each number, as the carrier saw it; null on the virtual network. */
function firstInvites(network: Network): Map<string, number> | null {
  const carrier = network.telephony?.carrier ?? null;
  if (carrier === null) return null;
  const first = new Map<string, number>();
  for (const entry of carrier.trunkLedger()) {
    if (entry.method !== 'INVITE' || entry.number === undefined || first.has(entry.number)) continue;
    first.set(entry.number, entry.at.getTime());
  }
  return first;
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number | null =>
    sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? null;
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function count(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function instant(text: string | null): number | null {
  return text === null ? null : new Date(text).getTime();
}
