import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { chooseCallerId, chooseTrunk, type ShopCallerIds } from '../../core/trunk/choose-trunk.js';
import { DialerError } from '../../core/shared/errors.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Settings } from '../../platform/config/settings.js';
import type { WayTo } from '../../core/trunk/choose-trunk.js';
import { Notifications } from '../../platform/database/notifications.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { Log } from '../../platform/log/log.js';
import { AgentsService } from '../agents/agents.service.js';
import { bothClocks, CallsService, NODES_CHANGED } from '../calls/calls.service.js';
import { DialingMetrics } from './dialing.metrics.js';
import { Leadership, LEASE_FREE, RENEW_EVERY_MS, TRUST_MS } from './leadership.js';
import { Lines, type TrunkLines } from './lines.js';
import { Pacer, type Tick } from './pacer.js';
import { GroupPacing } from './group-pacing.js';
import { Reach, REACH_LOST_MS } from './reach.js';
import { recordOf, type PacingRecord } from './pacing-record.js';
import { PacingStore } from './pacing.store.js';
import type { TrunkEntity } from './trunk.entity.js';
import { TrunkStore } from './trunk.store.js';

export type { PacingRecord } from './pacing-record.js';

/** A trunk with what is used of it now. */
export type TrunkInUse = Pick<TrunkLines, 'trunkId' | 'inUse' | 'maxChannels' | 'circuit' | 'retryAt'>;

/** A way to a number, and what is shown there. */
export interface Line {
  readonly trunkId: string;
  readonly trunkEndpoint: string;
  readonly callerId: string | null;
}

/** A trunk as administrators see it. */
export type TrunkView = Readonly<TrunkEntity>;

/** Behind every wake-up stands a look of our own (decisions: wake-ups). */
const POLL_MS = 500;
/** Wake-ups that come close together are one turn; the longer a turn takes, the longer: at most half of the time is spent on turns. */
const LEAST_PAUSE_MS = 50;
const LONGEST_LEAST_PAUSE_MS = 100;
/** In a backlog that hides the orders behind it the next turn comes at once. */
const BACKLOG_PAUSE_MS = 10;
/** Who holds a lease and cannot lead leaves it to others for so long: they look every {@link RENEW_EVERY_MS}. */
const STAND_BACK_MS = RENEW_EVERY_MS + 1_000;
/** How long a turn waits for groups that it has just taken. */
const LONGEST_LEADING_MS = 1_500;
/** How long ringing calls and messages may take to end when the process is told to stop. */
const DRAIN_POLL_MS = 100;

