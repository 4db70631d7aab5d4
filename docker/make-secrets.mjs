// Makes the stack's secrets in the folder of its argument at the first start, and leaves them alone from then on. Runs as root: each file is for
// those alone who need it.
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
/** The user `node` of the image, as whom service and demo run. */
const NODE = 1000;
const forService = join(folder, 'service');
mkdirSync(forService, { recursive: true, mode: 0o700 });
chownSync(forService, NODE, NODE);

const postgresPassword = keep(join(folder, 'postgres-password'), () => randomBytes(24).toString('hex'), 0o400);
// Asterisk's user has another number in each release.
const ariPassword = keep(join(folder, 'ari-password'), () => randomBytes(24).toString('hex'), 0o444);
keep(join(forService, 'admin-token'), () => randomBytes(32).toString('hex'), 0o400, NODE);
keep(join(forService, 'encryption-keys'), () => `k1:${randomBytes(32).toString('base64')}`, 0o400, NODE);
write(join(forService, 'ari-password'), ariPassword, 0o400, NODE);
write(
  join(forService, 'database-url'),
  `postgres://dialer:${postgresPassword}@postgres:5432/confirm_dialer`,
  0o400,
  NODE,
);

function keep(file, make, mode, owner = 0) {
  if (!existsSync(file)) write(file, make(), mode, owner);
  return readFileSync(file, 'utf8');
}

/** Whole or not at all. */
function write(file, text, mode, owner) {
  const half = `${file}.new`;
  writeFileSync(half, text, { mode: 0o600 });
  chownSync(half, owner, owner);
  chmodSync(half, mode);
  renameSync(half, file);
}
