import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { Pool, request } from 'undici';
import { expect, it } from 'vitest';
import { inTime, resetOnError, resettingConnector } from './ari-transport.js';

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