/** The dialer's heartbeat: takes groups, tends their live calls, and lets the pacer place new ones. Runs in role `dialer` only. */
@Injectable()
export class DialingService implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly led = new Map<string, number>();
  private readonly replaced = new Set<string>();
  private readonly standBackUntil = new Map<string, number>();
  private isStopping = false;
  private wake: (() => void) | null = null;
  private isWoken = false;
  /** How long to rest before the next look: less than a poll when a trunk's calls per second permit a call before. */
  private restMs = POLL_MS;
  /** The last turn ended in a backlog that hides the orders behind it. */
  private isInBacklog = false;
  private claimedAt = Number.NEGATIVE_INFINITY;
  private readonly reach = new Reach();
  /** Of each group, the reach, or 0 while this process's clock is off: it places no calls, so that whose clock is right may take its groups. */
  private standing: ReadonlyMap<string, number> = new Map();
  private readonly leading = new Set<string>();
  private running: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly notifications: Notifications,
    private readonly transactions: Transactions,
    private readonly agents: AgentsService,
    private readonly calls: CallsService,
    private readonly leadership: Leadership,
    private readonly pacer: Pacer,
    private readonly groupPacing: GroupPacing,
    private readonly pacingStore: PacingStore,
    private readonly trunkStore: TrunkStore,
    private readonly lines: Lines,
    private readonly metrics: DialingMetrics,
    private readonly log: Log,
    private readonly clock: DatabaseClock,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.settings.roles.has('dialer')) return;
    this.notifications.listen('dialer', (word) =>
      word === LEASE_FREE || word === NODES_CHANGED ? this.claimSoon() : this.wakeUp(),
    );
    this.calls.onLink(() => {
      // Now, and not when the turn at hand is over: it may be waiting for answers over the very link that is lost.
      for (const groupId of this.led.keys()) this.reachOf(groupId, performance.now());
      this.claimSoon();
      setTimeout(() => this.claimSoon(), REACH_LOST_MS + 50).unref();
    });
    this.calls.onReplaced((groupId) => {
      this.replaced.add(groupId);
      this.wakeUp();
    });
    this.running = this.run();
  }

  /** Places no new calls, lets ringing ones be served, and hands talks over: they go on in the exchange. */
  async onModuleDestroy(): Promise<void> {
    this.isStopping = true;
    this.wakeUp();
    await this.running;
  }

  async trunks(): Promise<TrunkView[]> {
    return this.transactions.read((tx) => this.trunkStore.list(tx));
  }

  /** Trunks that may be used, with the lines in use over all leaders and the state of their circuits. */
  async trunkUse(): Promise<TrunkInUse[]> {
    return (await this.lines.free()).map(({ trunkId, inUse, maxChannels, circuit, retryAt }) => ({
      trunkId,
      inUse,
      maxChannels,
      circuit,
      retryAt,
    }));
  }

  async putTrunk(trunk: TrunkView): Promise<{ trunk: TrunkView; isNew: boolean }> {
    return this.transactions.run(async (tx) => {
      const isNew = await this.trunkStore.put(tx, { ...trunk });
      await this.notifications.notify(tx, 'dialer', '');
      return { trunk, isNew };
    });
  }

  /** The last decision about a group with all that led to it. @throws DialerError `group.not_found` */
  async pacing(groupId: string): Promise<PacingRecord> {
    await this.agents.group(groupId);
    const record = await this.transactions.read((tx) => this.pacingStore.find(tx, groupId));
    if (record === null) {
      throw new DialerError('group.not_found', 'Nothing has been decided about this group yet: no dialer leads it.');
    }
    return record;
  }

  /** Whether a trunk that works, and has not failed on the buyer a moment ago, leads to the number. */
  async hasOtherWay(tx: Tx, number: string, phoneHash: Buffer): Promise<boolean> {
    return this.lines.hasOtherWay(tx, number, phoneHash);
  }

  /** How it stands with the lines to a buyer's number now, over all dialers. */
  async wayTo(number: string, phoneHash: Buffer): Promise<WayTo> {
    return this.lines.wayTo(number, phoneHash);
  }

  /**
   * The line for a number of the shop's own, with the caller id that the shop shows.
   * @throws DialerError `telephony.unavailable` when no trunk leads there or none has a line
   */
  async lineTo(number: string, shop: ShopCallerIds): Promise<Line> {
    const trunk = chooseTrunk(await this.lines.free(), number);
    if (typeof trunk === 'string') {
      throw new DialerError('telephony.unavailable', 'There is no free line to this number now.', {
        isRetryable: true,
        retryAfterSeconds: 5,
      });
    }
    return {
      trunkId: trunk.trunkId,
      trunkEndpoint: trunk.endpoint,
      callerId: chooseCallerId(shop, trunk.callerIds, number),
    };
  }

  private wakeUp(): void {
    this.isWoken = true;
    this.wake?.();
  }

  /** The next turn asks for the leases, whenever it did so last. */
  private claimSoon(): void {
    this.claimedAt = Number.NEGATIVE_INFINITY;
    this.wakeUp();
  }

  private async run(): Promise<void> {
    while (!this.isStopping) {
      this.isWoken = false;
      const begunAtMs = performance.now();
      try {
        await this.turn();
      } catch (error) {
        this.log.warn('a turn of the dialer failed, trying again', { error });
      }
      const tookMs = performance.now() - begunAtMs;
      const pauseMs = Math.min(LONGEST_LEAST_PAUSE_MS, Math.max(LEAST_PAUSE_MS, tookMs));
      await this.rest(this.isInBacklog ? BACKLOG_PAUSE_MS : pauseMs);
    }
    await this.drain();
  }

  private async rest(leastMs: number): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, leastMs));
    if (this.isWoken || this.isStopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, this.restMs - leastMs));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = null;
  }

  private async turn(): Promise<void> {
    this.restMs = POLL_MS;
    this.isInBacklog = false;
    await this.leaveReplaced();
    if (performance.now() - this.claimedAt > RENEW_EVERY_MS) {
      try {
        await this.claim();
      } catch (error) {
        await this.calls.keepLegs();
        throw error;
      }
    }
    const groupIds = [...this.led.keys()];
    if (groupIds.length === 0) return;
    await this.calls.tend(groupIds);
    for (const [groupId, epoch] of this.led) {
      if (this.isStopping) return;
      try {
        await this.placeCalls(groupId, epoch);
      } catch (error) {
        if (error instanceof DialerError && error.isRetryable) throw error;
        // What is wrong with one group must not keep those behind it from their calls.
        this.log.error('no calls could be placed for a group, trying again', { groupId, error });
      }
    }
  }

  private async placeCalls(groupId: string, epoch: number): Promise<void> {
    const tick = await this.pacer.tick(groupId, epoch);
    await this.explain(groupId, tick);
    // What more there is to do comes after the lease and the wishes of others.
    if (tick.isMoreToLook || (tick.placed > 0 && tick.ordersDue > tick.placed)) this.isWoken = true;
    if (tick.isMoreToLook) this.isInBacklog = true;
    for (const { nextCallInMs } of tick.trunks) this.restMs = Math.min(this.restMs, nextCallInMs ?? POLL_MS);
  }

  /**
   * Another process hears these groups' legs now: nothing more is done for them here. If the lease in Postgres is still ours, the next renewal
   * leads the group anew and takes its application back.
   */
  private async leaveReplaced(): Promise<void> {
    const groupIds = [...this.replaced];
    this.replaced.clear();
    for (const groupId of groupIds) {
      if (!this.led.delete(groupId)) continue;
      this.groupPacing.forget(groupId);
      this.log.warn('the application of a group was taken over in the exchange', { groupId });
      await this.calls.leave(groupId);
    }
  }

  private async claim(): Promise<void> {
    await this.calls.lookAtNodes();
    const now = performance.now();
    const before = this.standing;
    const groups = (await this.agents.groups()).map(({ groupId }) => groupId);
    const reaches = groups.map((groupId) => [groupId, this.reachOf(groupId, now)] as const);
    const standing = reaches
      .filter(([groupId]) => now >= (this.standBackUntil.get(groupId) ?? now))
      // Who reaches no node can lead nobody; what is led already is kept for want of a better leader.
      .filter(([groupId, reach]) => reach > 0 || this.led.has(groupId));
    this.standing = new Map(standing.map(([groupId, reach]) => [groupId, this.clock.isSkewed ? 0 : reach]));
    const isLess = [...this.standing].some(([groupId, reach]) => reach < (before.get(groupId) ?? 0));
    const from = bothClocks();
    const claimed = await this.leadership.claim(this.standing, isLess);
    this.claimedAt = performance.now();
    this.calls.hold(claimed.keys(), from, TRUST_MS);
    for (const groupId of [...this.led.keys()]) {
      if (claimed.has(groupId) && claimed.get(groupId) === this.led.get(groupId)) continue;
      this.log.warn('leadership of a group is lost', { groupId });
      this.led.delete(groupId);
      this.groupPacing.forget(groupId);
      await this.calls.leave(groupId);
    }
    const fresh = [...claimed].filter(([groupId]) => !this.led.has(groupId) && !this.leading.has(groupId));
    // Side by side, and waited for no longer than a moment: a node that does not answer must not cost the leases of the other groups.
    const begun = Promise.all(fresh.map(([groupId, epoch]) => this.lead(groupId, epoch, [...claimed.keys()])));
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([begun, new Promise((resolve) => (timer = setTimeout(resolve, LONGEST_LEADING_MS)))]);
    clearTimeout(timer);
  }

  private reachOf(groupId: string, nowMs: number): number {
    return this.reach.of(groupId, this.calls.reachOf(groupId), nowMs);
  }

  /** A group that cannot be led is left to a process that can, which has its own link to the exchange; when there is none, it is tried again. */
  private async lead(groupId: string, epoch: number, claimed: readonly string[]): Promise<void> {
    this.leading.add(groupId);
    try {
      await this.calls.lead(groupId, epoch, claimed);
    } catch (error) {
      this.log.warn('a group cannot be led yet, trying again', { groupId, error });
      this.standBackUntil.set(groupId, performance.now() + STAND_BACK_MS);
      await this.leadership.release([groupId]).catch(() => undefined);
      return;
    } finally {
      this.leading.delete(groupId);
    }
    this.led.set(groupId, epoch);
    this.log.info('leading a group', { groupId, epoch });
  }

  private async explain(groupId: string, tick: Tick): Promise<void> {
    const record = recordOf(groupId, tick, this.clock.now());
    this.metrics.decided(groupId, record.dial);
    await this.pacingStore.save(record);
  }

  private async drain(): Promise<void> {
    const groupIds = [...this.led.keys()];
    if (groupIds.length === 0) return;
    const untilMs = performance.now() + (this.settings.drainSeconds - 5) * 1000;
    while (this.calls.unsettledCount > 0 && performance.now() < untilMs) {
      if (performance.now() - this.claimedAt > RENEW_EVERY_MS) {
        const from = bothClocks();
        const standing = new Map(groupIds.map((groupId) => [groupId, this.standing.get(groupId) ?? 0]));
        const claimed = await this.leadership.claim(standing).catch(() => null);
        if (claimed !== null) this.calls.hold(claimed.keys(), from, TRUST_MS);
        this.claimedAt = performance.now();
      }
      await this.calls.tend(groupIds).catch((error: unknown) => this.log.warn('a turn of the drain failed', { error }));
      await new Promise((resolve) => setTimeout(resolve, DRAIN_POLL_MS));
    }
    await this.calls.handOver();
    const talksHandedOver = this.calls.liveCount;
    await this.leadership.release(groupIds).catch(() => undefined);
    this.log.info('the dialer has drained', { talksHandedOver });
  }
}
