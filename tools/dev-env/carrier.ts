import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startAsteriskInstance, type AsteriskInstance } from './asterisk-instance.js';
import { readCallRecords, readTrunkLedger, type CallRecord, type TrunkEntry } from './carrier-ledger.js';
import { LOOPBACK, claimPortBlock } from './ports.js';
import { startProcess, waitUntilReady, type StartedProcess } from './processes.js';

/** A running simulated carrier that loads asterisk-config/carrier, with the trunk gate in front. */
export interface RunningCarrier {
  /** Its Asterisk's process: pid, command line, restart. */
  readonly instance: AsteriskInstance;
  /** The trunk gate's process: SIGSTOP makes a trunk that says nothing any more. */
  readonly gate: StartedProcess;
  /** `address:port` of the trunk, for the PBX. */
  readonly trunkHost: string;
  /** `address:port` where any agent's phone answers (`agent-…`). */
  readonly phonesHost: string;
  /** Calls that have ended, as the carrier saw them. */
  callRecords(): CallRecord[];
  /** What passed the trunk, in order: each INVITE that reached the carrier, answered or not, and each answer to it. */
  trunkLedger(): TrunkEntry[];
  /** Whoever is called by this number, a buyer or an agent's phone, hangs up; false when nobody there is on the telephone. */
  hangUp(number: string): Promise<boolean>;
  /** Ends both at once (calls are cut) and removes their folder with the ledgers. */
  stop(): Promise<void>;
}

/**
 * Starts the simulated carrier: a second Asterisk on free ports of 127.0.0.1 that plays buyers and agents' phones.
 * @throws SetUpError when no Asterisk can be had or it does not boot
 */
export async function startCarrier(options: { progress?: (message: string) => void } = {}): Promise<RunningCarrier> {
  const block = await claimPortBlock();
  const carrierPort = block.first;
  const gatePort = block.first + 1;
  let instance: AsteriskInstance | null = null;
  try {
    instance = await startAsteriskInstance({
      part: 'carrier',
      progress: options.progress,
      values: {
        CARRIER_BIND_ADDRESS: LOOPBACK,
        CARRIER_SIP_PORT: carrierPort,
        CARRIER_RTP_FIRST: block.first + 20,
        CARRIER_RTP_LAST: block.first + block.size - 1,
      },
    });
    const asterisk = instance;
    const ledgerFile = join(asterisk.folder, 'log', 'trunk.jsonl');
    const gate = await startGate(gatePort, carrierPort, ledgerFile, asterisk.folder);
    return {
      instance: asterisk,
      gate,
      trunkHost: `${LOOPBACK}:${gatePort}`,
      phonesHost: `${LOOPBACK}:${carrierPort}`,
      callRecords: () => readCallRecords(join(asterisk.folder, 'log', 'calls.log')),
      trunkLedger: () => readTrunkLedger(ledgerFile),
      hangUp: (number) => hangUp(asterisk, number),
      async stop() {
        await gate.stop(1_000);
        await asterisk.stop();
        block.release();
      },
    };
  } catch (error) {
    await instance?.stop();
    block.release();
    throw error;
  }
}

async function hangUp(asterisk: AsteriskInstance, number: string): Promise<boolean> {
  const channels = (await asterisk.cli('core show channels concise')).split('\n');
  const names = channels.map((line) => line.split('!')[0] ?? '').filter((name) => name.startsWith('PJSIP/'));
  const numbers = await Promise.all(names.map((name) => asterisk.cli(`core show channel ${name}`)));
  const called = names.filter((_, index) => (numbers[index] ?? '').split('\n').includes(`LEDGER_NUMBER=${number}`));
  for (const name of called) await asterisk.cli(`channel request hangup ${name}`);
  return called.length > 0;
}

async function startGate(
  port: number,
  carrierPort: number,
  ledgerFile: string,
  folder: string,
): Promise<StartedProcess> {
  const script = fileURLToPath(new URL('../carrier/trunk-gate.mjs', import.meta.url));
  const gate = await startProcess({
    name: 'trunk gate',
    command: process.execPath,
    args: [script, LOOPBACK, String(port), LOOPBACK, String(carrierPort), ledgerFile],
    logFile: join(folder, 'log', 'trunk-gate.log'),
    cwd: folder,
  });
  await waitUntilReady('trunk gate', gate, 10_000, () => answersOptions(port));
  return gate;
}

/** Asks as a PBX does whether the trunk is there; any answer will do. */
function answersOptions(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const finish = (isThere: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(isThere);
    };
    const timer = setTimeout(() => finish(false), 500);
    socket.once('message', () => finish(true));
    socket.once('error', () => finish(false));
    socket.bind(0, LOOPBACK, () => {
      const own = `${LOOPBACK}:${socket.address().port}`;
      const id = randomUUID();
      const request = [
        `OPTIONS sip:${LOOPBACK}:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP ${own};rport;branch=z9hG4bK${id}`,
        `From: <sip:check@${own}>;tag=${id}`,
        `To: <sip:${LOOPBACK}:${port}>`,
        `Call-ID: ${id}`,
        'CSeq: 1 OPTIONS',
        `Contact: <sip:${own}>`,
        'Max-Forwards: 70',
        'Content-Length: 0',
      ];
      socket.send(`${request.join('\r\n')}\r\n\r\n`, port, LOOPBACK);
    });
  });
}
