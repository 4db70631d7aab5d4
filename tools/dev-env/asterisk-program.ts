import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackProgram, type UnpackedCommand, type UnpackedRoot } from './apt-unpack.js';
import { PROJECT_FOLDER } from './cache-folder.js';
import { runCommand } from './processes.js';

/** Oldest major version whose ARI and PJSIP modules do what asterisk-config/ relies on. */
const OLDEST_MAJOR = 20;

/** An Asterisk that can be started. */
export interface AsteriskProgram {
  /** e.g. `Asterisk 22.10.1~dfsg+~cs6.17.60671434-1`. */
  readonly version: string;
  readonly moduleFolder: string;
  /** Folder with `rest-api/` (the ARI descriptions that clients ask for) and the core's documentation. */
  readonly shareFolder: string;
  /** Full command line for these arguments of `asterisk`. */
  command(args: readonly string[]): UnpackedCommand;
}

/**
 * Packages that only unneeded modules of Debian's package want (SNMP, databases, sound cards, calendars, video and rare speech codecs), or
 * that only matter when a package is installed for good. A wrong name here costs some megabytes, no more.
 */
const NOT_NEEDED = [
  ...['adduser', 'asterisk-config-custom', 'asterisk-core-sounds-en', 'debconf', 'perl-base', 'tzdata'],
  ...['libsnmp45', 'libcodec2-1.2', 'libportaudio2', 'libjack-jackd2-0', 'libical3t64', 'libiksemel3'],
  ...['libneon27t64', 'libradcli4', 'libsybdb5', 'libunbound8', 'liblua5.1-0', 'libspandsp2t64'],
  ...['libopencore-amrnb0', 'libopencore-amrwb0', 'libvo-amrwbenc0', 'libgmime-3.0-0t64', 'libglib2.0-0t64'],
  ...['libodbc2', 'libvorbis0a', 'libvorbisenc2', 'libvorbisfile3', 'libspeex1', 'libresample1'],
  ...['libgcrypt20', 'libpam0g', 'libselinux1'],
];

/**
 * Finds an Asterisk of version 20 or newer: the machine's own, else the distribution's newest package unpacked into the project's cache. Debian's
 * stable releases carry none, so its testing and unstable suites are asked on the machine's own mirror.
 * @throws SetUpError when none can be had
 */
export async function findAsterisk(progress: (message: string) => void): Promise<AsteriskProgram> {
  const own = await findOnMachine();
  if (own !== null) return own;
  const root = await unpackProgram({
    name: 'asterisk',
    alternatives: [['asterisk', 'asterisk-modules']],
    suites: { debian: ['forky', 'sid'], ubuntu: ['own', 'questing', 'noble'] },
    assumeInstalled: NOT_NEEDED,
    check: async (unpacked) => (await faultOf(unpackedProgram(unpacked, ''))) ?? faultOfModules(unpacked),
    progress,
  });
  const program = unpackedProgram(root, '');
  return unpackedProgram(root, (await versionOf(program)) ?? '');
}

async function findOnMachine(): Promise<AsteriskProgram | null> {
  const moduleFolder = [
    '/usr/lib/x86_64-linux-gnu/asterisk/modules',
    '/usr/lib64/asterisk/modules',
    '/usr/lib/asterisk/modules',
  ].find((folder) => existsSync(join(folder, 'chan_pjsip.so')));
  const shareFolder = ['/usr/share/asterisk', '/var/lib/asterisk'].find((folder) =>
    existsSync(join(folder, 'rest-api')),
  );
  if (moduleFolder === undefined || shareFolder === undefined) return null;
  const program = {
    version: '',
    moduleFolder,
    shareFolder,
    command: (args: readonly string[]) => ({ command: 'asterisk', args }),
  };
  if ((await faultOf(program)) !== null) return null;
  if (requiredModules().some((name) => !existsSync(join(moduleFolder, name)))) return null;
  return { ...program, version: (await versionOf(program)) ?? '' };
}

function unpackedProgram(root: UnpackedRoot, version: string): AsteriskProgram {
  return {
    version,
    moduleFolder: root.path('usr/lib/x86_64-linux-gnu/asterisk/modules'),
    shareFolder: root.path('usr/share/asterisk'),
    command: (args) => root.command('usr/sbin/asterisk', args, 'asterisk'),
  };
}

async function versionOf(program: AsteriskProgram): Promise<string | null> {
  const { command, args } = program.command(['-V']);
  const told = await runCommand(command, args);
  return told.code === 0 ? told.stdout.trim() : null;
}

async function faultOf(program: AsteriskProgram): Promise<string | null> {
  const version = await versionOf(program);
  const major = Number(/^Asterisk (\d+)\./.exec(version ?? '')?.[1] ?? 0);
  if (version === null || major === 0) return '`asterisk -V` does not run';
  return major >= OLDEST_MAJOR ? null : `${version} is older than ${OLDEST_MAJOR}`;
}

/** Every module that asterisk-config/ loads must be there and find its libraries. */
async function faultOfModules(root: UnpackedRoot): Promise<string | null> {
  const folder = 'usr/lib/x86_64-linux-gnu/asterisk/modules';
  const present = new Set(readdirSync(root.path(folder)));
  for (const name of requiredModules()) {
    if (!present.has(name)) return `module ${name} is not in the package`;
    const listed = root.command(`${folder}/${name}`);
    const { stdout, stderr, code } = await runCommand(listed.command, ['--list', ...listed.args]);
    if (code !== 0 || stdout.includes('not found'))
      return `module ${name} lacks a library: ${(stdout + stderr).trim()}`;
  }
  return null;
}

/** Module files that the configuration loads, but for those marked `; if present` (not every version or build has them). */
export function requiredModules(parts: readonly string[] = ['pbx', 'carrier']): string[] {
  const names = parts.flatMap((part) => {
    const text = readFileSync(join(PROJECT_FOLDER, 'asterisk-config', part, 'modules.conf'), 'utf8');
    return [...text.matchAll(/^load = (\S+)$/gm)].map((match) => match[1] ?? '');
  });
  return [...new Set(names)];
}
