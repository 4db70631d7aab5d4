import { Injectable } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import { Vault } from '../../platform/auth/vault.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { OutboundClient, type Exchange } from '../../platform/http/outbound-client.js';
import { Log, withTrace } from '../../platform/log/log.js';
import { Processes } from '../../platform/processes/processes.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { failpoint } from '../../platform/failpoints/failpoints.js';
import { MOST_TRIES, OrderTries } from '../orders/orders.service.js';
import { ShopsService } from '../shops/shops.service.js';
import { judge, type Verdict } from './delivery-verdict.js';
import { DeliveryStore, type ClaimedDelivery, type Pair } from './delivery.store.js';
import { spanIdOf, Tracing } from '../../platform/tracing/tracing.js';
import { deliver } from './writeback.jobs.js';
import { WritebackMetrics } from './writeback.metrics.js';

/**
 * A delivery is held no longer than this while it is sent, should its holder stand still. What a holder that has ended was sending is free as soon as that
 * is known, within 5 s. Either way it is sent again under the same id.
 */
export const LEASE_SECONDS = 30;

/** A holder that has been frozen this long does not send any more: an exchange of 10 s must end well within the lease. */
const STALE_MS = 15_000;

/** How long a delivery under suspicion waits for other work of this process, and other work for it. */
const GATE_LIMIT_MS = 2_000;

type Request = [headers: Record<string, string>, body: string];

/** A delivery that is ours to send; `isSuspect`: its last sender may have died of it. */
interface Claimed extends ClaimedDelivery {
  readonly isSuspect: boolean;
}

/**
 * Sends one delivery at a time and writes down what came of it.
 *
 * For one order and destination nothing is sent while something else is on its way or a lower sequence waits, and never a lower one after a
 * higher one was acknowledged: whoever claims locks all deliveries of the pair and looks at them together.
 * A process sends only while no other can take it for dead, and breaks off what is on its way when that ends: so nothing is sent twice at once.
 */
@Injectable()
export class Deliverer {
  /** What is being claimed or sent here, by how many senders: of those that reach for one at once a single one gets it. */
  private readonly sending = new Map<string, number>();
  /** By destination: the last claim that is under way or waits for its turn. */
  private readonly claims = new Map<string, Promise<unknown>>();

  constructor(
    private readonly transactions: Transactions,
    private readonly store: DeliveryStore,
    private readonly shops: ShopsService,
    private readonly vault: Vault,
    private readonly client: OutboundClient,
    private readonly metrics: WritebackMetrics,
    private readonly jobs: Jobs,
    private readonly tracing: Tracing,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
    private readonly processes: Processes,
    private readonly tries: OrderTries,
  ) {}

  /** Sends what has been due longest at this destination. @returns false when nothing is due that could be claimed, or it may not send now */
  async sendNext(shopId: string, destination: string): Promise<boolean> {
    // A shop refuses what is signed with a wrong time, and says so for good.
    if (!this.clock.isKnown || !this.processes.isTrusted) return false;
    const claimed = await this.claimInTurn(shopId, destination);
    if (claimed === null) return false;
    const { delivery, claimedAtMs } = claimed;
    const { traceId, orderRef, id } = delivery;
    try {
      await withTrace({ traceId, orderRef, deliveryId: id }, () => this.send(delivery, claimedAtMs));
    } finally {
      this.hold(id, -1);
    }
    return true;
  }

  /** Lets go of what is held in this process's name and it does not send (any more): a try that broke off, a claim whose commit was in doubt. */
  async letGo(): Promise<void> {
    // In a transaction, which has its connection before it looks: what is claimed while it waits for one is not let go of.
    await this.transactions.run((tx) => this.store.free(tx, this.processes.id, [...this.sending.keys()]));
  }

  private hold(id: string, by: 1 | -1): void {
    const count = (this.sending.get(id) ?? 0) + by;
    if (count > 0) this.sending.set(id, count);
    else this.sending.delete(id);
  }

