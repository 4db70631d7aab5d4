import { connect, createServer, type Socket } from 'node:net';

/** A door on 127.0.0.1 in front of a TCP server that can be slammed, or silently blocked. */
export interface TcpGate {
  readonly port: number;
  /** Resets every connection; new ones are let through. */
  cut(): void;
  /** While shut every byte is swallowed both ways and no connection ends: a network that has died half-open. */
  setShut(isShut: boolean): void;
  close(): Promise<void>;
}

/** Opens a gate to `host:port`. */
export async function openTcpGate(host: string, port: number): Promise<TcpGate> {
  const pairs = new Set<[Socket, Socket]>();
  let isShut = false;
  const server = createServer((near) => {
    const far = connect(port, host);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.setNoDelay();
    far.setNoDelay();
    const forward = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => {
        if (!isShut) to.write(bytes);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        // While shut one half may end alone; the other is kept for `cut`, or a server would wait for it.
        if (to.destroyed) pairs.delete(pair);
        if (!isShut) to.destroy();
      });
    };
    forward(near, far);
    forward(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the gate has no port');
  const cut = (): void => {
    for (const [near, far] of pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
    pairs.clear();
  };
  return {
    port: address.port,
    cut,
    setShut(value) {
      isShut = value;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
