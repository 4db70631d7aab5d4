import { Redis } from 'ioredis';

/** The server that tests run on (`REDIS_URL`); only keys under a prefix of the test's own are made and removed there. */
export function redisUrl(): string {
  const url = process.env['REDIS_URL'];
  if (url === undefined || url === '')
    throw new Error('Set REDIS_URL to a Redis server, or run `npm test`, which brings its own.');
  return url;
}

/** Removes every key under the prefix; nothing where the server is away. */
export async function forgetKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.unlink(...keys);
  } catch {
    // Tests of a dead Redis have none to clean.
  } finally {
    redis.disconnect();
  }
}
