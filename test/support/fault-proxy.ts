import { connect, createServer, type Socket } from 'node:net';

/** When a connection is to be reset on its way: after so many bytes from the client, or right after these words of the client have been passed on. */
export type CutPoint = { readonly bytes: number } | { readonly words: string };

/** What has passed a proxy; read by tests that want to know whether a fault was met by any traffic at all. */
export interface ProxyCounts {
  readonly connections: number;
  /** Connections that found no server, or were refused by us. */
  readonly refused: number;
  /** Connections that a fault has reset. */
  readonly resets: number;
  /** Pieces of data that a fault has held back, slowed down or swallowed. */
  readonly hindered: number;
}

/** A TCP line on 127.0.0.1 in front of a server, that can fail in every way a network can. */
export interface FaultProxy {
  readonly port: number;
  readonly counts: ProxyCounts;
  /** Resets every connection; new ones are let through. */
  reset(): void;
  /** Ends all connections and refuses new ones. */
  cut(): void;
  /** Keeps connections open but passes nothing on, in either direction; new connections are accepted and silent. */
  freeze(): void;
  /** Swallows every byte both ways, or one way, and ends no connection: a network that has died half-open. What has lost bytes is reset by {@link mend}. */
  blackhole(way?: 'both' | 'to_server' | 'to_client'): void;
  /** Everything arrives so much later, each way. */
  delay(ms: number): void;
  /** Resets the next `times` connections that reach the point, before anything of the server's answer comes back. */
  cutAt(point: CutPoint, times?: number): void;
  /** Works again; what was held back is passed on. */
  mend(): void;
  /** New connections go to these, in turn; one that refuses is passed over. */
  setTargets(urls: readonly string[]): void;
  close(): Promise<void>;
}

/** How long the server gets to read what was passed on before its connection is reset under it. */
const TAKEN_IN_MS = 30;

interface Pair {
  readonly near: Socket;
  far: Socket | null;
  /** Bytes that the client has sent. */
  sent: number;
  hasLostBytes: boolean;
  isDoomed: boolean;
}

/**
 * Starts a proxy on a port of 127.0.0.1.
 * @param targets  one address or several, of which the host and port count
 * @param port     default: a free one
 */
export async function startFaultProxy(targets: string | readonly string[], port = 0): Promise<FaultProxy> {
  let urls = typeof targets === 'string' ? [targets] : targets;
  let turn = 0;
  let state: 'open' | 'cut' | 'frozen' | 'blackhole' = 'open';
  let swallows: 'both' | 'to_server' | 'to_client' = 'both';
  let delayMs = 0;
  let planned: { point: CutPoint; times: number } | null = null;
  const counts = { connections: 0, refused: 0, resets: 0, hindered: 0 };
  const pairs = new Set<Pair>();

  const destroy = (pair: Pair): void => {
    pair.near.destroy();
    pair.far?.destroy();
    pairs.delete(pair);
  };
  const resetPair = (pair: Pair): void => {
    if (!pairs.has(pair)) return;
    counts.resets += 1;
    pair.near.resetAndDestroy();
    pair.far?.resetAndDestroy();
    pairs.delete(pair);
  };
  const isAtCutPoint = (pair: Pair, chunk: Buffer): boolean => {
    pair.sent += chunk.length;
    if (planned === null || planned.times === 0) return false;
    const { point } = planned;
    const isHere = 'bytes' in point ? pair.sent >= point.bytes : chunk.includes(point.words);
    if (isHere) planned.times -= 1;
    return isHere;
  };

  const forward = (pair: Pair, from: Socket, to: Socket, isFromClient: boolean): void => {
    let isOpenUntil = 0;
    from.on('data', (chunk: Buffer) => {
      if (pair.isDoomed) return;
      if (state === 'blackhole' && swallows !== (isFromClient ? 'to_client' : 'to_server')) {
        pair.hasLostBytes = true;
        counts.hindered += 1;
        return;
      }
      if (isFromClient && isAtCutPoint(pair, chunk)) {
        pair.isDoomed = true;
        to.write(chunk);
        setTimeout(() => resetPair(pair), TAKEN_IN_MS);
        return;
      }
      const now = performance.now();
      // One after the other, also when the delay is made shorter under way.
      isOpenUntil = Math.max(isOpenUntil, now + delayMs);
      if (isOpenUntil <= now) {
        to.write(chunk);
        return;
      }
      counts.hindered += 1;
      setTimeout(() => to.write(chunk), isOpenUntil - now);
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      // In a dead network the other side hears nothing of an end; it is kept for `reset` and `mend`.
      if (state === 'blackhole' && !to.destroyed) pair.hasLostBytes = true;
      else setTimeout(() => destroy(pair), Math.max(0, isOpenUntil - performance.now()));
    });
    if (state === 'frozen') from.pause();
  };

  const dial = (pair: Pair, left: number): void => {
    const url = urls[turn % Math.max(1, urls.length)];
    turn += 1;
    if (url === undefined || left === 0 || state === 'cut') {
      counts.refused += 1;
      destroy(pair);
      return;
    }
    const { hostname, port: targetPort } = new URL(url);
    const far = connect(Number(targetPort), hostname);
    far.setNoDelay();
    const onRefused = (): void => dial(pair, left - 1);
    far.once('error', onRefused);
    far.once('connect', () => {
      far.off('error', onRefused);
      if (!pairs.has(pair)) return void far.destroy();
      pair.far = far;
      forward(pair, far, pair.near, false);
      forward(pair, pair.near, far, true);
      if (state !== 'frozen') pair.near.resume();
    });
  };

  const server = createServer((near) => {
    counts.connections += 1;
    if (state === 'cut') {
      counts.refused += 1;
      near.destroy();
      return;
    }
    near.setNoDelay();
    near.pause();
    near.on('error', () => undefined);
    const pair: Pair = { near, far: null, sent: 0, hasLostBytes: false, isDoomed: false };
    pairs.add(pair);
    near.once('close', () => {
      if (pair.far === null) pairs.delete(pair);
    });
    dial(pair, urls.length);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    port: address.port,
    counts,
    reset() {
      for (const pair of [...pairs]) resetPair(pair);
    },
    cut() {
      state = 'cut';
      counts.resets += pairs.size;
      for (const pair of [...pairs]) destroy(pair);
    },
    freeze() {
      state = 'frozen';
      counts.hindered += pairs.size;
      for (const { near, far } of pairs) {
        near.pause();
        far?.pause();
      }
    },
    blackhole(way = 'both') {
      state = 'blackhole';
      swallows = way;
    },
    delay(ms) {
      delayMs = ms;
    },
    cutAt(point, times = 1) {
      planned = { point, times };
    },
    mend() {
      state = 'open';
      delayMs = 0;
      planned = null;
      for (const pair of [...pairs]) {
        if (pair.hasLostBytes) resetPair(pair);
        else if (pair.far !== null) {
          pair.near.resume();
          pair.far.resume();
        }
      }
    },
    setTargets(next) {
      urls = next;
    },
    close: () =>
      new Promise<void>((resolve) => {
        for (const pair of [...pairs]) destroy(pair);
        server.close(() => resolve());
      }),
  };
}

/** The same address with the proxy's port in it. */
export function throughProxy(url: string, proxy: Pick<FaultProxy, 'port'>): string {
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(proxy.port);
  return through.href;
}
