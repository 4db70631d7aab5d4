/**
 * `npm run simulate:bugs`: can the simulator fail? Each planted bug (bugs.ts) is made in a copy of the rules and of the model, and the copy is played until an
 * invariant is broken. Exit code 1 when fewer than 95 % are caught, or when the copy without a bug breaks an invariant.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLANTED_BUGS, type PlantedBug } from './bugs.js';

interface Finding {
  readonly name: string;
  /** The invariant that was broken; null: none in all seeds. */
  readonly id: string | null;
  readonly text: string;
  readonly seed: number;
  readonly seconds: number;
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const COPIED = ['src/core', 'tools/simulate', 'tools/demo-shop', 'package.json', 'tsconfig.json'];
const NO_BUG: PlantedBug = { name: 'no bug', file: 'package.json', find: '', replace: '' };
const LEAST_CAUGHT = 0.95;
const PLAY_WITHIN_MS = 600_000;

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '3' }, only: { type: 'string' }, jobs: { type: 'string' } },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const bugs = [NO_BUG, ...PLANTED_BUGS].filter(({ name }) => values.only === undefined || name.includes(values.only));
  const findings: Finding[] = [];
  const queue = [...bugs];
  const jobs = Number(values.jobs ?? Math.max(1, Math.min(4, availableParallelism())));
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let bug = queue.shift(); bug !== undefined; bug = queue.shift()) {
        const finding = await tryOne(bug);
        findings.push(finding);
        console.log(lineOf(finding));
      }
    }),
  );
  const planted = findings.filter(({ name }) => name !== NO_BUG.name);
  const caught = planted.filter(({ id }) => id !== null).length;
  const isClean = findings.every(({ name, id }) => name !== NO_BUG.name || id === null);
  console.log(`\n${caught} of ${planted.length} caught in ${((performance.now() - startedAt) / 1_000).toFixed(0)} s`);
  if (!isClean) console.log('The rules without a bug break an invariant: see above.');
  return isClean && caught >= planted.length * LEAST_CAUGHT ? 0 : 1;
}

/** Plays the day with this bug. @throws when the text to change is not where it should be */
async function tryOne(bug: PlantedBug): Promise<Finding> {
  const startedAt = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'confirm-dialer-bug-'));
  try {
    for (const path of COPIED) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    plant(bug, folder);
    const scenario = bug.scenario ?? 'faulty-day';
    const output = await play(folder, [scenario, '--seeds', values.seeds, '--until-broken', '--json', '--no-picture']);
    const last = output.trim().split('\n').at(-1) ?? '';
    return { name: bug.name, ...verdict(last), seconds: (performance.now() - startedAt) / 1_000 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function plant(bug: PlantedBug, folder: string): void {
  if (bug.find === '') return;
  const file = join(folder, bug.file);
  const parts = readFileSync(file, 'utf8').split(bug.find);
  if (parts.length !== 2)
    throw new Error(`"${bug.name}" cannot be planted: its text stands ${parts.length - 1} times in ${bug.file}.`);
  writeFileSync(file, parts.join(bug.replace));
}

function verdict(line: string): Pick<Finding, 'id' | 'text' | 'seed'> {
  try {
    const { seed, violations } = JSON.parse(line) as { seed: number; violations: { id: string; text: string }[] };
    const [first] = violations;
    return { id: first?.id ?? null, text: first?.text ?? '', seed };
  } catch {
    return { id: null, text: line.slice(0, 120), seed: 0 };
  }
}

function play(folder: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'tools/simulate/main.ts', ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => child.kill('SIGKILL'), PLAY_WITHIN_MS);
    let output = '';
    let trouble = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (trouble += data.toString()));
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(timer);
      resolve(output === '' ? (trouble.split('\n').find((line) => /Error/.test(line)) ?? 'no answer in time') : output);
    });
  });
}

function lineOf({ name, id, text, seed, seconds }: Finding): string {
  const found = id === null ? `not noticed ${text}` : `${id.padEnd(5)} ${text}`;
  return `${name.padEnd(86)} ${id === null ? '     ' : `seed ${seed}`} ${seconds.toFixed(1).padStart(6)} s  ${found}`;
}
