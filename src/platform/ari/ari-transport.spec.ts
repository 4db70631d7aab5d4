import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { resetOnError } from './ari-transport.js';

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
