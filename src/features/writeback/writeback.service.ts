import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { DialerError } from '../../core/shared/errors.js';
import { Vault } from '../../platform/auth/vault.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { Deliverer } from './deliverer.js';
import { DeliveryReadModel, type DeliveryView } from './delivery.read-model.js';
import { DeliveryStore, type DeliveryEvent, type DeliveryState } from './delivery.store.js';
import { DestinationLanes } from './destination-lanes.js';
import { deliver } from './writeback.jobs.js';

export type { DeliveryView } from './delivery.read-model.js';
export type { DeliveryEvent, DeliveryState } from './delivery.store.js';

/** Something the shop is to hear. `data` is the event's `data` as the shop gets it (contract, section 3) and may hold personal data. */
export interface Message {
  readonly shopId: string;
  readonly orderRef: string;
  readonly event: DeliveryEvent;
  /** From `OrdersService`; grows with each message about the order. */
  readonly sequence: number;
  readonly data: object;
  readonly traceId: string;
}

/** Due deliveries that nobody was woken for are found after this time. */
const OVERDUE_SECONDS = 1;

/** Outcomes to the shops: at least once, in order for each order and destination, with proof of what became of each. */
@Injectable()
export class WritebackService {
  constructor(
    private readonly transactions: Transactions,
    private readonly jobs: Jobs,
    private readonly vault: Vault,
    private readonly store: DeliveryStore,
    private readonly readModel: DeliveryReadModel,
    private readonly lanes: DestinationLanes,
    private readonly deliverer: Deliverer,
    private readonly clock: DatabaseClock,
  ) {}

  /**
   * Writes one delivery for each destination that asked for the event; sent once the caller's transaction has committed. For one that is switched off it
   * is kept, to be replayed.
   */
  async enqueue(tx: Tx, message: Message): Promise<void> {
    const { shopId, orderRef, event, sequence, data, traceId } = message;
    const destinations = await this.store.interestedDestinations(tx, shopId, event);
    if (destinations.length === 0) return;
    const body = JSON.stringify({ type: event, timestamp: this.clock.now().toISOString(), data });
    for (const destination of destinations) {
      const id = uuidv7();
      await this.store.insert(tx, {
        id,
        shopId,
        destination,
        orderRef,
        sequence,
        event,
        bodyEncrypted: this.vault.encrypt(body),
        traceId,
      });
      await this.jobs.enqueue(tx, deliver, { deliveryId: id });
    }
  }

  /** The job's handler: wakes the lane of the delivery's destination. */
  async onDue(deliveryId: string): Promise<void> {
    const pair = await this.transactions.read((tx) => this.store.pairOf(tx, deliveryId));
    if (pair) this.lanes.wake(pair.shopId, pair.destination);
  }

  /** The sweep: finds what is due and nobody sends, whatever has become of its job. */
  async wakeOverdue(): Promise<void> {
    await this.deliverer.letGo();
    const overdue = await this.transactions.read((tx) => this.store.overdueDestinations(tx, OVERDUE_SECONDS));
    for (const { shopId, destination } of overdue) this.lanes.wake(shopId, destination);
  }

  /**
   * Deliveries for an administrator, newest first.
   * @returns at most `limit`, and where the next page begins (null at the end)
   */
  async list(filter: {
    shopId: string | null;
    state: DeliveryState | null;
    before: string | null;
    limit: number;
  }): Promise<{ deliveries: DeliveryView[]; next: string | null }> {
    const found = await this.transactions.read((tx) => this.readModel.page(tx, { ...filter, limit: filter.limit + 1 }));
    const deliveries = found.slice(0, filter.limit);
    return { deliveries, next: found.length > filter.limit ? (deliveries.at(-1)?.id ?? null) : null };
  }

  /**
   * Sends a parked or disabled delivery again, under its id and with the full number of tries. One that a later event has overtaken becomes
   * `superseded` and is not sent.
   *
   * @throws DialerError `delivery.not_found`; `delivery.state_refused` when it is in no such state or its destination is off
   */
  async replay(deliveryId: string): Promise<DeliveryView> {
    return this.transactions.run(async (tx) => {
      const pair = await this.store.pairOf(tx, deliveryId);
      const isOn = pair !== null && (await this.store.lockDestination(tx, pair.shopId, pair.destination));
      const members = pair ? await this.store.lockPair(tx, pair) : [];
      const mine = members.find((member) => member.id === deliveryId);
      if (!pair || !mine) throw new DialerError('delivery.not_found', 'There is no such delivery.');
      if (mine.state !== 'parked' && mine.state !== 'disabled') {
        throw new DialerError(
          'delivery.state_refused',
          `The delivery is ${mine.state}; parked and disabled ones can be replayed.`,
        );
      }
      if (members.some((member) => member.sequence > mine.sequence && member.state === 'delivered')) {
        await this.store.supersede(tx, deliveryId);
      } else {
        if (!isOn) {
          throw new DialerError(
            'delivery.state_refused',
            'The destination is switched off; name it in a PUT of the shop first.',
          );
        }
        await this.store.restart(tx, deliveryId);
        await this.jobs.enqueue(tx, deliver, { deliveryId });
      }
      const view = await this.readModel.get(tx, deliveryId);
      if (!view) throw new DialerError('delivery.not_found', 'There is no such delivery.');
      return view;
    });
  }
}
