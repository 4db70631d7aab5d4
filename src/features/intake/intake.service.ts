import { Injectable } from '@nestjs/common';
import { timingSafeEqual } from 'node:crypto';
import { DialerError } from '../../core/shared/errors.js';
import { sha256 } from '../../platform/auth/tokens.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Settings } from '../../platform/config/settings.js';
import { Transactions } from '../../platform/database/transaction.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { isPlainJson } from '../../platform/http/body-parser.js';
import { HttpProblem } from '../../platform/http/problem.js';
import { invalidInput } from '../../platform/http/validation.js';
import { currentTrace, Log, traceIdOrNew, withTrace } from '../../platform/log/log.js';
import { spanIdOf, Tracing } from '../../platform/tracing/tracing.js';
import { OrdersService, type Accepted } from '../orders/orders.service.js';
import { ShopsService, type Shop } from '../shops/shops.service.js';
import { FloodGate } from './flood-gate.js';
import { findMessage, forgetMessages, insertMessages, type NewMessage } from './message.store.js';
import { NewOrders } from './new-orders.js';
import { readOrderMessage, type OrderMessage } from './order-message.js';
import { readStrictJson } from './strict-json.js';
import { verifyWebhook, type WebhookEnvelope } from './webhook-signature.js';

type Headers = Parameters<typeof verifyWebhook>[1];

interface Delivery {
  readonly shop: Shop;
  readonly envelope: WebhookEnvelope;
  readonly bodySha256: Buffer;
  readonly receivedAt: Date;
}

interface Arrival {
  readonly traceId: string;
  readonly receivedAt: Date;
}

/** Senders retry for up to 75 h (Standard Webhooks); ids are remembered for longer. */
const REMEMBERED_MS = 7 * 24 * 3_600_000;
const FORGOTTEN_AT_ONCE = 2_000;
const FULL_RETRY_SECONDS = 1;

/** Rolls a transaction back because its webhook id turned out to be stored already. */
class RepeatedMessage extends Error {}

/** The shop's webhook: checks, in the order of the contract, and a transaction that stores message, order and what follows from it. */
@Injectable()
export class IntakeService {
  private readonly gate: FloodGate;
  private readonly running = new Map<string, Promise<string>>();

  constructor(
    private readonly shops: ShopsService,
    private readonly orders: OrdersService,
    private readonly newOrders: NewOrders,
    private readonly transactions: Transactions,
    private readonly tracing: Tracing,
    private readonly log: Log,
    settings: Settings,
    private readonly clock: DatabaseClock,
  ) {
    const perSecond = settings.shopWebhooksPerSecond;
    this.gate = new FloodGate(perSecond, 2 * perSecond);
  }

  /**
   * Takes one webhook. 413 has been checked before; then 415 → 401 → 429 → 400 → 409 → 422.
   * @returns the text of the 202, stored durably; a repeat gets the same text again
   * @throws HttpProblem, DialerError
   */
  async receive(shopId: string, headers: Headers, body: Buffer): Promise<string> {
    if (!isPlainJson({ headers })) throw new HttpProblem(415);
    const receivedAt = this.clock.now();
    const { shop, envelope } = await this.authenticate(shopId, headers, body, receivedAt);
    const waitSeconds = this.newOrders.isFull(shopId) ? FULL_RETRY_SECONDS : this.gate.take(shopId, performance.now());
    if (waitSeconds !== null) throw new HttpProblem(429, undefined, { 'retry-after': String(waitSeconds) });
    const delivery = { shop, envelope, bodySha256: sha256(body), receivedAt };
    return this.once(`${shopId} ${envelope.id} ${delivery.bodySha256.toString('hex')}`, () =>
      this.take(delivery, body),
    );
  }

  /** Forgets webhook ids that nobody repeats any more. */
  async forgetOldMessages(): Promise<void> {
    const before = new Date(this.clock.now().getTime() - REMEMBERED_MS);
    while ((await this.transactions.run((tx) => forgetMessages(tx, before, FORGOTTEN_AT_ONCE))) === FORGOTTEN_AT_ONCE);
  }

  /** Repeats that come while the first one is being stored wait for its answer instead of a connection each. */
  private once(key: string, work: () => Promise<string>): Promise<string> {
    const running = this.running.get(key) ?? work().finally(() => this.running.delete(key));
    this.running.set(key, running);
    return running;
  }

