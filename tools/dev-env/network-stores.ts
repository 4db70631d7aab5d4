import { createHash, randomBytes } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
  const dataDir = options.isTemporary ? undefined : postgresFolder(options.folder, options.progress);
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
  return runId === undefined ? `cd:${installationOf(folder)}:` : `cd:test-${runId}-${shortHash(folder)}:`;
}

/** Removes all that an installation has on this machine's disk. */
export function removeData(folder: string): void {
  for (const one of [folder, outsideOf(folder)]) rmSync(one, { recursive: true, force: true });
}

/** Beside the other data, but where Postgres must run as another user that cannot get there (a clone below /root): outside. */
function postgresFolder(folder: string, progress: StoreOptions['progress']): string {
  if (findUnprivilegedUser() === null || isOpenToOthers(folder)) return join(folder, 'postgres');
  const outside = outsideOf(folder);
  const own = installationOf(folder);
  makeOwnFolder(outside);
  const left = readdirSync(outside).filter((name) => name !== own);
  if (left.length > 0)
    progress?.(`removing the data of an installation that stood in ${folder} before: nothing opens them any more`);
  for (const name of left) rmSync(join(outside, name), { recursive: true, force: true });
  makeOwnFolder(join(outside, own));
  return join(outside, own, 'postgres');
}

/** A place of the machine that survives a restart. */
function outsideOf(folder: string): string {
  return join('/var/tmp', `confirm-dialer-${shortHash(folder)}`);
}

/**
 * Names what an installation has outside of its folder. The keys that open its data lie in the folder: whoever removes it and begins anew at the same place (a
 * second clone) must not find the old data.
 */
function installationOf(folder: string): string {
  const file = join(folder, 'installation');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  const id = randomBytes(8).toString('hex');
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  writeFileSync(file, `${id}\n`, { mode: 0o600 });
  return id;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
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

/** One database for each installation; Postgres takes 63 characters. */
function databaseName({ folder, runId }: StoreOptions): string {
  return runId === undefined
    ? `confirm_dialer_${installationOf(folder)}`
    : `confirm_dialer_net_${runId}_${Buffer.from(folder).toString('hex').slice(-24)}`;
}
