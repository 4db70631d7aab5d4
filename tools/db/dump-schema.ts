import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import pg from 'pg';
import { migrate } from '../../src/platform/database/data-source.js';
import { createDatabase, dropDatabase, startBackingServices } from '../dev-env/backing-services.js';
import { dumpSchema } from './schema-dump.js';

// Writes src/platform/database/schema.sql anew after a migration was added: npx tsx tools/db/dump-schema.ts
const services = await startBackingServices({ fsync: false });
const name = `confirm_dialer_schema_${randomBytes(4).toString('hex')}`;
try {
  const url = await createDatabase(services.databaseUrl, name);
  await migrate(url);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const file = new URL('../../src/platform/database/schema.sql', import.meta.url);
    writeFileSync(file, await dumpSchema(client));
    console.log('written: src/platform/database/schema.sql');
  } finally {
    await client.end();
  }
} finally {
  await dropDatabase(services.databaseUrl, name);
  await services.stop();
}