  /** One sender of this process after the other: two at once would meet the same delivery, and one of them in vain. */
  private claimInTurn(shopId: string, destination: string): Promise<{ delivery: Claimed; claimedAtMs: number } | null> {
    const key = `${shopId}\n${destination}`;
    const claim = (this.claims.get(key) ?? Promise.resolve()).then(async () => {
      const claimedAtMs = performance.now();
      const delivery = await this.claimNext(shopId, destination);
      return delivery === null ? null : { delivery, claimedAtMs };
    });
    const over = claim
      .catch(() => undefined)
      .finally(() => {
        if (this.claims.get(key) === over) this.claims.delete(key);
      });
    this.claims.set(key, over);
    return claim;
  }

  private async claimNext(shopId: string, destination: string): Promise<Claimed | null> {
    const lost: string[] = [];
    for (;;) {
      let held: string | null = null;
      let claimed: Claimed | null = null;
      try {
        claimed = await this.transactions.run(async (tx) => {
          const next = await this.store.nextDue(tx, shopId, destination, lost);
          if (next === null) return null;
          held = next.id;
          this.hold(next.id, 1);
          return this.claim(tx, next.id, { shopId, destination, orderRef: next.orderRef });
        });
      } finally {
        if (claimed === null && held !== null) this.hold(held, -1);
      }
      if (claimed !== null || held === null) return claimed;
      lost.push(held);
    }
  }

  private async claim(tx: Tx, id: string, pair: Pair): Promise<Claimed | null> {
    const members = await this.store.lockPair(tx, pair);
    const mine = members.find((member) => member.id === id);
    if (!mine || mine.state !== 'pending' || !mine.isDue || members.some((member) => member.isLeased)) return null;
    if (members.some((member) => member.sequence > mine.sequence && member.state === 'delivered')) {
      await this.store.supersede(tx, id);
      return null;
    }
    if (members.some((member) => member.sequence < mine.sequence && member.state === 'pending')) return null;
    const failures = (await this.tries.suspicions(tx, 'writeback', [pair.orderRef])).get(pair.orderRef)?.failures ?? 0;
    if (failures >= MOST_TRIES) {
      await this.store.parkLeft(tx, id, `the process ended while it was sent, ${MOST_TRIES} times`);
      await this.tries.forgive(tx, 'writeback', [pair.orderRef]);
      this.log.error('a write-back is parked: sending it ended the process again and again', {
        deliveryId: id,
        ...pair,
      });
      return null;
    }
    return { ...(await this.store.lease(tx, id, this.processes.id, LEASE_SECONDS)), isSuspect: failures > 0 };
  }

  private async send(delivery: Claimed, claimedAtMs: number): Promise<void> {
    const { shopId, destination } = delivery;
    if (delivery.url === null || !delivery.isEnabled) {
      const because = delivery.url === null ? 'the destination was removed' : 'the destination is switched off';
      return this.write(delivery, { kind: 'disabled', because }, null);
    }
    const { url } = delivery;
    const ready = await this.inHands(delivery, async () => {
      const secrets = await this.shops.destinationSecrets(shopId, destination);
      await failpoint('writeback_claimed', delivery.orderRef);
      return this.prepared(delivery, secrets);
    });
    if (performance.now() - claimedAtMs > STALE_MS || !this.processes.isTrustedSince(claimedAtMs)) return;
    const startedAt = this.clock.now();
    let isBrokenOff = false;
    const exchange = await this.processes.whileTrustedSince(claimedAtMs, async (over) => {
      const outcome = Array.isArray(ready) ? await this.client.post(url, ...ready, over) : ready;
      isBrokenOff = over.aborted && outcome.kind === 'failed';
      return outcome;
    });
    if (isBrokenOff) return;
    await this.inHands(delivery, async () => {
      await failpoint('writeback_sent', delivery.orderRef);
      const verdict = judge(exchange, delivery, this.clock.now(), Math.random);
      this.trace(delivery, verdict, exchange, startedAt);
      await this.write(delivery, verdict, exchange.kind === 'answered' ? exchange.status : null);
    });
    await failpoint('writeback_acknowledged');
  }

