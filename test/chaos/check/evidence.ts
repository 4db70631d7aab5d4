import type { CallRecord, TrunkEntry } from '../../../tools/dev-env/carrier-ledger.js';
import type { DeliveryTry } from '../../../tools/demo-shop/demo-shop.js';
import type { Post } from '../load/client.js';
import type { Said } from '../load/floor.js';
import type { FaultRecord, Part } from '../nemesis/fault.js';
import type { CallRow, Rows } from '../stack/database-ledger.js';
import type { ExchangeEvent } from '../stack/exchange-ledger.js';
import type { ExchangeLook } from '../stack/exchange-watch.js';
import type { ServiceEnd } from '../stack/service.js';
import type { ShopWish } from '../stack/stack.js';

/** Everything that is known of a run. Only `rows` comes from the dialer, and its moves from triggers beside it. */
export interface Evidence {
  /** The clients' ledger. */
  readonly posts: readonly Post[];
  /** The agents' ledger. */
  readonly said: readonly Said[];
  /** The number of each order posted. */
  readonly phones: ReadonlyMap<string, string>;
  readonly shops: ReadonlyMap<string, ShopWish>;
  /** The carrier's ledgers. */
  readonly trunk: readonly TrunkEntry[];
  readonly records: readonly CallRecord[];
  /** The shops' request logs. */
  readonly tries: readonly (DeliveryTry & { readonly shop: string })[];
  readonly shopProblems: readonly string[];
  /** The exchange's own ledger, and looks into it. */
  readonly exchange: readonly ExchangeEvent[];
  readonly looks: readonly ExchangeLook[];
  readonly rows: Rows;
  readonly faults: readonly FaultRecord[];
  readonly ends: readonly ServiceEnd[];
  /** What was printed where: logs, metrics. */
  readonly texts: readonly { readonly where: string; readonly text: string }[];
  /** What none of those may contain. */
  readonly secrets: readonly string[];
  /** `dialer_abandoned_ratio` at the end, by shop, over the window that holds the whole run. */
  readonly abandonedRatios: ReadonlyMap<string, number>;
  readonly limits: {
    readonly maxChannels: number;
    readonly reservedSeconds: number;
    readonly maxTalkSeconds: number;
  };
}

/** A breach of an invariant, for a person to read. */
export interface Violation {
  readonly what: string;
  readonly at?: Date;
  /** To print the history around it. */
  readonly orderId?: string;
}

/** What one look at an invariant found. */
export interface Finding {
  /** How many facts were judged: with none, nothing has been shown. */
  readonly judged: number;
  /** Facts that were left out, since the part that would have had to act was away itself. */
  readonly excused: number;
  readonly violations: readonly Violation[];
}

/** Collects what a check finds. */
export class Findings implements Finding {
  judged = 0;
  excused = 0;
  readonly violations: Violation[] = [];

  /** One fact: right, or a breach in words. */
  judge(isRight: boolean, what: () => string, more: Omit<Violation, 'what'> = {}): void {
    this.judged += 1;
    if (!isRight) this.violations.push({ what: what(), ...more });
  }

  excuse(): void {
    this.excused += 1;
  }
}

/** Whether one of these parts was away between two instants. */
export function wasAway(evidence: Pick<Evidence, 'faults'>, parts: readonly Part[], from: number, to: number): boolean {
  return evidence.faults.some(
    (fault) =>
      fault.hits.some((part) => parts.includes(part)) && fault.from.getTime() <= to && fault.to.getTime() >= from,
  );
}

/** Whether two spans of the same list overlap by more than `slackMs`; the list may be in any order. */
export function overlaps<T>(
  spans: readonly T[],
  spanOf: (one: T) => readonly [from: number, to: number],
  slackMs = 0,
): [T, T][] {
  const sorted = [...spans].sort((a, b) => spanOf(a)[0] - spanOf(b)[0]);
  const found: [T, T][] = [];
  let longest: T | undefined;
  for (const one of sorted) {
    if (longest !== undefined && spanOf(one)[0] < spanOf(longest)[1] - slackMs) found.push([longest, one]);
    if (longest === undefined || spanOf(one)[1] > spanOf(longest)[1]) longest = one;
  }
  return found;
}

export function groupBy<T>(list: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

/** One INVITE that the carrier got, with the call of ours that it belongs to; null: no call of ours explains it. */
export interface MatchedInvite {
  readonly number: string;
  readonly at: Date;
  readonly sipCallId: string;
  readonly call: CallRow | null;
  /** The carrier's record, once the call has ended there. */
  readonly record: CallRecord | null;
}

/** Clocks of one machine, rows that are written a moment later. */
const MATCH_SLACK_MS = 1_500;

/** The number that each call of ours was for. */
export function numbersOfCalls({ rows, phones }: Pick<Evidence, 'rows' | 'phones'>): Map<string, string> {
  const orderIds = new Map(rows.orders.map((order) => [order.id, order.orderId]));
  const numbers = new Map<string, string>();
  for (const { callId, orderRef } of rows.attempts) {
    const phone = phones.get(orderIds.get(orderRef) ?? '');
    if (phone !== undefined) numbers.set(callId, phone);
  }
  return numbers;
}

/** Joins the carrier's INVITEs to buyers with our calls, by number and by the time at which the exchange opened their legs, or else they were planned. */
export function matchInvites(
  evidence: Pick<Evidence, 'trunk' | 'records' | 'rows' | 'phones' | 'exchange'>,
): MatchedInvite[] {
  const opened = new Map<string, number>();
  for (const { event, legId, at } of evidence.exchange) if (event === 'CHAN_START') opened.set(legId, at.getTime());
  const numbers = numbersOfCalls(evidence);
  const calls = groupBy(evidence.rows.calls, (call) => numbers.get(call.id) ?? '');
  const records = new Map(evidence.records.map((record) => [bare(record.callId), record]));
  const known = new Set(evidence.phones.values());
  return evidence.trunk
    .filter((entry) => entry.method === 'INVITE' && entry.status === undefined && !entry.again)
    .map((entry) => ({ ...entry, number: plus(entry.number ?? '') }))
    .filter(({ number }) => known.has(number))
    .map(({ number, at, callId }) => ({
      number,
      at,
      sipCallId: callId,
      record: records.get(bare(callId)) ?? null,
      call: nearest(calls.get(number) ?? [], at.getTime(), (call) => opened.get(call.id) ?? call.plannedAt.getTime()),
    }));
}

function nearest(calls: readonly CallRow[], at: number, sentAt: (call: CallRow) => number): CallRow | null {
  const fitting = calls.filter(
    (call) =>
      call.plannedAt.getTime() - MATCH_SLACK_MS <= at &&
      at <= (call.endedAt?.getTime() ?? Number.POSITIVE_INFINITY) + MATCH_SLACK_MS,
  );
  const distance = (call: CallRow): number => Math.abs(at - sentAt(call));
  return fitting.reduce<CallRow | null>(
    (best, one) => (best === null || distance(one) < distance(best) ? one : best),
    null,
  );
}

/** The carrier's dialplan leaves hyphens out when it writes the id down. */
function bare(sipCallId: string): string {
  return sipCallId.replaceAll('-', '');
}

function plus(number: string): string {
  return number.startsWith('+') ? number : `+${number}`;
}
