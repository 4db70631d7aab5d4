import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Log } from '../../platform/log/log.js';
import { Deliverer } from './deliverer.js';

/** Exchanges with one destination at once: a slow shop takes this much of us and no more. */
export const EXCHANGES_PER_DESTINATION = 4;

interface Lane {
  /** Senders at work. */
  readonly running: Set<Promise<void>>;
  /** Counts the wake-ups, so that one that comes while a sender finds nothing is not lost. */
  wakeUps: number;
}

/**
 * One lane per destination, so that a shop that is slow or down holds up nobody else. A wake-up starts a sender, up to the lane's limit; a sender
 * goes on until nothing is due. What is due is always read from Postgres: a lost wake-up costs the time until the next sweep.
 */
@Injectable()
export class DestinationLanes implements OnModuleDestroy {
  private readonly lanes = new Map<string, Lane>();
  private isStopped = false;

  constructor(
    private readonly deliverer: Deliverer,
    private readonly log: Log,
  ) {}

  /** Something may be due at this destination. Returns at once. */
  wake(shopId: string, destination: string): void {
    if (this.isStopped) return;
    const key = `${shopId}\n${destination}`;
    const lane = this.lanes.get(key) ?? { running: new Set(), wakeUps: 0 };
    this.lanes.set(key, lane);
    lane.wakeUps += 1;
    if (lane.running.size >= EXCHANGES_PER_DESTINATION) return;
    const sender = this.sendAll(shopId, destination, lane).finally(() => {
      lane.running.delete(sender);
      if (lane.running.size === 0) this.lanes.delete(key);
    });
    lane.running.add(sender);
  }

  /** Resolves when no sender is at work; for the end of the process and for tests. */
  async settled(): Promise<void> {
    while (this.lanes.size > 0) await Promise.all([...this.lanes.values()].flatMap((lane) => [...lane.running]));
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    await this.settled();
  }

  private async sendAll(shopId: string, destination: string, lane: Lane): Promise<void> {
    try {
      let seen: number;
      do {
        seen = lane.wakeUps;
        while (!this.isStopped && (await this.deliverer.sendNext(shopId, destination)));
      } while (seen !== lane.wakeUps && !this.isStopped);
    } catch (error) {
      this.log.warn('write-backs of a destination are interrupted, the sweep goes on with them', {
        shop: shopId,
        error,
      });
    }
  }
}
