import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';
import { SetUpError } from './processes.js';

/** The address that everything of the development environment listens on. */
export const LOOPBACK = '127.0.0.1';

/** A TCP port of 127.0.0.1 that is free now. Who binds it should be ready to try again with another one. */
export function findFreeTcpPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

/** A run of ports that no other block of any process on this machine overlaps. */
export interface PortBlock {
  /** First port of the block. */
  readonly first: number;
  /** Number of ports that may be used, counted from `first`. */
  readonly size: number;
  release(): void;
}

const BLOCK_SIZE = 1_000;
// Below 32768, where Linux starts to hand out ports to outgoing connections.
const FIRST_BLOCK = 10_000;
const BLOCK_COUNT = 22;

/**
 * Claims 1,000 neighbouring ports: enough for one Asterisk's SIP and HTTP ports and 490 RTP streams (two ports each).
 *
 * The claim is a UDP socket held on the block's last port: the kernel gives it back when we die, and a second claim of the same block
 * fails at once, so any number of environments up to 22 blocks run side by side.
 * @throws SetUpError when all blocks are taken
 */
export async function claimPortBlock(): Promise<PortBlock> {
  const start = Math.floor(Math.random() * BLOCK_COUNT);
  for (let step = 0; step < BLOCK_COUNT; step += 1) {
    const first = FIRST_BLOCK + ((start + step) % BLOCK_COUNT) * BLOCK_SIZE;
    const claim = await bindUdp(first + BLOCK_SIZE - 1);
    if (claim === null) continue;
    // The ports that will certainly be used must be free of strangers' servers too.
    if ((await areFree(first, 20)) === false) {
      claim.close();
      continue;
    }
    claim.unref();
    return { first, size: BLOCK_SIZE - 2, release: () => claim.close() };
  }
  const last = FIRST_BLOCK + BLOCK_COUNT * BLOCK_SIZE - 1;
  throw new SetUpError(
    `No free block of 1,000 ports between ${FIRST_BLOCK} and ${last} on ${LOOPBACK}. Stop another development environment first.`,
  );
}

async function areFree(first: number, count: number): Promise<boolean> {
  for (let port = first; port < first + count; port += 1) {
    const udp = await bindUdp(port);
    if (udp === null) return false;
    udp.close();
    if ((await isTcpFree(port)) === false) return false;
  }
  return true;
}

function isTcpFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}

function bindUdp(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: false });
    socket.once('error', () => {
      socket.close();
      resolve(null);
    });
    socket.bind({ port, address: LOOPBACK, exclusive: true }, () => resolve(socket));
  });
}
