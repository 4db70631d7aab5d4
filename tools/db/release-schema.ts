import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../src/platform/database/data-source.js';
import { MIGRATIONS } from '../../src/platform/database/migrations.js';
import { createDatabase, dropDatabase, startBackingServices } from '../dev-env/backing-services.js';
import { PROJECT_FOLDER } from '../dev-env/cache-folder.js';
import { RELEASES, writeReleased } from './releases.js';
import { readCatalog } from './schema-changes.js';

// `npm run release:schema`, once for each release: writes down its schema. From then on its migrations are never changed, and what follows
// may only add (test/int/upgrade.int.spec.ts).
const { version } = JSON.parse(readFileSync(join(PROJECT_FOLDER, 'package.json'), 'utf8')) as { version: string };
const services = await startBackingServices({ fsync: false });
const name = `confirm_dialer_release_${randomBytes(4).toString('hex')}`;
try {
  const url = await createDatabase(services.databaseUrl, name);
  await migrate(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const catalog = await readCatalog(client);
  await client.end();
  mkdirSync(RELEASES, { recursive: true });
  const migrations = MIGRATIONS.map((Migration) => new Migration().name);
  writeFileSync(join(RELEASES, `${version}.json`), writeReleased({ version, migrations, unused: [], catalog }));
  console.log(`written: tools/db/releases/${version}.json`);
} finally {
  await dropDatabase(services.databaseUrl, name);
  await services.stop();
}
