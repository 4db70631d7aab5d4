import type { Redis } from 'ioredis';

/**
 * What is wrong with the settings of a Redis that holds our queues: one sentence each, with the remedy. Empty when all is well.
 * A Redis that hides its settings (CONFIG not allowed) is taken as set up by somebody who knows.
 */
export async function findRedisPolicyFaults(redis: Pick<Redis, 'config'>): Promise<string[]> {
  const read = async (name: string): Promise<string | null> => {
    try {
      const answer = (await redis.config('GET', name)) as string[];
      return answer[1] ?? null;
    } catch (error) {
      if (/unknown command|NOPERM|not allowed/i.test((error as Error).message)) return null;
      throw error;
    }
  };
  const [appendOnly, eviction] = [await read('appendonly'), await read('maxmemory-policy')];
  return [
    ...(appendOnly === 'no'
      ? ['Redis keeps no append-only file and forgets all queued work in a crash: start it with --appendonly yes']
      : []),
    ...(eviction !== null && eviction !== 'noeviction'
      ? [
          `Redis may throw queued work away when its memory is full (${eviction}): start it with --maxmemory-policy noeviction`,
        ]
      : []),
  ];
}
