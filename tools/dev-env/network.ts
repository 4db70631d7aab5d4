import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDemoShop, type DemoShop } from '../demo-shop/demo-shop.js';
import { AdminClient } from './admin-client.js';
import { startApp, type AppProcess } from './app-process.js';
import { startAsterisk, type RunningAsterisk } from './asterisk.js';
import { createDatabase, dropDatabase } from './backing-services.js';
import { startCarrier, type RunningCarrier } from './carrier.js';
import { startPostgres } from './postgres.js';
import { SetUpError } from './processes.js';
import { startRedis } from './redis.js';

/** An agent of the network, with a phone that the carrier's Asterisk plays (`PJSIP/agent-<login>`). */
export interface AgentPlan {
  readonly login: string;
  readonly name: string;
  readonly connection: 'persistent' | 'per_call';
  readonly role?: 'agent' | 'senior' | 'supervisor' | 'administrator';
  /** Default `agent-<login>`. */
  readonly phone?: string;
}

export interface NetworkOptions {
  /** Data and secrets live here and survive a restart. */
  readonly folder: string;
  readonly telephony: 'asterisk' | 'virtual';
  readonly agents: readonly AgentPlan[];
  /** Merged over the demo's shop settings. */
  readonly shopSettings?: object;
  readonly groupSettings?: object;
  /** For tests: nothing need survive, and a database on a foreign server is dropped in the end. */
  readonly isTemporary?: boolean;
  readonly ports?: { readonly api?: number; readonly shop?: number };
  readonly logLevel?: string;
  readonly progress?: (message: string) => void;
}

/** Everything of one installation and of the world around it. */
export interface Network {
  readonly apiUrl: string;
  readonly adminToken: string;
  readonly admin: AdminClient;
  readonly shop: DemoShop;
  readonly shopName: string;
  readonly access: { readonly apiKey: string; readonly webhookSecret: string };
  readonly agents: readonly (AgentPlan & { readonly password: string })[];
  readonly app: AppProcess;
  /** Null on the virtual telephone network. */
  readonly pbx: RunningAsterisk | null;
  readonly carrier: RunningCarrier | null;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  stop(): Promise<void>;
}

interface Secrets {
  adminToken: string;
  encryptionKeys: string;
  passwords: Record<string, string>;
  shop?: { apiKey: string; webhookSecret: string; destinationSecrets: Record<string, string> };
}

/** The shop of the demo. */
export const SHOP = 'demo';

const SHOP_SETTINGS = {
  name: 'Demo shop',
  timeZone: 'Europe/Kyiv',
  jurisdiction: 'demo',
  callingHours: 'always',
  ringSeconds: 15,
  answeringMachine: 'detect',
  retry: {
    maxAttempts: 2,
    maxPer24Hours: 100,
    gapMinutes: 0.05,
    carrier_failure: { maxAttempts: 2, gapMinutes: 0.05 },
  },
};

/**
 * Starts Postgres, Redis, the PBX and the carrier (or the virtual telephone network), the service and a shop, and tells the service about
 * its shop, agents and trunk: what `npm run demo` shows and what the end-to-end tests test.
 * @throws SetUpError when a part cannot be had; what was started by then is stopped again
 */
