import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.js';
import { waitFor } from '../support/wait.js';

// The line that other tests break: each of its faults must be what its name says, or those tests would prove nothing.

let server: Server;
let proxy: FaultProxy;
let heard: string[] = [];
let atServer: Socket[] = [];

/** A client of the echo server behind the proxy. */
async function dial(): Promise<{ socket: Socket; said: string[]; ends: string[] }> {
  const socket = connect(proxy.port, '127.0.0.1');
  const said: string[] = [];
  const ends: string[] = [];
  socket.on('data', (chunk) => said.push(chunk.toString()));
  socket.on('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? 'error'));
  socket.on('close', () => ends.push('close'));
  await new Promise((resolve) => socket.once('connect', resolve));
  return { socket, said, ends };
}

beforeEach(async () => {
  heard = [];
  atServer = [];
  server = createServer((socket) => {
    atServer.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      heard.push(chunk.toString());
      socket.write(`echo ${chunk.toString()}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy(`tcp://127.0.0.1:${(server.address() as { port: number }).port}`);
});

afterEach(async () => {
  await proxy.close();
  for (const socket of atServer) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

describe('a line of the fault proxy', () => {
  it('passes everything on, and an end too', async () => {
    const { socket, said } = await dial();
    socket.write('hello');
    await waitFor('the echo', () => said.includes('echo hello'));
    socket.end();
    await waitFor('the end at the server', () => atServer[0]?.destroyed || atServer[0]?.readableEnded);
  });

  it('reset: the connections break, new ones work', async () => {
    const { socket, ends } = await dial();
    socket.write('a');
    await waitFor('the server', () => heard.length === 1);
    proxy.reset();
    await waitFor('the reset', () => ends.includes('ECONNRESET'));
    const next = await dial();
    next.socket.write('b');
    await waitFor('the echo', () => next.said.includes('echo b'));
    expect(proxy.counts.resets).toBe(1);
  });

  it('cut: nobody gets through until it is mended', async () => {
    const { ends } = await dial();
    proxy.cut();
    await waitFor('the end', () => ends.includes('close'));
    const refused = await dial();
    await waitFor('the end', () => refused.ends.includes('close'));
    proxy.mend();
    const next = await dial();
    next.socket.write('b');
    await waitFor('the echo', () => next.said.includes('echo b'));
  });

  it('freeze: what was held back arrives afterwards, of new connections too', async () => {
    const first = await dial();
    proxy.freeze();
    const second = await dial();
    first.socket.write('one');
    second.socket.write('two');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(heard).toEqual([]);
    proxy.mend();
    await waitFor('both echoes', () => first.said.includes('echo one') && second.said.includes('echo two'));
    expect([first.ends, second.ends]).toEqual([[], []]);
  });

  it('blackhole: bytes are lost, nobody is told, and what has lost some is reset in the end', async () => {
    const { socket, ends } = await dial();
    const quiet = await dial();
    proxy.blackhole();
    socket.write('lost');
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect([heard, ends]).toEqual([[], []]);
    proxy.mend();
    await waitFor('the reset', () => ends.includes('ECONNRESET'));
    quiet.socket.write('still here');
    await waitFor('the echo', () => quiet.said.includes('echo still here'));
  });

  it('delay: later, complete and in order', async () => {
    const { socket, said } = await dial();
    proxy.delay(120);
    const at = performance.now();
    for (const word of ['1', '2', '3']) socket.write(word);
    await waitFor('the echo', () => said.length > 0);
    expect(performance.now() - at).toBeGreaterThan(235);
    await waitFor('all', () => heard.join('') === '123');
  });

  it('cutAt words: the server has them, and the client never hears its answer', async () => {
    const { socket, said, ends } = await dial();
    proxy.cutAt({ words: 'COMMIT' });
    socket.write('BEGIN');
    await waitFor('the echo', () => said.includes('echo BEGIN'));
    socket.write('COMMIT');
    await waitFor('the reset', () => ends.length > 0);
    expect(heard).toEqual(['BEGIN', 'COMMIT']);
    expect(said).toEqual(['echo BEGIN']);
    const next = await dial();
    next.socket.write('COMMIT');
    await waitFor('the echo', () => next.said.includes('echo COMMIT'));
  });

  it('cutAt bytes: after so many of the client', async () => {
    const { socket, ends } = await dial();
    proxy.cutAt({ bytes: 10 });
    socket.write('12345');
    await waitFor('the first half', () => heard.length === 1);
    expect(ends).toEqual([]);
    socket.write('67890');
    await waitFor('the reset', () => ends.length > 0);
  });

  it('takes the next server when one refuses', async () => {
    const address = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
    proxy.setTargets(['tcp://127.0.0.1:1', address]);
    for (const word of ['a', 'b']) {
      const { socket, said } = await dial();
      socket.write(word);
      await waitFor('the echo', () => said.includes(`echo ${word}`));
    }
    proxy.setTargets([]);
    const { ends } = await dial();
    await waitFor('the end', () => ends.includes('close'));
    expect(proxy.counts.refused).toBe(1);
  });
});
