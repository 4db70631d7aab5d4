import { appendFileSync } from 'node:fs';

/** One request of the dialer to the shop, as the shop saw and answered it. */
export interface DeliveryTry {
  readonly at: string;
  readonly destination: string;
  readonly webhookId: string;
  readonly event: string;
  readonly orderId: string;
  readonly sequence: number;
  readonly isSignatureValid: boolean;
  /** Status answered; 0 when the connection was cut without an answer. */
  readonly status: number;
  /** True when this id had been acknowledged to the dialer before: received again, applied once. */
  readonly isRepeat: boolean;
  readonly body: { readonly type: string; readonly timestamp: string; readonly data: Record<string, unknown> };
}

/** One order that the shop sent, and what it knows of it. */
export interface SentOrder {
  readonly orderId: string;
  readonly name: string;
  readonly phone: string;
  readonly total: string;
  readonly sentAt: string;
  /** Status of the dialer's answer; 0 when there was none. */
  readonly status: number;
  readonly outcome: string | null;
  readonly outcomeSequence: number | null;
  readonly attempts: readonly string[];
}

/**
 * What the shop knows for certain, kept outside of the dialer: every order sent, every request received. The tests judge the dialer by it.
 * With a file, each entry is appended there as a JSON line before the dialer gets its answer.
 */
export class ShopLedger {
  readonly tries: DeliveryTry[] = [];
  readonly orders = new Map<string, SentOrder>();
  /** Breaches of the dialer's promises, in words; empty when all is well. */
  readonly problems: string[] = [];
  private readonly highestAcknowledged = new Map<string, number>();
  private readonly acknowledgedIds = new Set<string>();

  constructor(private readonly file: string | null) {}

  sent(order: Omit<SentOrder, 'outcome' | 'outcomeSequence' | 'attempts'>): void {
    const known = this.orders.get(order.orderId);
    this.orders.set(order.orderId, { outcome: null, outcomeSequence: null, attempts: [], ...known, ...order });
    this.append({ kind: 'sent', orderId: order.orderId, at: order.sentAt, status: order.status });
  }

  isKnown(webhookId: string): boolean {
    return this.acknowledgedIds.has(webhookId);
  }

  /** The highest sequence of the order that the shop has acknowledged at this destination; 0: none. */
  highestOf({ destination, orderId }: Pick<DeliveryTry, 'destination' | 'orderId'>): number {
    return this.highestAcknowledged.get(`${destination}\n${orderId}`) ?? 0;
  }

  /** @param highestBefore  {@link highestOf} when the request came: a slow shop answers later, and meanwhile others may have been acknowledged */
  received(entry: DeliveryTry, highestBefore: number): void {
    this.tries.push(entry);
    this.append({ kind: 'received', ...entry });
    const where = `${entry.destination} ${entry.orderId} #${entry.sequence}`;
    if (!entry.isSignatureValid) this.problems.push(`${where}: the signature does not hold`);
    if (entry.sequence < highestBefore)
      this.problems.push(`${where}: sent after #${highestBefore} had been acknowledged`);
    if (entry.status < 200 || entry.status > 299) return;
    this.highestAcknowledged.set(
      `${entry.destination}\n${entry.orderId}`,
      Math.max(this.highestOf(entry), entry.sequence),
    );
    if (!entry.isRepeat) this.apply(entry);
    this.acknowledgedIds.add(entry.webhookId);
  }

  private apply(entry: DeliveryTry): void {
    const known = this.orders.get(entry.orderId);
    if (!known) return;
    const { data } = entry.body;
    if (entry.event === 'order.outcome' && entry.sequence > (known.outcomeSequence ?? 0)) {
      this.orders.set(entry.orderId, { ...known, outcome: String(data['outcome']), outcomeSequence: entry.sequence });
    }
    if (entry.event === 'order.attempt') {
      this.orders.set(entry.orderId, { ...known, attempts: [...known.attempts, String(data['result'])] });
    }
  }

  private append(entry: object): void {
    if (this.file !== null) appendFileSync(this.file, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }
}
