import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { hostname } from 'node:os';
import { Settings } from '../config/settings.js';
import { noticesName } from '../database/notifications.js';
import { Transactions, rows, type Tx } from '../database/transaction.js';
import { Log } from '../log/log.js';

/** A process that has not been heard of for so long, and whose connection for notices is gone, has ended. */
const TENURE_SECONDS = 4;
const RENEW_EVERY_MS = 1_000;
/** How long a process counts itself as known to live, from before it said so: a little less than the others do. */
const TRUST_MS = TENURE_SECONDS * 1_000 - 500;
/** One that stands still keeps its connection, and may wake up in the middle of what it was doing. After this time nothing of that counts any more. */
const STILL_SECONDS = 30;

/** Hears in the transaction that forgets a process that this one has ended; what it held is free from the commit on. */
type DeathListener = (tx: Tx, processId: string) => Promise<void>;

/**
 * Which processes of the service live, in Postgres: each says so every second. One that was killed is found out within 5 s by the others, or by itself
 * when it has been started again, and forgotten in one transaction with all that it held. One that ends in good order holds nothing.
 */
@Injectable()
export class Processes implements OnModuleInit, OnApplicationShutdown {
  /** Names this run of this process. */
  readonly id: string;
  private readonly listeners: DeathListener[] = [];
  private trustedUntilMs = Number.NEGATIVE_INFINITY;
  /** Since when each renewal has succeeded in time; null: the last one has not. */
  private steadySinceMs: number | null = null;
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    settings: Settings,
    private readonly transactions: Transactions,
    private readonly log: Log,
  ) {
    this.id = settings.processId;
  }

  /** Registers a listener, at start. All that listeners do for one death is committed together, once. */
  onDeath(listener: DeathListener): void {
    this.listeners.push(listener);
  }

  /** Whether no other process can take this one for dead yet: what it holds is its own. */
  get isTrusted(): boolean {
    return performance.now() < this.trustedUntilMs;
  }

  /**
   * Whether it has been so all the time since this instant of `performance.now()`: what it took hold of after that is its own. One that was cut off
   * from the database for a while is trusted again, but what it held before may be another's.
   */
  isTrustedSince(ms: number): boolean {
    return this.isTrusted && this.steadySinceMs !== null && this.steadySinceMs <= ms;
  }

  /** Runs work on what was taken hold of after that instant; its signal is raised as soon as {@link isTrustedSince} ends. */
  async whileTrustedSince<T>(ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const over = new AbortController();
    const timer = setInterval(() => {
      if (!this.isTrustedSince(ms)) over.abort();
    }, 200);
    try {
      return await work(over.signal);
    } finally {
      clearInterval(timer);
    }
  }

  async onModuleInit(): Promise<void> {
    await this.renew();
    this.plan();
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.running;
    this.trustedUntilMs = Number.NEGATIVE_INFINITY;
    await this.transactions
      .read((tx) => tx.query('DELETE FROM processes WHERE process_id = $1', [this.id]))
      .catch(() => undefined);
  }

  /**
   * Forgets those that have ended. Does nothing while this process has not been heard of itself for as long as a tenure lasts: when the database was
   * away, all that live must have had their turn to say so.
   */
  async buryDead(): Promise<void> {
    if (this.steadySinceMs === null || performance.now() - this.steadySinceMs < TENURE_SECONDS * 1_000) return;
    const dead = await this.transactions.run(async (tx) => {
      const ended = await rows<{ processId: string; name: string }>(
        tx,
        `DELETE FROM processes p WHERE expires_at <= now() AND process_id <> $1
           AND (expires_at <= now() - make_interval(secs => $2)
             OR NOT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = $3::text || p.process_id::text))
         RETURNING process_id AS "processId", name`,
        [this.id, STILL_SECONDS - TENURE_SECONDS, noticesName('')],
      );
      for (const { processId } of ended) for (const listener of this.listeners) await listener(tx, processId);
      return ended;
    });
    for (const { processId, name } of dead)
      this.log.warn('a process has ended without a word', { processId, at: name });
  }

  private plan(): void {
    if (this.isStopped) return;
    this.timer = setTimeout(() => {
      this.running = this.renew().finally(() => this.plan());
    }, RENEW_EVERY_MS);
  }

  private async renew(): Promise<void> {
    const fromMs = performance.now();
    try {
      const [seen] = await this.transactions.read((tx) =>
        rows<{ overdue: number }>(
          tx,
          `INSERT INTO processes (process_id, name, expires_at) VALUES ($1, $2, now() + make_interval(secs => $3))
           ON CONFLICT (process_id) DO UPDATE SET expires_at = EXCLUDED.expires_at
           RETURNING (SELECT count(*)::int FROM processes o WHERE o.expires_at <= now() AND o.process_id <> $1) AS overdue`,
          [this.id, `${hostname()}:${process.pid}`, TENURE_SECONDS],
        ),
      );
      // A renewal that came late: meanwhile this process may have been the only one that could not be heard.
      if (fromMs >= this.trustedUntilMs) this.steadySinceMs = fromMs;
      this.trustedUntilMs = fromMs + TRUST_MS;
      if ((seen?.overdue ?? 0) > 0) {
        await this.buryDead().catch((error: unknown) =>
          this.log.warn('a process that has ended could not be forgotten, trying again', { error }),
        );
      }
    } catch (error) {
      if (fromMs >= this.trustedUntilMs) this.steadySinceMs = null;
      this.log.debug('this process could not say that it lives, trying again', { error });
    }
  }
}
