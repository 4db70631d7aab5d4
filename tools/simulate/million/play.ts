import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MILLION, mixed, scaled, type GroupKind } from './groups.js';
import { millionTable, type PlayedGroup } from './table.js';

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * A day of a million orders: groups do not meet (each has its agents, its leader and its part of the lines), so each is a day of its own, in a process of its
 * own. No group is begun after `minutes`; those that were played stand for all of their kind.
 * @returns whether no invariant was broken
 */
export async function playMillion(o: { minutes: number; isJson: boolean }): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'simulate-million-'));
  const until = performance.now() + o.minutes * 60_000;
  const queue = mixed(MILLION);
  const played = new Map<GroupKind, PlayedGroup[]>(MILLION.map((kind) => [kind, []]));
  try {
    await Promise.all(
      Array.from({ length: availableParallelism() }, async () => {
        while (performance.now() < until) {
          const next = queue.shift();
          if (next === undefined) return;
          const { kind, seed } = next;
          const group = await playGroup(folder, kind, seed);
          played.get(kind)?.push(group);
          if (!o.isJson) console.error(`${kind.name}, seed ${seed}: ${group.seconds.toFixed(1)} s`);
        }
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const broken = [...played].flatMap(([{ name }, groups]) =>
    groups.flatMap(({ violations }) => violations.map(({ id, text }) => `${name}: ${id} ${text}`)),
  );
  if (o.isJson) console.log(JSON.stringify([...played].map(([kind, groups]) => ({ ...kind, groups }))));
  else console.log(millionTable([...played]));
  for (const text of broken) console.log(`  BROKEN     ${text}`);
  return broken.length === 0;
}

function playGroup(folder: string, kind: GroupKind, seed: number): Promise<PlayedGroup> {
  const file = join(folder, `${kind.name.replace(/\W+/g, '-')}.json`);
  writeFileSync(
    file,
    scaled(readFileSync(join(HERE, '..', 'scenarios', `${kind.scenario}.json`), 'utf8'), kind.factor),
  );
  const child = spawn(
    process.execPath,
    [...process.execArgv, join(HERE, '..', 'main.ts'), file, '--seed', String(seed), '--json', '--no-picture'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Also with code 1, which says that an invariant was broken, the figures are there.
    child.once('close', (code) => {
      try {
        resolve(JSON.parse(text) as PlayedGroup);
      } catch {
        reject(new Error(`the simulator ended with ${code}`));
      }
    });
  });
}
