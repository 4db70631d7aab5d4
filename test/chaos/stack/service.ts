import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApp, type AppProcess } from '../../../tools/dev-env/app-process.js';
import { findFreeTcpPort } from '../../../tools/dev-env/ports.js';
import { startFaultProxy, throughProxy, type FaultProxy } from '../../support/fault-proxy.js';
import { waitFor } from '../../support/wait.js';

/** What every service process of one installation has in common. */
export interface ServiceWorld {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisKeyPrefix: string;
  readonly ari: { readonly url: string; readonly username: string; readonly password: string };
  readonly adminToken: string;
  readonly encryptionKeys: string;
  readonly publicUrl: string;
  readonly logLevel?: string;
}

/** How a service process has ended. */
export interface ServiceEnd {
  readonly service: string;
  readonly pid: number;
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  /** Whether a fault of ours ended it, or it did so by itself. */
  readonly wasMeant: boolean;
}

const MOVABLE_CLOCK = new URL('./movable-clock.mjs', import.meta.url).href;

/** One process of the service with a line of its own to each of Postgres, Redis and Asterisk; it can be ended and started again at its address. */
export class Service {
  readonly ends: ServiceEnd[] = [];
  private app: AppProcess | null = null;
  private startedAt = new Date();
  private isEndMeant = false;
  private more: Readonly<Record<string, string>> = {};

  private constructor(
    readonly name: string,
    readonly port: number,
    readonly database: FaultProxy,
    readonly redis: FaultProxy,
    readonly ari: FaultProxy,
    private readonly world: ServiceWorld,
  ) {}

  /** Its lines, closed; call {@link start}. */
  static async create(name: string, world: ServiceWorld): Promise<Service> {
    const [database, redis, ari, port] = await Promise.all([
      startFaultProxy(world.databaseUrl),
      startFaultProxy(world.redisUrl),
      startFaultProxy(world.ari.url),
      findFreeTcpPort(),
    ]);
    return new Service(name, port, database, redis, ari, world);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.app?.process.pid ?? 0;
  }

  get isRunning(): boolean {
    return this.app?.process.isRunning() ?? false;
  }

  get logFile(): string {
    return join(this.world.folder, `${this.name}.log`);
  }

  /** Its wall clock is off by so much from now on, also after a start; its timers are not. */
  setClock(offMs: number): void {
    writeFileSync(this.clockFile, String(offMs));
  }

  /** By how much its wall clock is off: the time in its last line of log against the time at which the machine wrote that line. */
  clockOffMs(): number {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    const { time } = JSON.parse(lines.at(-1) ?? '{}') as { time?: string };
    return Math.round(Date.parse(time ?? '') - statSync(this.logFile).mtimeMs);
  }

  private get clockFile(): string {
    return join(this.world.folder, `${this.name}.clock`);
  }

  /** Starts it, with further variables in its environment; those stay for later starts. */
  async start(more: Readonly<Record<string, string>> = this.more): Promise<void> {
    if (this.isRunning) return;
    this.more = more;
    this.startedAt = new Date();
    this.isEndMeant = false;
    const { world } = this;
    const app = await startApp({
      databaseUrl: throughProxy(world.databaseUrl, this.database),
      redisUrl: throughProxy(world.redisUrl, this.redis),
      redisKeyPrefix: world.redisKeyPrefix,
      adminToken: world.adminToken,
      encryptionKeys: world.encryptionKeys,
      ari: { ...world.ari, url: throughProxy(world.ari.url, this.ari).replace(/\/$/, '') },
      port: this.port,
      publicUrl: world.publicUrl,
      logFile: this.logFile,
      logLevel: world.logLevel ?? 'info',
      more: { NODE_OPTIONS: `--import=${MOVABLE_CLOCK}`, CHAOS_CLOCK_FILE: this.clockFile, ...more },
    });
    this.app = app;
    const { pid } = app.process;
    const { startedAt } = this;
    void app.process.ended.then(() => {
      this.ends.push({
        service: this.name,
        pid,
        startedAt,
        endedAt: new Date(),
        exitCode: app.process.exitCode,
        wasMeant: this.isEndMeant,
      });
    });
  }

  /** Sends a signal; one that ends processes is noted as meant. */
  signal(signal: NodeJS.Signals): void {
    if (!this.isRunning) return;
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.isEndMeant = true;
    process.kill(this.pid, signal);
  }

  /** Somebody else will end it now (a failpoint): not an accident. */
  expectEnd(): void {
    this.isEndMeant = true;
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.app?.process.ended;
  }

  /** Asks it to end. @returns its exit code, null when it had to be killed */
  async drain(limitMs: number): Promise<number | null> {
    const { app } = this;
    if (app === null || !this.isRunning) return null;
    this.signal('SIGTERM');
    await app.process.stop(limitMs);
    return app.process.exitCode;
  }

  async isReady(): Promise<boolean> {
    if (!this.isRunning) return false;
    return fetch(`${this.url}/health/ready`, { signal: AbortSignal.timeout(1_500) }).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  async untilReady(limitMs = 60_000): Promise<void> {
    await waitFor(`${this.name} is ready`, () => this.isReady(), limitMs);
  }

  /** All its lines work again. */
  mend(): void {
    for (const proxy of [this.database, this.redis, this.ari]) proxy.mend();
  }

  async stop(): Promise<void> {
    this.mend();
    if (this.isRunning) this.signal('SIGCONT');
    this.isEndMeant = true;
    await this.app?.process.stop(3_000);
    await Promise.all([this.database.close(), this.redis.close(), this.ari.close()]);
  }
}
