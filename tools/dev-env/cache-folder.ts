import { mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const PROJECT_FOLDER = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where fetched and unpacked things are kept: `.cache` of the project, or the folder that CONFIRM_DIALER_CACHE names. */
export function cacheFolder(...below: string[]): string {
  const root = process.env['CONFIRM_DIALER_CACHE'];
  const folder = join(root ? resolve(root) : join(PROJECT_FOLDER, '.cache'), ...below);
  mkdirSync(folder, { recursive: true });
  return folder;
}
