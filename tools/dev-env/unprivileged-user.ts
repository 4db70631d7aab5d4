import { readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { SetUpError } from './processes.js';

/** Ids of a user without rights. */
export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/**
 * Who a server that refuses to run as root runs as: null when we are not root ourselves, else the machine's `postgres`, else `nobody`.
 * The user must have a line in /etc/passwd, since Postgres's initdb asks for its name.
 * @throws SetUpError when we are root and neither user exists
 */
export function findUnprivilegedUser(passwd = readFileSync('/etc/passwd', 'utf8')): UnprivilegedUser | null {
  if (process.getuid?.() !== 0) return null;
  for (const name of ['postgres', 'nobody']) {
    const fields = passwd
      .split('\n')
      .map((line) => line.split(':'))
      .find((candidate) => candidate[0] === name);
    const uid = Number(fields?.[2]);
    const gid = Number(fields?.[3]);
    if (fields !== undefined && uid > 0 && gid > 0) return { uid, gid };
  }
  throw new SetUpError(
    'Postgres refuses to run as root, and /etc/passwd has neither a user `postgres` nor `nobody` to run it as. Run as an ordinary user, or set DATABASE_URL.',
  );
}

/** True when every folder above `path` and `path` itself lets others pass, as a copy below /root (0700) does not. */
export function isOpenToOthers(path: string): boolean {
  let folder = resolve(path);
  for (;;) {
    const stat = statSync(folder, { throwIfNoEntry: false });
    if (stat === undefined || (stat.mode & 0o001) === 0) return false;
    if (folder === '/') return true;
    folder = dirname(folder);
  }
}

/**
 * A folder for temporary files that the user of {@link findUnprivilegedUser} can reach.
 * @throws SetUpError when not even /tmp and /var/tmp can be reached by others
 */
export function findTemporaryFolder(): string {
  const folder = [tmpdir(), '/tmp', '/var/tmp'].find(isOpenToOthers);
  if (folder !== undefined) return folder;
  throw new SetUpError(
    'Neither /tmp nor /var/tmp lets other users pass. Set TMPDIR to a folder that does, or set DATABASE_URL.',
  );
}