  /** What this process does with the delivery itself, in contrast to the time in which the shop has it. */
  private async inHands<T>({ orderRef, isSuspect }: Claimed, does: () => Promise<T>): Promise<T> {
    if (isSuspect) return this.tries.carefully('writeback', orderRef, GATE_LIMIT_MS, does);
    const leave = await this.tries.gate.enter(false, GATE_LIMIT_MS);
    try {
      return await does();
    } finally {
      leave();
    }
  }

  private trace(delivery: Claimed, verdict: Verdict, exchange: Exchange, startedAt: Date): void {
    if (!this.tracing.isOn) return;
    this.tracing.emit({
      name: 'write-back',
      kind: 'client',
      traceId: delivery.traceId,
      parentId: spanIdOf('order', delivery.orderRef),
      startedAt,
      endedAt: this.clock.now(),
      attributes: {
        shop: delivery.shopId,
        'order.ref': delivery.orderRef,
        'delivery.id': delivery.id,
        try: delivery.tries,
        result: verdict.kind,
        ...(exchange.kind === 'answered' ? { 'http.response.status_code': exchange.status } : {}),
      },
      isError: verdict.kind !== 'delivered',
    });
  }

  /** The request as it is to be sent, or why it cannot be. */
  private prepared(delivery: Claimed, secrets: readonly string[]): Request | Exchange {
    if (secrets.length === 0) return { kind: 'failed', reason: 'no_secret' };
    try {
      return this.signed(delivery, secrets);
    } catch (error) {
      this.log.error('a write-back cannot be read or signed', { error });
      return { kind: 'failed', reason: 'unreadable' };
    }
  }

  /** Headers and body of Standard Webhooks 1.0.0; one signature for each live secret. The time is that of this try, by the database's clock. */
  private signed(delivery: Claimed, secrets: readonly string[]): Request {
    const body = this.vault.decrypt(delivery.bodyEncrypted);
    const at = this.clock.now();
    return [
      {
        'content-type': 'application/json',
        'user-agent': 'confirm-dialer',
        'webhook-id': delivery.id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(delivery.id, at, body)).join(' '),
      },
      body,
    ];
  }

  private async write(delivery: Claimed, verdict: Verdict, status: number | null): Promise<void> {
    const { id, shopId, destination, tries } = delivery;
    const isNews = await this.transactions.run(async (tx) => {
      // Whether it is off is decided and written without anybody's switching it on in between, who then replays what it missed.
      const isOn = verdict.kind === 'disabled' && (await this.store.lockDestination(tx, shopId, destination));
      await this.store.lockPair(tx, delivery);
      // However the try has ended, it has ended: the process lived to see it.
      if (delivery.isSuspect) await this.tries.forgive(tx, 'writeback', [delivery.orderRef]);
      if (verdict.kind === 'delivered') return this.store.markDelivered(tx, id, status ?? 0);
      const isOurs = await this.store.markFailed(tx, id, tries, {
        state: verdict.kind === 'retry' ? 'pending' : verdict.kind,
        nextTryAt: verdict.kind === 'retry' ? verdict.at : null,
        status,
        error: verdict.because,
      });
      if (isOurs && verdict.kind === 'retry')
        await this.jobs.enqueue(tx, deliver, { deliveryId: id }, { runAt: verdict.at });
      // Switched on between the claim and now: whoever replays what it missed might have looked already.
      if (isOurs && isOn && !delivery.isEnabled) {
        await this.store.restart(tx, id);
        await this.jobs.enqueue(tx, deliver, { deliveryId: id });
        return false;
      }
      if (isOurs && verdict.kind === 'disabled') {
        await this.store.disableWaiting(tx, shopId, destination, verdict.because);
        if (delivery.isEnabled) await this.shops.disableDestination(tx, shopId, destination, verdict.because);
      }
      return isOurs;
    });
    if (!isNews) return;
    if (verdict.kind === 'delivered')
      this.metrics.delivered(shopId, this.clock.now().getTime() - delivery.createdAt.getTime(), tries);
    else {
      const nextTryAt = verdict.kind === 'retry' ? { nextTryAt: verdict.at } : {};
      this.metrics.failed(shopId, verdict.kind, { because: verdict.because, tries, ...nextTryAt });
    }
  }
}
