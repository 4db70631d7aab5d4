import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AptArchive } from './apt-sources.js';
import { SetUpError, runCommand, type CommandResult } from './processes.js';

/** A request for packages with everything they need, from one suite of the machine's own mirror. */
export interface FetchRequest {
  readonly archive: AptArchive;
  readonly suite: string;
  readonly packages: readonly string[];
  /** Packages that apt shall take for installed, since what wants them is not used: saves fetching them. */
  readonly assumeInstalled: readonly string[];
  /** Private folder of apt's indexes for this suite, and the folder that collects the fetched packages. */
  readonly aptFolder: string;
  readonly archivesFolder: string;
  readonly progress: (message: string) => void;
}

const EXPIRED = /Release file for .* is (expired|not valid yet)/;
const KEYRINGS = [
  '/usr/share/keyrings/debian-archive-keyring.pgp',
  '/usr/share/keyrings/debian-archive-keyring.gpg',
  '/usr/share/keyrings/ubuntu-archive-keyring.gpg',
];

/**
 * Fetches with the machine's apt, without touching the machine's packages or needing root: apt is given a state folder of its own in which nothing but
 * `assumeInstalled` is installed, so the answer is the same on every machine.
 *
 * Signatures are always checked. The date of the suite's index is checked too; only when apt refuses for the date (a mirror that has fallen
 * behind) it is asked again without that check, with a printed warning.
 * @returns names of the package files in `archivesFolder`
 * @throws SetUpError with apt's own words
 */
export async function fetchPackages(request: FetchRequest): Promise<string[]> {
  const environment = {
    ...process.env,
    APT_CONFIG: await writeAptFolder(request),
    LC_ALL: 'C',
    DEBIAN_FRONTEND: 'noninteractive',
  };
  const apt = async (...args: string[]): Promise<CommandResult> =>
    runCommand('apt-get', ['-q', '-y', ...args], { env: environment, timeoutMs: 900_000 });

  const update = ['-o', 'APT::Update::Error-Mode=any', 'update'];
  const noDate = ['-o', 'Acquire::Check-Valid-Until=false', '-o', 'Acquire::Check-Date=false'];
  request.progress(`reading the package index of ${request.suite}`);
  let updated = await apt(...update);
  if (updated.code !== 0 && EXPIRED.test(updated.stderr)) {
    request.progress(
      `WARNING: the mirror's index of ${request.suite} is past its date; going on without the date check (signatures are checked)`,
    );
    updated = await apt(...noDate, ...update);
  }
  if (updated.code !== 0) throw new SetUpError(`apt-get update for ${request.suite} failed:\n${tail(updated.stderr)}`);

  // The simulation names everything that belongs together, whatever lies in the archives folder already.
  const simulated = await apt('--simulate', 'install', ...request.packages);
  const files = [...simulated.stdout.matchAll(/^Inst (\S+) \((\S+) .*\[(\S+)\]\)/gm)].map(
    ([, name, version, architecture]) => `${name}_${version?.replaceAll(':', '%3a')}_${architecture}.deb`,
  );
  request.progress(`fetching ${files.length} packages for ${request.packages.join(', ')} from ${request.suite}`);
  const fetched = simulated.code === 0 ? await apt('--download-only', 'install', ...request.packages) : simulated;
  if (fetched.code !== 0) {
    throw new SetUpError(
      `apt-get could not fetch ${request.packages.join(', ')} from ${request.suite}:\n${tail(fetched.stderr)}`,
    );
  }
  const present = new Set(readdirSync(request.archivesFolder));
  const missing = files.filter((file) => !present.has(file));
  if (missing.length > 0) throw new SetUpError(`apt-get left out ${missing.join(', ')}.`);
  return files;
}

async function writeAptFolder(request: FetchRequest): Promise<string> {
  const { aptFolder, archivesFolder, archive, suite } = request;
  mkdirSync(join(aptFolder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(archivesFolder, 'partial'), { recursive: true });
  const keyring = [archive.signedBy, ...KEYRINGS].find((file) => file !== null && existsSync(file));
  const signedBy = keyring === undefined || keyring === null ? '' : ` signed-by=${keyring}`;
  writeFileSync(
    join(aptFolder, 'sources.list'),
    `deb [arch=amd64${signedBy}] ${archive.uri} ${suite} ${archive.components.join(' ')}\n`,
  );
  writeFileSync(
    join(aptFolder, 'status'),
    request.assumeInstalled
      .map(
        (name) =>
          `Package: ${name}\nStatus: install ok installed\nVersion: 9999:0\nArchitecture: amd64\nMulti-Arch: allowed\nMaintainer: none <none@localhost>\nDescription: assumed\n\n`,
      )
      .join(''),
  );
  const quoted = (path: string): string => `"${path}"`;
  const configuration = [
    `Dir::State ${quoted(aptFolder)};`,
    `Dir::State::lists ${quoted(join(aptFolder, 'lists'))};`,
    `Dir::State::status ${quoted(join(aptFolder, 'status'))};`,
    `Dir::Cache ${quoted(aptFolder)};`,
    `Dir::Cache::archives ${quoted(archivesFolder)};`,
    'Dir::Cache::pkgcache "";',
    'Dir::Cache::srcpkgcache "";',
    `Dir::Etc::sourcelist ${quoted(join(aptFolder, 'sources.list'))};`,
    'Dir::Etc::sourceparts "/dev/null";',
    'Dir::Etc::main "/dev/null";',
    'Dir::Etc::parts "/dev/null";',
    'Dir::Etc::preferences "/dev/null";',
    'Dir::Etc::preferencesparts "/dev/null";',
    'APT::Install-Recommends "false";',
    'APT::Architecture "amd64";',
    'APT::Architectures { "amd64"; };',
    // apt would otherwise fetch as a user of its own, who may not reach the project's folder.
    'APT::Sandbox::User "";',
    'Debug::NoLocking "true";',
    'Acquire::Languages "none";',
    'Acquire::GzipIndexes "true";',
    'Acquire::Retries "3";',
    'Acquire::http::Timeout "30";',
    'Acquire::https::Timeout "30";',
    ...(await machineNetworkSettings()),
  ];
  const file = join(aptFolder, 'apt.conf');
  writeFileSync(file, `${configuration.join('\n')}\n`);
  return file;
}

/** The machine's proxies and certificates, which its mirror may be reachable through only. */
async function machineNetworkSettings(): Promise<string[]> {
  const dump = await runCommand('apt-config', ['dump']);
  return dump.stdout
    .split('\n')
    .filter((line) => /^Acquire::(https?|ftp)::\S+ "[^"]+";$/.test(line) && !line.includes('::Timeout'));
}

function tail(text: string): string {
  return text.trimEnd().split('\n').slice(-12).join('\n');
}
