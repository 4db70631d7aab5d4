import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// `npm run check`: every quick check, side by side; what failed is shown with the command that fixes it or shows it again.
const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, 'node_modules', '.bin', name);
mkdirSync(join(root, '.cache'), { recursive: true });

// The longest first, so that the short ones fill the gaps.
const CHECKS = [
  { name: 'lint', run: ['eslint', '--cache', '--cache-location', '.cache/eslint/', '.'], fix: 'npm run lint -- --fix' },
  { name: 'unit tests', run: ['vitest', 'run', '--project', 'unit', '--reporter', 'dot'], fix: 'npm run test:unit' },
  { name: 'types', run: ['tsc', '-p', 'tsconfig.json', '--noEmit'], fix: 'npm run typecheck' },
  { name: 'types of web', run: ['tsc', '-p', 'web/tsconfig.json', '--noEmit'], fix: 'npm run typecheck' },
  {
    name: 'imports',
    run: ['depcruise', '--config', '.dependency-cruiser.cjs', 'src', 'web', 'tools', 'test'],
    fix: 'npm run imports   (the rule and its reason: .dependency-cruiser.cjs)',
  },
  { name: 'unused code', run: ['knip'], fix: 'npm run unused' },
  {
    name: 'format',
    run: ['prettier', '--check', '--cache', '--cache-location', '.cache/prettier', '.'],
    fix: 'npm run format',
  },
];

function start({ name, run: [command, ...args], fix }) {
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(bin(command), args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    child.stdout.on('data', (chunk) => (text += chunk));
    child.stderr.on('data', (chunk) => (text += chunk));
    child.once('error', (error) => (text += `${error.message} (run npm ci)\n`));
    child.once('close', (code) =>
      resolve({ name, fix, text, isRight: code === 0, seconds: (performance.now() - startedAt) / 1_000 }),
    );
  });
}

const failed = [];
const waiting = [...CHECKS];
async function work() {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const result = await start(check);
    console.log(`${result.isRight ? 'ok    ' : 'FAILED'} ${result.name} (${result.seconds.toFixed(1)} s)`);
    if (!result.isRight) failed.push(result);
  }
}
await Promise.all(Array.from({ length: Math.min(availableParallelism(), CHECKS.length) }, work));

for (const { name, fix, text } of failed) console.log(`\n--- ${name} ---\n${text.trim()}\n\nTo fix or see it: ${fix}`);
console.log(
  failed.length === 0
    ? '\nAll checks passed.'
    : `\n${failed.length} of ${CHECKS.length} checks failed: ${failed.map((check) => check.name).join(', ')}.`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
