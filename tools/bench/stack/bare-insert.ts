import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { runCommand } from '../../dev-env/processes.js';
import { round } from './figures.js';

export interface BareInserts {
  /** `pgbench` where the machine has one, else a loop of ours over the same driver as the service's. */
  readonly by: 'pgbench' | 'pg';
  readonly perSecond: number;
}

/** An order of the demo's weighs about so much in the table. */
const ROW_BYTES = 1_500;
const INSERT = `INSERT INTO bare (id, body) VALUES (gen_random_uuid(), repeat('x', ${ROW_BYTES}))`;

/** One row, one commit, from so many connections at once: what the same Postgres takes without a service in front. */
export async function insertBare(databaseUrl: string, o: { senders: number; seconds: number }): Promise<BareInserts> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      'CREATE TABLE IF NOT EXISTS bare (id uuid PRIMARY KEY, at timestamptz DEFAULT now(), body text)',
    );
    const program = findPgbench();
    const perSecond = program === null ? await byDriver(databaseUrl, o) : await byPgbench(program, databaseUrl, o);
    return { by: program === null ? 'pg' : 'pgbench', perSecond: round(perSecond) };
  } finally {
    await client.query('DROP TABLE IF EXISTS bare');
    await client.end();
  }
}

function findPgbench(): string | null {
  const debian = '/usr/lib/postgresql';
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    ...(existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, 'bin')) : []),
  ];
  return folders.map((folder) => join(folder, 'pgbench')).find((program) => existsSync(program)) ?? null;
}

async function byPgbench(
  program: string,
  databaseUrl: string,
  o: { senders: number; seconds: number },
): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bare-insert-'));
  try {
    const script = join(folder, 'insert.sql');
    writeFileSync(script, `${INSERT};\n`);
    const run = await runCommand(program, [
      ...['-n', '-M', 'prepared', '-f', script],
      ...['-c', String(o.senders), '-j', '1', '-T', String(o.seconds)],
      databaseUrl,
    ]);
    const found = /tps = ([\d.]+)/.exec(run.stdout)?.[1];
    if (found === undefined) throw new Error(`pgbench: ${run.stderr}`);
    return Number(found);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function byDriver(databaseUrl: string, o: { senders: number; seconds: number }): Promise<number> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: o.senders });
  const begin = performance.now();
  let rows = 0;
  const sender = async (): Promise<void> => {
    while (performance.now() < begin + o.seconds * 1_000) {
      await pool.query({ name: 'bare', text: INSERT });
      rows += 1;
    }
  };
  await Promise.all(Array.from({ length: o.senders }, sender));
  const seconds = (performance.now() - begin) / 1_000;
  await pool.end();
  return rows / seconds;
}
