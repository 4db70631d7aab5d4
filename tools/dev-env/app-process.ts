import { dirname, join } from 'node:path';
import { PROJECT_FOLDER } from './cache-folder.js';
import { findFreeTcpPort } from './ports.js';
import { startProcess, waitUntilReady, type StartedProcess } from './processes.js';

/** The service itself, as production starts it: `node dist/main.js` with an environment. */
export interface AppProcess {
  readonly url: string;
  readonly process: StartedProcess;
}

/** What the service needs to know; see `.env.example`. */
export interface AppEnvironment {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisKeyPrefix: string;
  readonly adminToken: string;
  readonly encryptionKeys: string;
  readonly ari: { readonly url: string; readonly username: string; readonly password: string };
  /** Default: a free one. */
  readonly port?: number;
  readonly roles?: string;
  readonly logFile: string;
  readonly logLevel?: string;
  /** Further variables, or other values of those above. */
  readonly more?: Readonly<Record<string, string>>;
  /** As the agents' browsers see it; default: where it listens. */
  readonly publicUrl?: string;
}

const START_LIMIT_MS = 60_000;

/**
 * Starts the built service on 127.0.0.1 and waits until it is alive.
 * @throws SetUpError with the end of its log
 */
export async function startApp(environment: AppEnvironment): Promise<AppProcess> {
  const port = environment.port ?? (await findFreeTcpPort());
  const url = `http://127.0.0.1:${port}`;
  const started = await startProcess({
    name: 'confirm-dialer',
    command: process.execPath,
    args: ['--enable-source-maps', join(PROJECT_FOLDER, 'dist', 'main.js')],
    logFile: environment.logFile,
    cwd: PROJECT_FOLDER,
    env: {
      PATH: process.env['PATH'],
      TZ: process.env['TZ'],
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: environment.publicUrl ?? url,
      DATABASE_URL: environment.databaseUrl,
      REDIS_URL: environment.redisUrl,
      REDIS_KEY_PREFIX: environment.redisKeyPrefix,
      ARI_URL: environment.ari.url,
      ARI_USERNAME: environment.ari.username,
      ARI_PASSWORD: environment.ari.password,
      ADMIN_TOKEN: environment.adminToken,
      ENCRYPTION_KEYS: environment.encryptionKeys,
      ALLOW_PRIVATE_DESTINATIONS: 'true',
      ROLES: environment.roles ?? 'api,dialer,worker',
      SPOOL_FOLDER: join(dirname(environment.logFile), 'spool'),
      LOG_LEVEL: environment.logLevel ?? 'info',
      ...environment.more,
    },
  });
  await waitUntilReady('confirm-dialer', started, START_LIMIT_MS, async () => (await fetch(`${url}/health/live`)).ok);
  return { url, process: started };
}
