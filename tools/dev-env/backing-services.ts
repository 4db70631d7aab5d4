import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres } from './postgres.js';
import { startRedis } from './redis.js';

/** What of the services is wanted, and how. */
export interface BackingServicesOptions {
  /** Off for tests: faster, and a crash of the machine loses the data. Default on. */
  readonly fsync?: boolean;
  /** Told in a few words what is being done. */
  readonly progress?: (message: string) => void;
}

/** Addresses of the services, and how to end those that we started. */
export interface BackingServices {
  /** A database named `confirm_dialer_dev`, or whatever DATABASE_URL named. */
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Ends what was started here, in reverse order; what the environment brought is left alone. */
  stop(): Promise<void>;
}

/**
 * Postgres and Redis: those of DATABASE_URL and REDIS_URL where the environment has them, else our own on free ports.
 * @throws SetUpError when one cannot be had; what was started by then is stopped again
 */
export async function startBackingServices(options: BackingServicesOptions = {}): Promise<BackingServices> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const service of started.splice(0).reverse()) await service.stop();
  };
  try {
    const [databaseUrl, redisUrl] = await Promise.all([
      process.env['DATABASE_URL'] ?? startOwnPostgres(options, started),
      process.env['REDIS_URL'] ?? startOwnRedis(options, started),
    ]);
    return { databaseUrl, redisUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startOwnPostgres(
  options: BackingServicesOptions,
  started: { stop(): Promise<void> }[],
): Promise<string> {
  const server = await startPostgres(options);
  started.push(server);
  return createDatabase(server.url, 'confirm_dialer_dev');
}

async function startOwnRedis(options: BackingServicesOptions, started: { stop(): Promise<void> }[]): Promise<string> {
  const server = await startRedis(options);
  started.push(server);
  return server.url;
}

/**
 * Makes a database on the server of `url`, unless it is there already.
 * @param name  must begin with `confirm_dialer_`: nothing else is ever made or dropped on a server that may not be ours
 * @returns `url` with the new database in its path
 */
export async function createDatabase(url: string, name: string): Promise<string> {
  if (!/^confirm_dialer_[a-z0-9_]+$/.test(name)) throw new RangeError(`"${name}" is no name for a database of ours`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE "${name}"`).catch((error: { code?: string }) => {
      if (error.code !== DUPLICATE_DATABASE) throw error;
    });
  } finally {
    await client.end();
  }
  const created = new URL(url);
  created.pathname = `/${name}`;
  return created.href;
}

/** Drops a database of ours; its connections are cut. Same rule of names as {@link createDatabase}. */
export async function dropDatabase(url: string, name: string): Promise<void> {
  if (!/^confirm_dialer_[a-z0-9_]+$/.test(name)) throw new RangeError(`"${name}" is no name for a database of ours`);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  } finally {
    await client.end();
  }
}

/** Removes the keys with this prefix, which must begin with `cd:`: nothing else is ever touched on a server that may not be ours. */
export async function dropKeys(url: string, prefix: string): Promise<void> {
  if (!/^cd:[a-z0-9:_-]+$/.test(prefix)) throw new RangeError(`"${prefix}" is no prefix of ours`);
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.unlink(...keys);
  } finally {
    redis.disconnect();
  }
}

/** SQLSTATE of a CREATE DATABASE whose name is taken. */
const DUPLICATE_DATABASE = '42P04';
