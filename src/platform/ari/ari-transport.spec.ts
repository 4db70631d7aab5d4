import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Pool, request } from 'undici';
import { describe, expect, it } from 'vitest';
import { waitFor } from '../../../test/support/wait.js';
import { fewAtOnce, inTime, resetOnError, resettingConnector } from './ari-transport.js';

/** A server that reads nothing for a while, as one behind a dead line: what arrives of a client that was given up meanwhile. */
async function arrivesLate(prepare: (socket: Socket) => void): Promise<number> {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  prepare(client);
  client.on('error', () => undefined);
  await once(client, 'connect');
  const [far] = await accepted;
  far.on('error', () => undefined);
  // More than both sides' buffers take: the end of it waits in the client's.
  client.write(Buffer.alloc(16 * 1024 * 1024));
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.destroy(new Error('given up'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  let bytes = 0;
  far.on('data', (chunk: Buffer) => (bytes += chunk.length));
  far.resume();
  await once(far, 'close');
  server.close();
  return bytes;
}

it('what a connection had not delivered when it was given up is not delivered later', async () => {
  const common = await arrivesLate(() => undefined);
  const reset = await arrivesLate(resetOnError);
  // What lay at the far end already is there in both cases; the common way sends what waited here, too.
  expect(reset).toBeLessThan(common / 2);
});

/** All that a server got of a command that was given so long ago. */
async function arrivesOf(body: string, agoMs: number): Promise<string> {
  let text = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.endsWith(body)) socket.end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n');
    });
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await request(`http://127.0.0.1:${(server.address() as AddressInfo).port}/channels`, {
    method: 'POST',
    headers: { 'content-length': String(body.length) },
    body: Readable.from(inTime(body, performance.now() - agoMs)),
  }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  server.close();
  return text;
}

it('a command to call leaves at once or not at all: nothing of one that a process slept over', async () => {
  const arrived = await arrivesOf('{"variables":{}}', 0);
  expect(arrived).toContain('content-length: 16');
  expect(arrived).not.toContain('chunked');
  expect(arrived).toMatch(/\{"variables":\{\}\}$/);
  expect(await arrivesOf('{"variables":{}}', 12_000)).toBe('');
});

it('a server that refuses connections refuses its commands, no more', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  const dispatcher = new Pool(origin, { connect: resettingConnector() });
  await expect(request(`${origin}/channels`, { dispatcher })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await dispatcher.destroy();
});

describe('connections that are opened a few at once', () => {
  /** A server that answers when it is told to; tells how many requests are with it. */
  async function aServer() {
    const held: (() => void)[] = [];
    const server = createHttpServer((_, response) => void held.push(() => response.end('ok')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const dispatcher = new Pool(origin, {
      connections: 12,
      pipelining: 1,
      connect: fewAtOnce(resettingConnector(), 3),
    });
    const ask = (signal?: AbortSignal): Promise<string> =>
      request(`${origin}/`, { dispatcher, signal: signal ?? null }).then(({ body }) => body.text());
    const release = (): void => held.splice(0).forEach((answer) => answer());
    const end = async (): Promise<void> => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    };
    return { held, ask, release, end, dispatcher };
  }

  it('wait while that many have no answer, and stay open for more', async () => {
    const { held, ask, release, end, dispatcher } = await aServer();
    const asked = Array.from({ length: 10 }, () => ask());
    await waitFor('three requests', () => held.length === 3);
    await sleep(50);
    expect(held.length).toBe(3);
    for (let left = 7; left > 0; left -= 3) {
      release();
      await waitFor('the next ones', () => held.length === Math.min(3, left));
    }
    release();
    expect(await Promise.all(asked)).toEqual(Array.from({ length: 10 }, () => 'ok'));
    // Ten connections are known by now: they are used as they are.
    const again = Array.from({ length: 4 }, () => ask());
    await waitFor('four at once', () => held.length === 4);
    release();
    await Promise.all(again);
    await end();
    await dispatcher.destroy();
  });

  it('make room when one is given up, or refused', async () => {
    const { held, ask, release, end, dispatcher } = await aServer();
    const given = new AbortController();
    const first = ask(given.signal);
    const asked = Array.from({ length: 3 }, () => ask());
    await waitFor('three requests', () => held.length === 3);
    given.abort();
    await expect(first).rejects.toThrow();
    await waitFor('the fourth', () => held.length === 4);
    release();
    expect(await Promise.all(asked)).toEqual(['ok', 'ok', 'ok']);
    await end();
    const refused = await Promise.allSettled(Array.from({ length: 5 }, () => ask()));
    expect(refused.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => 'rejected'));
    await dispatcher.destroy();
  });
});
