import { Initial0001 } from './migrations/0001-initial.js';

/** All migrations, oldest first; TypeORM's globs cannot load TypeScript under the test runner, so they are named. */
export const MIGRATIONS = [Initial0001];