export async function startNetwork(options: NetworkOptions): Promise<Network> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    started.push(part);
    return part;
  };
  try {
    return await bringUp(options, keep, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bringUp(
  options: NetworkOptions,
  keep: <T extends { stop(): Promise<void> }>(part: T) => T,
  stop: () => Promise<void>,
): Promise<Network> {
  const progress = options.progress ?? (() => undefined);
  mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  const secrets = readSecrets(options.folder);
  for (const agent of options.agents) secrets.passwords[agent.login] ??= randomBytes(9).toString('base64url');
  writeSecrets(options.folder, secrets);
  const [databaseUrl, redisUrl, exchange] = await Promise.all([
    ownDatabase(options, keep),
    process.env['REDIS_URL'] ??
      startRedis({ dataDir: join(options.folder, 'redis'), progress }).then((redis) => keep(redis).url),
    options.telephony === 'virtual' ? null : startExchange(options, keep, progress),
  ]);
  progress('starting the service');
  const app = await startApp({
    databaseUrl,
    redisUrl,
    redisKeyPrefix: 'cd:demo:',
    adminToken: secrets.adminToken,
    encryptionKeys: secrets.encryptionKeys,
    ari:
      exchange === null
        ? { url: 'virtual:', username: 'virtual', password: 'virtual' }
        : { url: exchange.pbx.url, username: exchange.pbx.ariUsername, password: exchange.pbx.ariPassword },
    port: options.ports?.api,
    logFile: join(options.folder, 'service.log'),
    logLevel: options.logLevel,
  });
  keep({ stop: () => app.process.stop(50_000) });
  const shop = keep(await startDemoShop({ port: options.ports?.shop }));
  const admin = new AdminClient(app.url, secrets.adminToken);
  await furnish(admin, shop, options, secrets);
  writeSecrets(options.folder, secrets);
  const access = secrets.shop;
  if (access === undefined)
    throw new SetUpError('The shop exists already and its secrets are lost. Start anew with --reset.');
  shop.connect({ apiUrl: app.url, shop: SHOP, ...access });
  return {
    apiUrl: app.url,
    adminToken: secrets.adminToken,
    admin,
    shop,
    shopName: SHOP,
    access,
    agents: options.agents.map((agent) => ({ ...agent, password: secrets.passwords[agent.login] ?? '' })),
    app,
    pbx: exchange?.pbx ?? null,
    carrier: exchange?.carrier ?? null,
    databaseUrl,
    redisUrl,
    stop,
  };
}

async function ownDatabase(
  options: NetworkOptions,
  keep: <T extends { stop(): Promise<void> }>(part: T) => T,
): Promise<string> {
  const given = process.env['DATABASE_URL'];
  if (given !== undefined) {
    const name = databaseName(options.folder);
    if (options.isTemporary) keep({ stop: () => dropDatabase(given, name) });
    return createDatabase(given, name);
  }
  const server = keep(
    await startPostgres({
      dataDir: join(options.folder, 'postgres'),
      fsync: !options.isTemporary,
      progress: options.progress,
    }),
  );
  return createDatabase(server.url, 'confirm_dialer_demo');
}

/** One database for each folder, so that networks side by side on one server do not meet. */
function databaseName(folder: string): string {
  return `confirm_dialer_${Buffer.from(folder).toString('hex').slice(-40)}`;
}

async function startExchange(
  options: NetworkOptions,
  keep: <T extends { stop(): Promise<void> }>(part: T) => T,
  progress: (message: string) => void,
): Promise<{ pbx: RunningAsterisk; carrier: RunningCarrier }> {
  const carrier = keep(await startCarrier({ progress }));
  const pbx = keep(
    await startAsterisk({
      trunkHost: carrier.trunkHost,
      phonesHost: carrier.phonesHost,
      agents: options.agents.map(phoneOf),
      progress,
    }),
  );
  return { pbx, carrier };
}

async function furnish(admin: AdminClient, shop: DemoShop, options: NetworkOptions, secrets: Secrets): Promise<void> {
  await admin.put('groups/default', { name: 'Everybody', wrapUpSeconds: 20, ...options.groupSettings });
  await admin.put('trunks/carrier', {
    endpoint: 'PJSIP/{number}@trunk',
    callerIds: ['+380441234567'],
    maxChannels: 60,
    callsPerSecond: 20,
  });
  for (const agent of options.agents) {
    await admin.put(`agents/${agent.login}`, {
      name: agent.name,
      password: secrets.passwords[agent.login],
      role: agent.role ?? 'agent',
      groups: ['default'],
      endpoint: `PJSIP/${phoneOf(agent)}`,
      connection: agent.connection,
    });
  }
  const made = await admin.put<{
    apiKey?: string;
    webhookSecret?: string;
    destinations?: { name: string; secret?: string }[];
  }>(`shops/${SHOP}`, {
    ...SHOP_SETTINGS,
    destinations: [
      {
        name: 'orders',
        url: shop.destinationUrl('orders'),
        events: ['order.outcome', 'order.attempt', 'order.callback_scheduled'],
      },
    ],
    ...options.shopSettings,
  });
  if (made.status !== 201) return;
  secrets.shop = {
    apiKey: made.body.apiKey ?? '',
    webhookSecret: made.body.webhookSecret ?? '',
    destinationSecrets: Object.fromEntries(
      (made.body.destinations ?? []).map(({ name, secret }) => [name, secret ?? '']),
    ),
  };
}

function phoneOf(agent: AgentPlan): string {
  return agent.phone ?? `agent-${agent.login}`;
}

function readSecrets(folder: string): Secrets {
  const file = join(folder, 'secrets.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Secrets;
  return {
    adminToken: randomBytes(32).toString('base64url'),
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    passwords: {},
  };
}

function writeSecrets(folder: string, secrets: Secrets): void {
  writeFileSync(join(folder, 'secrets.json'), `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
}
