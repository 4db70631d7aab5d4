import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Runs `work` while no other process on this machine holds the same lock; others wait.
 *
 * The lock is a Linux abstract socket: the kernel drops it when its holder dies, however it dies, so there is no stale lock
 * to clean up and nothing is written to disk. It is named after the folder's device and inode, so that two paths to one
 * folder meet and two machines' roots that share a network do not.
 *
 * @template T
 * @param {string} folder   an existing or creatable folder that the lock protects
 * @param {string} name     what in it is protected, e.g. `asterisk`
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait]  called once when another process holds it
 * @returns {Promise<T>}
 */
export async function withFileLock(folder, name, work, onWait) {
  mkdirSync(folder, { recursive: true });
  const { dev, ino } = statSync(folder);
  const key = createHash('sha256').update(`${dev}:${ino}:${name}`).digest('hex').slice(0, 32);
  const address = `\0confirm-dialer-${key}`;
  let release = await tryLock(address);
  if (release === null) onWait?.();
  while (release === null) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    release = await tryLock(address);
  }
  try {
    return await work();
  } finally {
    await release();
  }
}

/**
 * @param {string} address
 * @returns {Promise<(() => Promise<void>) | null>} how to let go, or null when somebody else holds it
 */
function tryLock(address) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => {
      if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EADDRINUSE') resolve(null);
      else reject(error);
    });
    server.listen(address, () => resolve(() => new Promise((done) => server.close(() => done()))));
  });
}
