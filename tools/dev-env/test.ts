import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { startBackingServices, type BackingServices } from './backing-services.js';
import { SetUpError } from './processes.js';
import { waitForStopSignal } from './stop-signal.js';
import { forgetTestRun } from './test-remains.js';

// Entry of `npm test`: every layer that must pass before a merge, on services of its own; ends with the sum of all tests.

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const { values } = parseArgs({ options: { 'without-asterisk': { type: 'boolean', default: false } } });
const isWithoutAsterisk = values['without-asterisk'];
const runId = randomBytes(4).toString('hex');
const reports = join(root, '.cache', 'test-reports', runId);
const progress = (message: string): void => console.error(`test: ${message}`);

interface Sum {
  passed: number;
  failed: number;
  skipped: number;
  /** Each failed test: file, full name and the first line of what it said. */
  failures: string[];
}

/** What is read of vitest's JSON report. */
interface Report {
  numPassedTests?: number;
  numFailedTests?: number;
  numPendingTests?: number;
  numTodoTests?: number;
  testResults?: {
    name: string;
    status: string;
    message?: string;
    assertionResults: { fullName: string; status: string; failureMessages?: string[] }[];
  }[];
}

/** Files side by side. Those that ask a database mostly wait for it; the layers with an exchange run file by file. */
const WORKERS: Record<string, number> = { unit: availableParallelism(), int: availableParallelism() + 1 };

let isStopping = false;
let current: ChildProcess | null = null;
void waitForStopSignal().then((reason) => {
  isStopping = true;
  progress(`stopping (${reason})`);
  current?.kill('SIGTERM');
});

/** Runs one vitest project; a run that breaks without a failed test counts as one failure. */
async function runProject(project: string, services: BackingServices, filters: readonly string[] = []): Promise<Sum> {
  const report = join(reports, `${project}.json`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [
    vitest,
    'run',
    '--project',
    project,
    '--passWithNoTests',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...(WORKERS[project] === undefined ? [] : [`--maxWorkers=${WORKERS[project]}`]),
    ...filters,
  ];
  const code = await new Promise<number>((resolve) => {
    current = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        NODE_ENV: 'test',
        DATABASE_URL: services.databaseUrl,
        REDIS_URL: services.redisUrl,
        TEST_RUN_ID: runId,
      },
    });
    current.once('error', () => resolve(1));
    current.once('close', (exit) => resolve(exit ?? 1));
  });
  current = null;
  const sum = readReport(report);
  if (code === 0 || sum.failed > 0) return sum;
  const failures = sum.failures.length > 0 ? sum.failures : [`${project}: ended with ${code} without a failed test`];
  return { ...sum, failed: 1, failures };
}

function readReport(file: string): Sum {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
    return {
      passed: report.numPassedTests ?? 0,
      failed: report.numFailedTests ?? 0,
      skipped: (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0),
      failures: failuresOf(report),
    };
  } catch {
    return { passed: 0, failed: 0, skipped: 0, failures: [] };
  }
}

/** A file that never came to its tests has one entry of its own. */
function failuresOf({ testResults = [] }: Report): string[] {
  return testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0 && status === 'failed') return [`${file}: ${firstLine(message)}`];
    return failed.map(({ fullName, failureMessages }) => `${file} > ${fullName}: ${firstLine(failureMessages?.[0])}`);
  });
}

function firstLine(text = ''): string {
  return stripVTControlCharacters(text).split('\n', 1)[0]!.slice(0, 300);
}

/** The contract suites that need no Asterisk, by file name. */
function contractFiles(): string[] {
  const folder = join(root, 'test', 'contract');
  return readdirSync(folder)
    .filter((file) => file.endsWith('.spec.ts') && !file.includes('asterisk'))
    .map((file) => join('test', 'contract', file));
}

const total: Sum = { passed: 0, failed: 0, skipped: 0, failures: [] };
let services: BackingServices | null = null;
try {
  mkdirSync(reports, { recursive: true });
  services = await startBackingServices({ fsync: false, progress });
  const plan: readonly (readonly [string, readonly string[]])[] = isWithoutAsterisk
    ? [
        ['unit', []],
        ['int', []],
        ['contract', contractFiles()],
      ]
    : [
        ['unit', []],
        ['int', []],
        ['contract', []],
        ['e2e', []],
        ['chaos', []],
      ];
  for (const [project, filters] of plan) {
    if (isStopping) break;
    progress(`${project} tests`);
    const sum = await runProject(project, services, filters);
    total.passed += sum.passed;
    total.failed += sum.failed;
    total.skipped += sum.skipped;
    total.failures.push(...sum.failures);
  }
  if (isStopping) process.exitCode = 130;
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(error.message);
  total.failed += 1;
  total.failures.push('the services the tests stand on did not start');
} finally {
  if (services !== null) {
    await forgetTestRun(services, runId).catch((error: unknown) =>
      progress(`some databases could not be dropped: ${String(error)}`),
    );
    await services.stop();
  }
  rmSync(reports, { recursive: true, force: true });
}

const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
const without = isWithoutAsterisk
  ? ' (without Asterisk: its contract suite, the end-to-end tests and the run under faults were left out)'
  : '';
// Told once more, since what each layer printed of it stands far above by now.
if (total.failures.length > 0) console.log(['Failed:', ...total.failures.map((failure) => `  ${failure}`)].join('\n'));
console.log(`Tests: ${total.passed} passed, ${total.failed} failed${skipped}${without}`);
process.exitCode ??= total.failed > 0 || total.passed === 0 ? 1 : 0;
