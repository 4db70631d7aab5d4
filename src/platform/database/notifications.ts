import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import pg from 'pg';
import { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';
import { send, type Tx } from './transaction.js';

/** The name by which the database knows the connection for notices of a process: it stands as long as the process is there. */
export function noticesName(processId: string): string {
  return `confirm-dialer-notices ${processId}`;
}

const PROBE_EVERY_MS = 5_000;
const PROBE_LIMIT_MS = 3_000;
const LONGEST_PAUSE_MS = 2_000;
const LONGEST_PAYLOAD_BYTES = 7_999;
const HINT_PAUSE_MS = 10;

type Listener = (payload: string) => void;

/**
 * Wake-ups between processes over Postgres LISTEN/NOTIFY. A notice is a hint: it may be lost while the connection is down, so
 * listeners read what is true from the tables and poll slowly behind it.
 */
@Injectable()
export class Notifications implements OnApplicationShutdown {
  private readonly listeners = new Map<string, Set<Listener>>();
  private client: pg.Client | null = null;
  private isRunning = false;
  private isStopped = false;
  private wakeFromPause: (() => void) | null = null;
  /** Channels that are to be told, and of those, which were told a moment ago and are told again when that is over. */
  private readonly hinted = new Map<string, boolean>();
  /** The driver takes one query at a time. */
  private lastAsked: Promise<unknown> = Promise.resolve();
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly settings: Settings,
    private readonly log: Log,
  ) {}

  /**
   * Hears notices of a channel (`[a-z_]`). One connection of this process serves all channels and reconnects for ever; each time it comes up, the first time too, every
   * listener is called once with '' ("look yourself"). What a listener throws is logged.
   * @returns stops listening
   */
  listen(channel: string, onNotice: Listener): () => void {
    if (!/^[a-z][a-z_]{0,62}$/.test(channel)) throw new Error('a channel is named in small letters and underscores');
    const known = this.listeners.get(channel) ?? new Set();
    known.add(onNotice);
    this.listeners.set(channel, known);
    if (this.client !== null) {
      void this.ask(this.client, `LISTEN ${channel}`).then(
        () => this.tell(onNotice, ''),
        () => undefined,
      );
    } else this.start();
    return () => known.delete(onNotice);
  }

  /** Sends a notice when the transaction commits. `payload` is at most 7,999 bytes and holds no personal data. */
  async notify(tx: Tx, channel: string, payload: string): Promise<void> {
    if (Buffer.byteLength(payload) > LONGEST_PAYLOAD_BYTES)
      throw new Error('a notice is a hint: send an id, not the thing');
    await send(tx, 'SELECT pg_notify($1, $2)', [channel, payload]);
  }

  /**
   * Tells a channel at once, without payload, after the commit that it is about: on the connection for notices, at most every 10 ms. Lost when that
   * connection is away.
   */
  hint(channel: string): void {
    if (this.isStopped || this.client === null) return;
    if (this.hinted.has(channel)) {
      this.hinted.set(channel, true);
      return;
    }
    this.hinted.set(channel, false);
    const told = this.ask(this.client, 'SELECT pg_notify($1, $2)', [channel, '']).catch(() => undefined);
    void told
      .then(() => new Promise((resolve) => setTimeout(resolve, HINT_PAUSE_MS)))
      .then(() => {
        const isAskedAgain = this.hinted.get(channel) === true;
        this.hinted.delete(channel);
        if (isAskedAgain) this.hint(channel);
      });
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    this.wakeFromPause?.();
    const { client } = this;
    this.client = null;
    await client?.end().catch(() => undefined);
    await this.loop;
  }

  private ask(client: pg.Client, sql: string, parameters: readonly string[] = []): Promise<unknown> {
    const asked = this.lastAsked.then(() => client.query(sql, [...parameters]));
    this.lastAsked = asked.catch(() => undefined);
    return asked;
  }

  private start(): void {
    if (this.isRunning || this.isStopped) return;
    this.isRunning = true;
    this.loop = this.keepConnected();
  }

  private async keepConnected(): Promise<void> {
    let pauseMs = 100;
    while (!this.isStopped) {
      const client = new pg.Client({
        connectionString: this.settings.databaseUrl,
        application_name: noticesName(this.settings.processId),
        connectionTimeoutMillis: PROBE_LIMIT_MS,
        query_timeout: PROBE_LIMIT_MS,
        keepAlive: true,
      });
      const ended = new Promise<void>((resolve) => client.once('end', () => resolve()));
      client.on('error', () => undefined);
      client.on('notification', (notice) => this.tellAll(notice.channel, notice.payload ?? ''));
      try {
        await client.connect();
        for (const channel of this.listeners.keys()) await client.query(`LISTEN ${channel}`);
        this.client = client;
        pauseMs = 100;
        for (const channel of this.listeners.keys()) this.tellAll(channel, '');
        await this.probeUntilLost(client, ended);
        if (!this.isStopped) this.log.warn('the connection for notices was lost, connecting again');
      } catch (error) {
        if (!this.isStopped)
          this.log.warn('the connection for notices cannot be made, trying again', { error, pauseMs });
      }
      this.client = null;
      void client.end().catch(() => undefined);
      await this.pause(pauseMs);
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  /** A half-open connection says nothing at all, so an answer is asked for every 5 s. */
  private async probeUntilLost(client: pg.Client, ended: Promise<void>): Promise<void> {
    let isLost = false;
    void ended.then(() => {
      isLost = true;
      this.wakeFromPause?.();
    });
    while (!isLost && !this.isStopped) {
      await this.pause(PROBE_EVERY_MS);
      if (isLost || this.isStopped) return;
      try {
        await this.ask(client, 'SELECT 1');
      } catch {
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
        return;
      }
    }
  }

  private pause(ms: number): Promise<void> {
    if (this.isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wakeFromPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private tellAll(channel: string, payload: string): void {
    for (const listener of this.listeners.get(channel) ?? []) this.tell(listener, payload);
  }

  private tell(listener: Listener, payload: string): void {
    try {
      listener(payload);
    } catch (error) {
      this.log.error('a listener of notices failed', { error });
    }
  }
}
