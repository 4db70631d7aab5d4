import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_FOLDER } from './cache-folder.js';
import { LOOPBACK } from './ports.js';
import {
  makePrivateFolder,
  removePrivateFolder,
  startProcess,
  waitUntilReady,
  type StartedProcess,
} from './processes.js';
import { findSipp } from './sipp-program.js';

/** How to run SIPp as buyers of an independent make. */
export interface SippOptions {
  /** A scenario of tools/carrier/sipp/, without `.xml`, or the path of another scenario file. */
  readonly scenario: string;
  /** UDP port to answer at: {@link RunningAsterisk.sippPort}, where the PBX sends `PJSIP/<number>@sipp`. */
  readonly port: number;
  readonly progress?: (message: string) => void;
}

/** One thing that happened in a call, as SIPp's scenario wrote it down. */
export interface SippRecord {
  readonly at: Date;
  /** `invited`, `answered`, `cancelled`, and how the call ended: `ended` by the other side, `left` by the buyer. */
  readonly event: string;
  readonly callId: string;
  /** The called number, on `invited` only. */
  readonly number: string | null;
}

/** SIPp that is waiting for calls. */
export interface RunningSipp {
  readonly pid: number;
  /** Everything so far, in order. */
  records(): SippRecord[];
  stop(): Promise<void>;
}

/**
 * Starts SIPp as the called side: a SIP stack that is not Asterisk, and a call record that nothing of ours writes.
 * @throws SetUpError when SIPp cannot be had or does not start (e.g. the port is taken)
 */
export async function startSipp(options: SippOptions): Promise<RunningSipp> {
  const { command, args } = await findSipp(options.progress ?? (() => undefined));
  const folder = makePrivateFolder('sipp');
  const built = join(PROJECT_FOLDER, 'tools', 'carrier', 'sipp', `${options.scenario}.xml`);
  const logFile = join(folder, 'records.log');
  try {
    const started = await startProcess({
      name: 'sipp',
      command,
      args: [
        ...args,
        ...['-sf', existsSync(built) ? built : options.scenario],
        ...['-i', LOOPBACK, '-p', String(options.port)],
        // Calls that run on while nobody stops them would fill its tables; a buyer hangs up after ten minutes at the latest.
        ...['-recv_timeout', '600000', '-timeout', '0'],
        ...['-nostdin', '-trace_logs', '-log_file', logFile, '-trace_err', '-error_file', join(folder, 'errors.log')],
      ],
      logFile: join(folder, 'sipp.log'),
      cwd: folder,
      env: { ...process.env, TERM: 'dumb' },
      // Asks it to finish; it waits for calls that still run, so it is not asked for long.
      stopSignal: 'SIGUSR1',
    });
    await waitUntilReady('sipp', started, 10_000, () => Promise.resolve(isListening(started, options.port)));
    return {
      pid: started.pid,
      records: () => readRecords(logFile),
      async stop() {
        await started.stop(1_000);
        removePrivateFolder(folder);
      },
    };
  } catch (error) {
    removePrivateFolder(folder);
    throw error;
  }
}

/** The kernel's table of UDP sockets says when it has bound its port. */
function isListening(started: StartedProcess, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return started.isRunning() && readFileSync('/proc/net/udp', 'utf8').includes(`0100007F:${hex} `);
}

function readRecords(logFile: string): SippRecord[] {
  if (!existsSync(logFile)) return [];
  return readFileSync(logFile, 'utf8').split('\n').flatMap(parseSippRecord);
}

/** One line of a scenario's log: `event|seconds since 1970|microseconds|call id|number`; SIPp writes both numbers with six decimals. */
export function parseSippRecord(line: string): SippRecord[] {
  const [event = '', seconds = '', microseconds = '', callId = '', number = ''] = line.trim().split('|');
  const milliseconds = Number(seconds) * 1_000 + Math.round(Number(microseconds) / 1_000);
  if (callId === '' || Number.isNaN(milliseconds)) return [];
  return [{ at: new Date(milliseconds), event, callId, number: number || null }];
}
