import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_FOLDER } from '../dev-env/cache-folder.js';
import type { Catalog } from './schema-changes.js';

/** One file for each release: what its schema was. */
export const RELEASES = join(PROJECT_FOLDER, 'tools/db/releases');

/** The schema of a release, and the migrations that made it. */
export interface ReleasedSchema {
  readonly version: string;
  readonly migrations: readonly string[];
  /** `table` and `table.column` that this release did not use any more, so that the next one may take them away. */
  readonly unused: readonly string[];
  readonly catalog: Catalog;
}

interface StoredSchema extends Omit<ReleasedSchema, 'catalog'> {
  readonly tables: Readonly<
    Record<string, Readonly<Record<string, { type: string; isRequired: boolean; hasDefault: boolean }>>>
  >;
  readonly demands: readonly string[];
}

/** All releases, oldest first; none before the first. */
export function releasedSchemas(): ReleasedSchema[] {
  if (!existsSync(RELEASES)) return [];
  return readdirSync(RELEASES)
    .filter((file) => file.endsWith('.json'))
    .map((file) => readReleased(readFileSync(join(RELEASES, file), 'utf8')))
    .sort((a, b) => a.version.localeCompare(b.version, 'en', { numeric: true }));
}

export function readReleased(text: string): ReleasedSchema {
  const { tables, demands, ...rest } = JSON.parse(text) as StoredSchema;
  const byTable = Object.entries(tables).map(([table, columns]) => [table, new Map(Object.entries(columns))] as const);
  return { ...rest, catalog: { tables: new Map(byTable), demands: new Set(demands) } };
}

export function writeReleased({ catalog, ...rest }: ReleasedSchema): string {
  const tables = [...catalog.tables]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([table, columns]) => [table, Object.fromEntries(columns)]);
  const stored = {
    ...rest,
    tables: Object.fromEntries(tables) as StoredSchema['tables'],
    demands: [...catalog.demands].sort(),
  };
  return `${JSON.stringify(stored, null, 2)}\n`;
}
