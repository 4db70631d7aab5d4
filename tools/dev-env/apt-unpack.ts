import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFileLock } from '../file-lock.mjs';
import { fetchPackages } from './apt-fetch.js';
import { findMainArchive, readAptArchives, readDistribution } from './apt-sources.js';
import { cacheFolder } from './cache-folder.js';
import { SetUpError, runCommand } from './processes.js';

/** A program that is to be had from the distribution's packages without installing them. */
export interface UnpackRequest {
  /** Names its place in the cache, e.g. `asterisk`. */
  readonly name: string;
  /** Each alternative is a set of packages; the first that a suite offers and that passes `check` is taken. */
  readonly alternatives: readonly (readonly string[])[];
  /** Suites to ask, best first, per family; `own` is the machine's release. */
  readonly suites: { readonly debian: readonly string[]; readonly ubuntu: readonly string[] };
  readonly assumeInstalled?: readonly string[];
  /** Runs the program once; returns null when it is good, else what is wrong. */
  readonly check: (root: UnpackedRoot) => Promise<string | null>;
  readonly progress: (message: string) => void;
}

/** How to run a program that lies in an unpacked tree. */
export interface UnpackedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** A folder with a small system of its own: the program, its libraries and its own dynamic loader. */
export class UnpackedRoot {
  constructor(readonly folder: string) {}

  /** Absolute path of `path` (e.g. `usr/share/asterisk`) in the tree. */
  path(path: string): string {
    return join(this.folder, path);
  }

  has(path: string): boolean {
    return existsSync(this.path(path));
  }

  /**
   * The command that runs `program` (path in the tree) with the tree's own libraries, whatever the machine's are. Nothing is inherited
   * by what the program itself starts, so helpers of the machine still find the machine's libraries.
   */
  command(program: string, args: readonly string[] = [], argv0?: string): UnpackedCommand {
    const loader = ['usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2', 'usr/lib64/ld-linux-x86-64.so.2'].find((path) =>
      this.has(path),
    );
    if (loader === undefined)
      throw new SetUpError(`${this.folder} holds no dynamic loader; delete it and start again.`);
    return {
      command: this.path(loader),
      args: [
        ...(argv0 === undefined ? [] : ['--argv0', argv0]),
        '--library-path',
        `${this.path('usr/lib/x86_64-linux-gnu')}:${this.path('usr/lib')}`,
        this.path(program),
        ...args,
      ],
    };
  }
}

/** Parts of packages that no program of ours reads. */
const NOT_UNPACKED = [
  ...['doc', 'man', 'locale', 'info', 'lintian', 'bug'].map((name) => `./usr/share/${name}/*`),
  ...['./usr/lib/x86_64-linux-gnu/gconv/*', './var/*', './etc/init.d/*'],
];

/** What keeps the packages of a finished tree together. */
interface Manifest {
  readonly suite: string;
  readonly packages: readonly string[];
  readonly files: readonly string[];
}

/**
 * The unpacked tree of a program: from the cache when it is there, else fetched from the machine's own mirror and unpacked into the cache.
 *
 * Needs only apt-get, dpkg-deb and tar, no root. Concurrent starts wait for each other; a tree appears under its name only when complete and checked.
 * When apt fails but all packages of an earlier run are still in the cache, those are taken.
 * @throws SetUpError with everything that was tried
 */
export async function unpackProgram(request: UnpackRequest): Promise<UnpackedRoot> {
  const recipe = createHash('sha256')
    .update(JSON.stringify([request.alternatives, request.assumeInstalled]))
    .digest('hex');
  const target = join(cacheFolder('debian'), `${request.name}-${recipe.slice(0, 8)}`);
  const finished = new UnpackedRoot(target);
  if (existsSync(target)) return finished;
  return withFileLock(
    cacheFolder('debian'),
    'unpack',
    async () => {
      if (existsSync(target)) return finished;
      assertSupported();
      await unpackInto(target, request);
      return finished;
    },
    () => request.progress(`waiting for another start that is fetching ${request.name}`),
  );
}

async function unpackInto(target: string, request: UnpackRequest): Promise<void> {
  const distribution = readDistribution();
  const archive = findMainArchive(readAptArchives(), distribution);
  const archivesFolder = cacheFolder('debian', 'archives');
  const manifestFile = `${target}.json`;
  const failures: string[] = [];

  if (archive === null) {
    failures.push(
      `no archive of the distribution (${distribution.codename || 'unknown'}) in /etc/apt/sources.list or sources.list.d`,
    );
  } else {
    const suites = request.suites[distribution.family === 'ubuntu' ? 'ubuntu' : 'debian'];
    for (const suite of new Set(suites.map((name) => (name === 'own' ? archive.suite : name)))) {
      for (const packages of request.alternatives) {
        try {
          const files = await fetchPackages({
            archive: { ...archive, components: distribution.family === 'ubuntu' ? ['main', 'universe'] : ['main'] },
            suite,
            packages,
            assumeInstalled: request.assumeInstalled ?? [],
            aptFolder: cacheFolder('debian', `apt-${suite}`, request.name),
            archivesFolder,
            progress: request.progress,
          });
          await unpackFiles(target, files, archivesFolder, request);
          writeFileSync(manifestFile, JSON.stringify({ suite, packages, files } satisfies Manifest, null, 2));
          return;
        } catch (error) {
          if (!(error instanceof SetUpError)) throw error;
          failures.push(`${packages.join(', ')} from ${suite}: ${error.message}`);
        }
      }
    }
  }
  if (existsSync(manifestFile)) {
    const { files } = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest;
    if (files.every((file) => existsSync(join(archivesFolder, file)))) {
      request.progress(`apt failed; unpacking ${request.name} from the packages kept in the cache`);
      await unpackFiles(target, files, archivesFolder, request);
      return;
    }
  }
  throw new SetUpError(
    [
      `${request.name} is not on this machine and could not be fetched as a package:`,
      ...failures.map((line) => `  - ${line.replaceAll('\n', '\n    ')}`),
      `Install ${request.name} on the machine, or make its package mirror reachable, and start again.`,
    ].join('\n'),
  );
}

async function unpackFiles(
  target: string,
  files: readonly string[],
  archivesFolder: string,
  request: UnpackRequest,
): Promise<void> {
  request.progress(`unpacking ${files.length} packages of ${request.name}`);
  const partial = `${target}.partial`;
  rmSync(partial, { recursive: true, force: true });
  // Older packages still put libraries into /lib; the links bring both layouts together.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(partial, 'usr', name), { recursive: true });
    symlinkSync(join('usr', name), join(partial, name));
  }
  for (const file of files) {
    const unpacked = await runCommand('sh', [
      '-c',
      'archive=$1; folder=$2; shift 2; dpkg-deb --fsys-tarfile "$archive" | tar -C "$folder" -x "$@" -f -',
      'unpack',
      join(archivesFolder, file),
      partial,
      '--no-same-owner',
      '--keep-directory-symlink',
      ...NOT_UNPACKED.map((pattern) => `--exclude=${pattern}`),
    ]);
    if (unpacked.code !== 0) throw new SetUpError(`${file} could not be unpacked: ${unpacked.stderr.trim()}`);
  }
  const fault = await request.check(new UnpackedRoot(partial));
  if (fault !== null) {
    rmSync(partial, { recursive: true, force: true });
    throw new SetUpError(`it was fetched, but does not do: ${fault}`);
  }
  renameSync(partial, target);
}

function assertSupported(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetUpError(
      `Packages can be unpacked on x86-64 Linux only, and this is ${process.platform}/${process.arch}.`,
    );
  }
}
