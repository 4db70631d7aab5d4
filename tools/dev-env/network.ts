import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { startDemoShop, type DemoShop } from '../demo-shop/demo-shop.js';
import { AdminClient } from './admin-client.js';
import { startApp, type AppEnvironment, type AppProcess } from './app-process.js';
import {
  createShop,
  furnish,
  givePasswords,
  playedPhones,
  readSecrets,
  SHOP,
  writeSecrets,
  type AgentPlan,
  type WorldSecrets,
} from './furnish.js';
import { ownDatabase, ownRedis, redisKeyPrefix, type Keep } from './network-stores.js';
import { SetUpError } from './processes.js';
import { startOwnTelephony, startTelephony, type Telephony } from './telephony.js';

export type { AgentPlan } from './furnish.js';

export interface NetworkOptions {
  /** Data and secrets live here and survive a restart. */
  readonly folder: string;
  /** `own-asterisk`: also when ARI_URL names another one; a carrier with ledgers comes with it. */
  readonly telephony: 'asterisk' | 'own-asterisk' | 'virtual';
  readonly agents: readonly AgentPlan[];
  /** Merged over the demo's shop settings. */
  readonly shopSettings?: object;
  readonly groupSettings?: object;
  /** For tests: nothing need survive, and a database on a foreign server is dropped in the end. */
  readonly isTemporary?: boolean;
  /** For tests: into the names of what is made on foreign servers. */
  readonly runId?: string;
  /** `address:port` where agents' phones answer; default: the carrier. Only with an exchange of our own. */
  readonly phonesHost?: string;
  /** How many PBXs stand side by side, `pbx-1` and so on; default 1. Only with an exchange of our own. */
  readonly nodes?: number;
  /** The dialer in a process of its own, as it is laid out in production; default: one process has all roles. */
  readonly isDialerApart?: boolean;
  readonly ports?: { readonly api?: number; readonly shop?: number };
  readonly logLevel?: string;
  /** Further variables of the service's environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly progress?: (message: string) => void;
}

interface Secrets extends WorldSecrets {
  adminToken: string;
  encryptionKeys: string;
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
  /** The process that runs now; changes with `restartApp`. */
  readonly app: AppProcess;
  /** Who calls: `app`, unless the dialer is apart. */
  readonly dialer: AppProcess;
  /** Null on the virtual telephone network. */
  readonly telephony: Telephony | null;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  /** Starts the service again at the same address, once its process has ended. */
  restartApp(): Promise<void>;
  /** A further shop, known to the service by this name; stopped with the network. */
  addShop(name: string, settings?: object): Promise<DemoShop>;
  stop(): Promise<void>;
}

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
  const keep: Keep = <T extends { stop(): Promise<void> }>(part: T): T => {
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

async function bringUp(options: NetworkOptions, keep: Keep, stop: () => Promise<void>): Promise<Network> {
  const progress = options.progress ?? (() => undefined);
  mkdirSync(options.folder, { recursive: true, mode: 0o711 });
  const secrets = readSecrets<Secrets>(options.folder, () => ({
    adminToken: randomBytes(32).toString('base64url'),
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    passwords: {},
  }));
  givePasswords(secrets, options.agents);
  writeSecrets(options.folder, secrets);
  const [databaseUrl, redisUrl, telephony] = await allOrNothing([
    ownDatabase(options, keep),
    ownRedis(options, keep),
    exchange(options, keep),
  ] as const);
  progress('starting the service');
  const environment: AppEnvironment = {
    databaseUrl,
    redisUrl,
    redisKeyPrefix: redisKeyPrefix(options),
    adminToken: secrets.adminToken,
    encryptionKeys: secrets.encryptionKeys,
    ari:
      telephony === null
        ? { url: 'virtual:', username: 'virtual', password: 'virtual' }
        : { url: telephony.ariUrl, username: telephony.ariUsername, password: telephony.ariPassword },
    port: options.ports?.api,
    logFile: join(options.folder, 'service.log'),
    logLevel: options.logLevel,
    more: { ...nodesOf(telephony), ...options.environment },
  };
  const isApart = options.isDialerApart === true;
  const ofApp: AppEnvironment = isApart ? { ...environment, roles: 'api,worker' } : environment;
  let app = await startApp(ofApp);
  keep({ stop: () => app.process.stop(50_000) });
  const dialer = isApart ? await startApp(dialerApart(environment, options.folder, app.url)) : null;
  if (dialer !== null) keep({ stop: () => dialer.process.stop(50_000) });
  const shop = keep(await startDemoShop({ port: options.ports?.shop }));
  const admin = new AdminClient(app.url, secrets.adminToken);
  await furnish(admin, options.agents, secrets, options.groupSettings);
  secrets.shop = (await createShop(admin, SHOP, shop, options.shopSettings)) ?? secrets.shop;
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
    get app() {
      return app;
    },
    get dialer() {
      return dialer ?? app;
    },
    telephony,
    databaseUrl,
    redisUrl,
    async restartApp() {
      app = await startApp({ ...ofApp, port: Number(new URL(app.url).port) });
    },
    async addShop(name, settings) {
      const more = keep(await startDemoShop());
      const secretsOfShop = await createShop(admin, name, more, settings);
      if (secretsOfShop === null) throw new SetUpError(`The shop ${name} exists already.`);
      more.connect({ apiUrl: app.url, shop: name, ...secretsOfShop });
      return more;
    },
    stop,
  };
}

function dialerApart(environment: AppEnvironment, folder: string, publicUrl: string): AppEnvironment {
  return { ...environment, roles: 'dialer', port: undefined, publicUrl, logFile: join(folder, 'dialer.log') };
}

/** Like `Promise.all`, but waits for all of them before it fails, so that whatever still came up is known and can be stopped. */
async function allOrNothing<A, B, C>(parts: readonly [Promise<A>, Promise<B>, Promise<C>]): Promise<[A, B, C]> {
  const failed = (await Promise.allSettled(parts)).find((part) => part.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return Promise.all(parts);
}

/** What the service is told of several nodes; of one, `ari` says it. */
function nodesOf(telephony: Telephony | null): Record<string, string> {
  const nodes = telephony?.nodes ?? [];
  if (nodes.length < 2) return {};
  const named = nodes.map(({ url, ariUsername, ariPassword }, index) => ({
    name: `pbx-${index + 1}`,
    url,
    username: ariUsername,
    password: ariPassword,
  }));
  return { ARI_NODES: JSON.stringify(named) };
}

async function exchange(options: NetworkOptions, keep: Keep): Promise<Telephony | null> {
  if (options.telephony === 'virtual') return null;
  const start = options.telephony === 'own-asterisk' ? startOwnTelephony : startTelephony;
  const { agents, phonesHost, nodes, progress } = options;
  return keep(await start({ agents: playedPhones(agents), phonesHost, nodes, progress }));
}
