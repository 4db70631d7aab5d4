import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { unpackProgram, type UnpackedCommand, type UnpackedRoot } from './apt-unpack.js';
import { LOOPBACK, findFreeTcpPort } from './ports.js';
import {
  makePrivateFolder,
  removePrivateFolder,
  runCommand,
  startProcess,
  waitUntilReady,
  type StartedProcess,
} from './processes.js';

/** Oldest version that BullMQ and the product's scripts are tested with. */
const OLDEST_MAJOR = 7;
/** Valkey is the same server under its free fork's name; it counts its versions from 7.2. */
const PROGRAMS = ['redis-server', 'valkey-server'];

/** How to start a Redis server of our own. */
export interface RedisOptions {
  /** Where its append-only file lives; kept at the stop. Left out: a private temporary folder, removed at the stop. */
  readonly dataDir?: string;
  /** Told in a few words what is being done. */
  readonly progress?: (message: string) => void;
}

/** A running Redis server that we own. */
export interface RunningRedis {
  /** `redis://` address; no password: it listens on 127.0.0.1 only. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now; changes with `restart`. */
  readonly pid: number;
  /** Where its append-only file lives. */
  readonly dataDir: string;
  readonly logFile: string;
  /** Starts another process on the same data at the same address, after this one was ended by whatever cause; ends it if it still runs. */
  restart(): Promise<void>;
  /** Ends the process and keeps the data; `restart` goes on with them. */
  halt(): Promise<void>;
  /** Ends it and removes the data when they were temporary. */
  stop(): Promise<void>;
}

/**
 * Starts Redis (or Valkey) on a free port of 127.0.0.1, set as the product demands: append-only file each second, `noeviction`.
 *
 * The server is the machine's own when it is version 7 or newer, else the distribution's package, unpacked into the project's cache.
 * @throws SetUpError when no server can be had or it does not start
 */
export async function startRedis(options: RedisOptions = {}): Promise<RunningRedis> {
  const progress = options.progress ?? (() => undefined);
  const program = (await findOnMachine()) ?? (await fetchProgram(progress));
  const temporary = options.dataDir === undefined ? makePrivateFolder('redis') : null;
  const dataDir = options.dataDir ?? join(temporary ?? '', 'data');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const removeTemporary = (): void => (temporary === null ? undefined : removePrivateFolder(temporary));
  try {
    const { server, port } = await launch(program, dataDir);
    let current = server;
    return {
      url: `redis://${LOOPBACK}:${port}`,
      port,
      get pid() {
        return current.pid;
      },
      dataDir,
      logFile: server.logFile,
      async restart() {
        await current.stop();
        current = (await launch(program, dataDir, port)).server;
      },
      halt: () => current.stop(),
      async stop() {
        await current.stop();
        removeTemporary();
      },
    };
  } catch (error) {
    removeTemporary();
    throw error;
  }
}

async function findOnMachine(): Promise<UnpackedCommand | null> {
  for (const command of PROGRAMS) {
    if ((await faultOf({ command, args: [] })) === null) return { command, args: [] };
  }
  return null;
}

async function fetchProgram(progress: (message: string) => void): Promise<UnpackedCommand> {
  const root = await unpackProgram({
    name: 'redis',
    // The server's program lies in the tools' package of both; the server's package adds only service files.
    alternatives: [['redis-tools'], ['valkey-tools']],
    suites: { debian: ['own', 'trixie', 'forky', 'sid'], ubuntu: ['own', 'noble'] },
    assumeInstalled: ['adduser', 'debconf', 'init-system-helpers', 'lsb-base', 'perl-base', 'procps', 'sysvinit-utils'],
    check: async (unpacked) => faultOf(commandIn(unpacked)),
    progress,
  });
  return commandIn(root);
}

/** One program file is server, checker and sentinel at once and looks at its own name to know which. */
function commandIn(root: UnpackedRoot): UnpackedCommand {
  const isValkey = root.has('usr/bin/valkey-check-rdb');
  return root.command(
    isValkey ? 'usr/bin/valkey-check-rdb' : 'usr/bin/redis-check-rdb',
    [],
    isValkey ? 'valkey-server' : 'redis-server',
  );
}

/** What keeps this program from being used, or null. */
async function faultOf({ command, args }: UnpackedCommand): Promise<string | null> {
  const told = await runCommand(command, [...args, '--version']);
  const version = /v=(\d+)\.\S+/.exec(told.stdout);
  if (told.code !== 0 || version === null) return told.stderr.trim() || told.stdout.trim() || 'it does not run';
  return Number(version[1]) >= OLDEST_MAJOR
    ? null
    : `it is version ${version[0].slice(2)}, and ${OLDEST_MAJOR} is needed`;
}

async function launch(
  program: UnpackedCommand,
  dataDir: string,
  samePort?: number,
): Promise<{ server: StartedProcess; port: number }> {
  let failure: unknown;
  // Another program may take the port between our look and the bind.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const port = samePort ?? (await findFreeTcpPort());
    const settings = {
      bind: LOOPBACK,
      port: String(port),
      dir: dataDir,
      appendonly: 'yes',
      appendfsync: 'everysec',
      'maxmemory-policy': 'noeviction',
      save: '',
      daemonize: 'no',
    };
    const server = await startProcess({
      name: 'redis',
      command: program.command,
      args: [...program.args, ...Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value])],
      logFile: `${dataDir}.log`,
    });
    try {
      await waitUntilReady('redis', server, 30_000, () => answersPing(port));
      return { server, port };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK }, () => socket.write('PING\r\n'));
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(chunk.toString().startsWith('+PONG'));
    });
    socket.once('error', () => resolve(false));
    socket.setTimeout(1_000, () => {
      socket.destroy();
      resolve(false);
    });
  });
}