  private async take(delivery: Delivery, body: Buffer): Promise<string> {
    const json = readStrictJson(body);
    if (!json.isOk) throw new HttpProblem(400, json.why);
    const { shop, envelope, receivedAt } = delivery;
    const context = { country: shop.settings.country, sentAt: envelope.sentAt, now: receivedAt };
    const answer = readOrderMessage(json.value, context);
    if (answer.isOk) {
      const on = { traceId: traceIdOrNew(), receivedAt };
      return (
        (await this.storeNew(delivery, answer.message, on)) ??
        (await this.store(delivery, answer.message, on)) ??
        (await this.repeated(delivery)) ??
        retryLater()
      );
    }
    // An id that is stored already says 409 or the stored 202, whatever is wrong with this body.
    const stored = await this.repeated(delivery);
    if (stored === null) throw invalidInput(answer.errors);
    return stored;
  }

  private async authenticate(shopId: string, headers: Headers, body: Buffer, now: Date) {
    const [shop, secrets] = [await this.shops.find(shopId), await this.shops.webhookSecrets(shopId)];
    const envelope = verifyWebhook(body, headers, secrets, now);
    if (shop === null || envelope === null) {
      throw new DialerError('auth.failed', 'The shop, the signature or the timestamp is not right.');
    }
    return { shop, envelope };
  }

  /** Most messages tell of a new order: those are stored together. null: it is neither that nor the repeat of a stored message. */
  private async storeNew(delivery: Delivery, message: OrderMessage, on: Arrival): Promise<string | null> {
    if (message.type !== 'order.created') return null;
    const order = this.orders.prepare(delivery.shop, message.order, on);
    const row = rowOf(delivery, message, order.accepted);
    if (!(await this.newOrders.store({ message: row, order }))) return this.repeated(delivery);
    await this.tellStored(delivery, message, order.accepted, on);
    return row.response;
  }

  /** Whatever it is about, in a transaction of its own. null: the webhook id is stored already. */
  private async store(delivery: Delivery, message: OrderMessage, on: Arrival): Promise<string | null> {
    const { shop } = delivery;
    try {
      const done = await this.transactions.run(async (tx) => {
        const accepted =
          message.type === 'order.cancelled'
            ? await this.orders.withdraw(tx, shop, message.cancel, on)
            : await this.orders.accept(tx, shop, message.order, on);
        const row = rowOf(delivery, message, accepted);
        const [isNew] = await insertMessages(tx, [row]);
        if (isNew !== true) throw new RepeatedMessage();
        await failpoint('order_before_commit');
        return { accepted, response: row.response };
      });
      await this.tellStored(delivery, message, done.accepted, on);
      return done.response;
    } catch (error) {
      if (error instanceof RepeatedMessage) return null;
      throw error;
    }
  }

  /** What a committed message is counted, traced and logged as. */
  private async tellStored(
    { shop: { shopId } }: Delivery,
    { type }: OrderMessage,
    { orderRef, effect }: Accepted,
    { traceId, receivedAt }: Arrival,
  ): Promise<void> {
    this.orders.countReceived(shopId, type);
    await failpoint('order_stored');
    if (this.tracing.isOn) {
      this.tracing.emit({
        name: `message ${type}`,
        kind: 'producer',
        traceId,
        // Whatever becomes of the order hangs on the message that made it.
        ...(effect === 'created' ? { id: spanIdOf('order', orderRef) } : {}),
        parentId: currentTrace().spanId ?? null,
        startedAt: receivedAt,
        endedAt: this.clock.now(),
        attributes: { shop: shopId, 'order.ref': orderRef, effect },
      });
    }
    withTrace({ orderRef }, () => this.log.info('a message of a shop was stored', { shopId, type, effect }));
  }

  /** The stored 202 of this webhook id; null: the id is new. @throws DialerError `webhook.conflict` when it came with another body */
  private async repeated({ shop, envelope, bodySha256 }: Delivery): Promise<string | null> {
    const stored = await this.transactions.read((tx) => findMessage(tx, shop.shopId, envelope.id));
    if (stored === null) return null;
    if (timingSafeEqual(stored.bodySha256, bodySha256)) return stored.response;
    this.log.warn('a webhook id came again with another body', { shopId: shop.shopId });
    throw new DialerError('webhook.conflict', 'This webhook-id was used for another body.');
  }
}

function rowOf(
  { shop: { shopId }, envelope: { id: webhookId }, bodySha256, receivedAt }: Delivery,
  { type }: OrderMessage,
  accepted: Accepted,
): NewMessage {
  return { shopId, webhookId, bodySha256, type, receivedAt, response: responseText(accepted) };
}

function responseText({ orderRef, orderId, status, callBy }: Accepted): string {
  return JSON.stringify({ id: orderRef, orderId, status, callBy: callBy?.toISOString() ?? null });
}

function retryLater(): never {
  throw new DialerError('busy.retry_later', 'The message is just being stored.', { isRetryable: true });
}
