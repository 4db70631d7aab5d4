import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ADMIN_TOKEN } from './app.js';
import { redisUrl } from './redis.js';
import { waitFor } from './wait.js';

/** What a process of the built service needs at least; `more` wins. @throws Error when nothing is built */
export function serviceEnvironment(
  databaseUrl: string,
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  if (!existsSync('dist/main.js')) throw new Error('this test starts the built service: npm run build');
  return {
    PATH: process.env['PATH'] ?? '',
    HOST: '127.0.0.1',
    PORT: '0',
    NODE_ENV: 'test',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl(),
    ARI_URL: 'virtual:',
    ADMIN_TOKEN,
    ENCRYPTION_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    ALLOW_PRIVATE_DESTINATIONS: 'true',
    ...more,
  };
}

/** A real process of the built service (`npm run build`), started again whenever a failpoint has killed it. */
export class KeptService {
  url = '';
  metricsPort = 0;
  private child: ChildProcess | null = null;
  private isOver = false;

  /** @param died  called at each death */
  constructor(
    private readonly environment: Readonly<Record<string, string>>,
    private readonly died: () => void = () => undefined,
  ) {}

  /** Resolves when it listens, or has died of what it met at its start. @param isKept  it is started again when it was killed */
  async start(roles: string, isKept: boolean): Promise<void> {
    const run = spawn(process.execPath, ['dist/main.js'], { env: { ...this.environment, ROLES: roles } });
    this.child = run;
    let out = '';
    run.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    run.once('exit', (_code, signal) => {
      if (signal !== 'SIGKILL' || this.isOver) return;
      this.died();
      if (isKept) this.start(roles, isKept).catch(() => undefined);
    });
    const listening = await waitFor(
      'listening, or its death',
      () => out.split('\n').find((line) => line.includes('"listening"')) ?? (run.signalCode === null ? null : 'dead'),
      60_000,
    );
    if (listening !== 'dead') {
      ({ url: this.url, metricsPort: this.metricsPort } = JSON.parse(listening) as {
        url: string;
        metricsPort: number;
      });
    }
  }

  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** For good. */
  end(): void {
    this.isOver = true;
    this.child?.kill('SIGCONT');
    this.child?.kill('SIGKILL');
  }
}
