import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createDatabase, dropDatabase, dropKeys } from './backing-services.js';
import { startPostgres } from './postgres.js';
import { SetUpError } from './processes.js';
import { startRedis } from './redis.js';
import { findUnprivilegedUser, isOpenToOthers } from './unprivileged-user.js';

/** Where a network keeps its data. */
export interface StoreOptions {
  readonly folder: string;
  readonly isTemporary?: boolean;
  /** Put into the names of what is made on servers that are not ours, so that a run that was killed can be cleaned up after. */
  readonly runId?: string;
  readonly progress?: (message: string) => void;
}

/** Remembers a part that must be stopped in the end. */
export type Keep = <T extends { stop(): Promise<void> }>(part: T) => T;

/** A database of the network's own: on the server of DATABASE_URL, else on a server that is started here. */
export async function ownDatabase(options: StoreOptions, keep: Keep): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined) {
    const name = databaseName(options);
    if (options.isTemporary) keep({ stop: () => dropDatabase(given, name) });
    return createDatabase(given, name);
  }
  const dataDir = options.isTemporary ? undefined : postgresFolder(options.folder);
  if (dataDir !== undefined) makeOwnFolder(dirname(dataDir));
  const server = keep(
    await startPostgres({
      dataDir,
      fsync: !options.isTemporary,
      progress: options.progress,
    }),
  );
  return createDatabase(server.url, 'confirm_dialer_demo');
}

/** REDIS_URL, else a server of our own. */
export async function ownRedis(options: StoreOptions, keep: Keep): Promise<string> {
  const given = process.env['REDIS_URL'];
  if (given === undefined) {
    return keep(await startRedis({ dataDir: join(options.folder, 'redis'), progress: options.progress })).url;
  }
  if (options.isTemporary) keep({ stop: () => dropKeys(given, redisKeyPrefix(options)) });
  return given;
}

/** Networks side by side on one server do not meet: each has a prefix of its own. */
export function redisKeyPrefix({ folder, runId }: StoreOptions): string {
  const own = createHash('sha256').update(folder).digest('hex').slice(0, 12);
  return runId === undefined ? `cd:${own}:` : `cd:test-${runId}-${own}:`;
}

/**
 * Beside the other data, but where Postgres must run as another user that cannot get there (a clone below /root): in a place of the machine that
 * survives a restart.
 */
export function postgresFolder(folder: string): string {
  if (findUnprivilegedUser() === null || isOpenToOthers(folder)) return join(folder, 'postgres');
  return join(
    '/var/tmp',
    `confirm-dialer-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`,
    'postgres',
  );
}

/**
 * Makes a folder that others may pass and only we may change.
 * @throws SetUpError when somebody else owns it: /var/tmp is open to all
 */
function makeOwnFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  if (lstatSync(folder).uid !== process.getuid?.()) {
    throw new SetUpError(`${folder} belongs to somebody else. Remove it, or set DATABASE_URL.`);
  }
}

/** One database for each folder; Postgres takes 63 characters. */
function databaseName({ folder, runId }: StoreOptions): string {
  const own = Buffer.from(folder).toString('hex');
  return runId === undefined ? `confirm_dialer_${own.slice(-40)}` : `confirm_dialer_net_${runId}_${own.slice(-24)}`;
}
