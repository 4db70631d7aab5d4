import { mkdir, open, readdir, readFile, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { Vault } from '../auth/vault.js';
import { Settings } from '../config/settings.js';
import { Log } from '../log/log.js';
import { Metrics, type Counter } from '../metrics/metrics.js';

/** `<instant in ms>-<number in its process>-<process>-<key>.word`: sorted by name they stand in the order in which they came. */
const NAME = /^(\d{15})-(\d{6})-(\d+)-([0-9a-f-]{36})[.]word$/;
const KEY = /^[0-9a-f-]{36}$/;
/** What a killed process left half written; younger ones may be another's who is still at it. */
const FORSAKEN_AFTER_MS = 60_000;

/** Something that waits on disk for Postgres. */
export interface Spooled {
  readonly name: string;
  /** The UUID that it is about. */
  readonly key: string;
  /** When it was told to us, by this machine's clock. */
  readonly at: Date;
}

/**
 * The folder of what was accepted while Postgres was away: one file for each piece, one line sealed by the vault in it. A piece is on the disk, with
 * the folder's entry of it, before it counts as kept. Processes may share a folder if they share a database.
 */
@Injectable()
export class Spool implements OnModuleInit {
  private readonly waiting = new Map<string, Spooled>();
  private readonly results: Counter<'result'>;
  private lastMs = 0;
  private count = 0;

  constructor(
    private readonly settings: Settings,
    private readonly vault: Vault,
    private readonly log: Log,
    metrics: Metrics,
  ) {
    this.results = metrics.counter({
      name: 'dialer_spool_total',
      help: 'Agents’ words that went by the disk because Postgres was away: kept, then replayed, refused or set aside as unreadable.',
      labels: ['result'],
    });
    this.results.declare({ result: ['kept', 'replayed', 'refused', 'set_aside'] });
    metrics.gauge({
      name: 'dialer_spool_waiting',
      help: 'Agents’ words on the disk of this process that Postgres does not have yet.',
      collect: async (gauge) => gauge.set({}, this.waiting.size),
    });
  }

  async onModuleInit(): Promise<void> {
    if (!this.settings.roles.has('api')) return;
    try {
      await mkdir(this.settings.spoolFolder, { recursive: true, mode: 0o700 });
      await this.removeForsaken();
      await this.list();
    } catch (error) {
      this.log.error('the spool cannot be used: while Postgres is away agents’ words are refused', { error });
    }
  }

  get isEmpty(): boolean {
    return this.waiting.size === 0;
  }

  /** Whether something about this key waits here. */
  holds(key: string): boolean {
    return [...this.waiting.values()].some((one) => one.key === key);
  }

  /**
   * Keeps a text safe on disk.
   * @param key  a UUID, no secret: it stands in the file's name
   * @param at   orders the pieces
   * @throws DialerError `busy.retry_later` when the disk does not take it; nothing is left behind then
   */
  async keep(key: string, at: Date, text: string): Promise<void> {
    if (!KEY.test(key)) throw new Error('the key of a spooled text is a UUID');
    // A clock that was set back must not turn round what was said.
    this.lastMs = Math.max(this.lastMs, at.getTime());
    this.count += 1;
    const number = String(this.count % 1_000_000).padStart(6, '0');
    const name = `${String(this.lastMs).padStart(15, '0')}-${number}-${process.pid}-${key}.word`;
    try {
      await this.write(name, `${this.vault.encrypt(text)}\n`);
    } catch (cause) {
      this.log.error('the spool takes nothing: is the disk full?', { error: cause });
      throw new DialerError('busy.retry_later', 'The database is away, and the disk does not take it either.', {
        isRetryable: true,
        retryAfterSeconds: 2,
        cause,
      });
    }
    this.waiting.set(name, { name, key, at: new Date(this.lastMs) });
    this.results.inc({ result: 'kept' });
  }

  /** All that waits, oldest first; pieces of other processes in the same folder too. */
  async list(): Promise<Spooled[]> {
    const known = [...this.waiting.keys()];
    const found = (await readdir(this.settings.spoolFolder)).sort().flatMap((name) => {
      const [, ms, , , key] = NAME.exec(name) ?? [];
      return key === undefined ? [] : [{ name, key, at: new Date(Number(ms)) }];
    });
    // What was kept while the folder was read stays known.
    for (const name of known) this.waiting.delete(name);
    for (const one of found) this.waiting.set(one.name, one);
    return found;
  }

  /** The text of a piece; null when somebody else has taken it away. @throws Error when it cannot be opened with our keys */
  async read({ name }: Spooled): Promise<string | null> {
    try {
      return this.vault.decrypt((await readFile(join(this.settings.spoolFolder, name), 'utf8')).trimEnd());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** It is in Postgres now, or Postgres wants it no more. When it comes again after a crash, whoever replays it has to notice. */
  async remove({ name }: Spooled, result: 'replayed' | 'refused'): Promise<void> {
    await unlink(join(this.settings.spoolFolder, name)).catch(ignoreMissing);
    this.waiting.delete(name);
    this.results.inc({ result });
  }

  /** Nobody can make anything of it: it stays in the folder for a person to look at, and out of the way. */
  async setAside({ name }: Spooled): Promise<void> {
    const file = join(this.settings.spoolFolder, name);
    await rename(file, `${file}.aside`).catch(ignoreMissing);
    this.waiting.delete(name);
    this.results.inc({ result: 'set_aside' });
  }

  private async write(name: string, line: string): Promise<void> {
    const file = join(this.settings.spoolFolder, name);
    const draft = `${file}.draft`;
    try {
      const handle = await open(draft, 'wx', 0o600);
      try {
        await handle.writeFile(line);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(draft, file);
      await this.syncFolder();
    } catch (error) {
      await unlink(draft).catch(() => undefined);
      await unlink(file).catch(() => undefined);
      throw error;
    }
  }

  private async syncFolder(): Promise<void> {
    const folder = await open(this.settings.spoolFolder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  private async removeForsaken(): Promise<void> {
    for (const name of await readdir(this.settings.spoolFolder)) {
      if (!name.endsWith('.draft')) continue;
      const file = join(this.settings.spoolFolder, name);
      const { mtimeMs } = await stat(file);
      if (Date.now() - mtimeMs > FORSAKEN_AFTER_MS) await unlink(file).catch(ignoreMissing);
    }
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
