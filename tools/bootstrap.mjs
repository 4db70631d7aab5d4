// Entry of `npm run demo`, `npm test`, `npm run chaos` and `npm run services`: brings a fresh clone to the point where TypeScript runs, with Node's own modules only, then
// hands over to the real entry in this same process (so signals and exit codes are the entry's own).
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { withFileLock } from './file-lock.mjs';

const ENTRIES = {
  demo: { file: 'tools/dev-env/demo.ts', needsBuild: true, exitCodeOfFailure: 2 },
  test: { file: 'tools/dev-env/test.ts', needsBuild: true, exitCodeOfFailure: 1 },
  chaos: { file: 'test/chaos/main.ts', needsBuild: true, exitCodeOfFailure: 2 },
  services: { file: 'tools/dev-env/services.ts', needsBuild: false, exitCodeOfFailure: 2 },
};
const OLDEST_NODE = [20, 19];
const project = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMP_FILE = join(project, 'dist', '.build-stamp');
const cache = join(process.env.CONFIRM_DIALER_CACHE || join(project, '.cache'));

/** A failure that a person can do something about; printed without a stack. */
class BootstrapError extends Error {}

const [name = '', ...args] = process.argv.slice(2);
const entry = ENTRIES[name];
if (entry === undefined) {
  console.error(`usage: node tools/bootstrap.mjs ${Object.keys(ENTRIES).join(' | ')} [options]`);
  process.exit(2);
}
try {
  checkNode();
  // Asked before the lock too: a start that finds all in order does not wait for anybody.
  if (whyInstall() !== null) await withFileLock(project, 'install', install, tellWaiting('installing packages'));
  if (entry.needsBuild && !isBuilt()) await withFileLock(project, 'build', build, tellWaiting('building'));
  await handOver();
} catch (error) {
  if (!(error instanceof BootstrapError) && error?.name !== 'SetUpError') throw error;
  console.error(`npm ${name === 'test' ? 'test' : `run ${name}`}: ${error.message}`);
  process.exit(entry.exitCodeOfFailure);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new BootstrapError(
    `Node ${OLDEST_NODE.join('.')} or newer is needed, and this is ${process.versions.node} (${process.execPath}).`,
  );
}

async function install() {
  const reason = whyInstall();
  if (reason === null) return;
  console.error(`installing packages (${reason})`);
  // Whatever npm is configured to leave out elsewhere, tests need the development packages, and the built-in Postgres is an optional one.
  await runNpm(['ci', '--no-audit', '--no-fund', '--include=dev', '--include=optional']);
}

/** Compares what is to be installed with what npm says it has installed; null when they agree. */
function whyInstall() {
  const installedList = join(project, 'node_modules', '.package-lock.json');
  if (!existsSync(installedList)) return 'there are none';
  const wanted = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')).packages;
  const installed = JSON.parse(readFileSync(installedList, 'utf8')).packages;
  for (const [path, { version, optional, devOptional, link, peer }] of Object.entries(wanted)) {
    if (!path.includes('node_modules/') || link) continue;
    const present = installed[path];
    // Optional ones for other machines are left out by npm.
    if (present === undefined && (optional || devOptional || peer)) continue;
    if (present?.version !== version || !existsSync(join(project, path)))
      return `${path.replace(/^.*node_modules\//, '')} ${version} is missing`;
  }
  return null;
}

function tellWaiting(what) {
  return () => console.error(`waiting for another start that is ${what}`);
}

function isBuilt() {
  return existsSync(STAMP_FILE) && readFileSync(STAMP_FILE, 'utf8') === hashOfSources();
}

async function build() {
  if (isBuilt()) return;
  console.error('building');
  const sources = hashOfSources();
  // The compiler believes its own notes about what it has written already; without the files those would be wrong.
  if (!existsSync(join(project, 'dist', 'main.js')))
    rmSync(join(project, '.cache', 'tsc'), { recursive: true, force: true });
  rmSync(STAMP_FILE, { force: true });
  await runNpm(['run', '--silent', 'build']);
  mkdirSync(dirname(STAMP_FILE), { recursive: true });
  writeFileSync(STAMP_FILE, sources);
}

function hashOfSources() {
  const hash = createHash('sha256');
  const add = (path) => {
    if (!existsSync(join(project, path))) return;
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(project, path)))
      .update('\0');
  };
  for (const path of [
    'package-lock.json',
    'package.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'tools/copy-assets.mjs',
  ])
    add(path);
  for (const folder of ['src', 'web']) {
    if (!existsSync(join(project, folder))) continue;
    const files = readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map((file) => join(file.parentPath ?? file.path, file.name).slice(project.length + 1))
      .filter((path) => !path.includes('node_modules/'));
    for (const path of files.sort()) add(path);
  }
  return hash.digest('hex');
}

async function runNpm(npmArgs) {
  const npmScript = process.env.npm_execpath;
  const [command, first] =
    npmScript && basename(npmScript) === 'npm-cli.js' ? [process.execPath, [npmScript]] : ['npm', []];
  const environment = { ...process.env };
  if (!isWritable(process.env.npm_config_cache ?? homedir())) environment.npm_config_cache = join(cache, 'npm');
  const child = spawn(command, [...first, ...npmArgs], {
    cwd: project,
    env: environment,
    // Standard output belongs to the entry: the demo's last line there is for programs.
    stdio: ['ignore', 2, 2],
    detached: true,
  });
  const release = watchOver(child);
  const code = await new Promise((resolve, reject) => {
    child.once('error', (error) =>
      reject(new BootstrapError(`npm could not be started: ${error.message}. Install npm beside Node.`)),
    );
    child.once('close', (exitCode) => resolve(exitCode ?? 1));
  }).finally(release);
  if (code !== 0)
    throw new BootstrapError(`\`npm ${npmArgs.join(' ')}\` failed with exit code ${code}; its own words stand above.`);
}

/** Ends npm together with us: on a signal at once, and by the watchdog when we are killed without one. */
function watchOver(child) {
  const watchdog = spawn(process.execPath, [join(project, 'tools', 'dev-env', 'watchdog.mjs')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    cwd: '/',
  });
  watchdog.stdin.on('error', () => undefined);
  if (child.pid !== undefined)
    watchdog.stdin.write(
      `${JSON.stringify({ add: child.pid, startedAt: startTimeOf(child.pid), signal: 'SIGTERM' })}\n`,
    );
  const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };
  const listeners = Object.entries(numbers).map(([signal, number]) => {
    const listener = () => {
      child.once('close', () => process.exit(128 + number));
      signalGroup(child.pid, 'SIGTERM');
      setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 2_000).unref();
    };
    process.on(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const remove of listeners) remove();
    watchdog.stdin.end(`${JSON.stringify({ remove: child.pid })}\n`);
  };
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended already.
  }
}

function startTimeOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

async function handOver() {
  const file = join(project, entry.file);
  if (!existsSync(file)) throw new BootstrapError(`${entry.file} is missing from this copy of the project.`);
  const { register } = await import('tsx/esm/api');
  register();
  process.argv = [process.argv[0], file, ...args];
  await import(pathToFileURL(file).href);
}
