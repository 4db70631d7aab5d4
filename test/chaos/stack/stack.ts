import { randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { AdminClient } from '../../../tools/dev-env/admin-client.js';
import type { RunningAsterisk } from '../../../tools/dev-env/asterisk.js';
import { createDatabase } from '../../../tools/dev-env/backing-services.js';
import type { RunningCarrier } from '../../../tools/dev-env/carrier.js';
import {
  createShop,
  furnish,
  givePasswords,
  type AgentPlan,
  type ShopSecrets,
} from '../../../tools/dev-env/furnish.js';
import { startPostgres, type RunningPostgres } from '../../../tools/dev-env/postgres.js';
import { makePrivateFolder, removePrivateFolder } from '../../../tools/dev-env/processes.js';
import { startRedis, type RunningRedis } from '../../../tools/dev-env/redis.js';
import { startOwnTelephony } from '../../../tools/dev-env/telephony.js';
import { startDemoShop } from '../../../tools/demo-shop/demo-shop.js';
import { startFaultProxy, throughProxy, type FaultProxy } from '../../support/fault-proxy.js';
import type { LoadShop } from '../load/client.js';
import { DatabaseLedger } from './database-ledger.js';
import { ExchangeLedger } from './exchange-ledger.js';
import { ExchangeWatch } from './exchange-watch.js';
import { FrontDoor } from './front-door.js';
import { Service, type ServiceWorld } from './service.js';
import { SmallDisk } from './small-disk.js';

/** A shop of the run: its own server behind a line that can fail. */
export interface ChaosShop extends LoadShop {
  readonly line: FaultProxy;
  readonly settings: ShopWish;
  /** An administrator names it again, with all that it had: a destination that was given up is on again. */
  putAgain(): Promise<void>;
}

/** What the checker must know of a shop's settings. */
export interface ShopWish {
  readonly gapSeconds: number;
  readonly maxAttempts: number;
  readonly maxConcurrentCalls: number;
  readonly isOpen: boolean;
}

export interface StackPlan {
  readonly agents: number;
  readonly shops: readonly {
    readonly name: string;
    readonly maxConcurrentCalls?: number;
    readonly isClosed?: boolean;
  }[];
  /** Processes of the service, by name, with what is to be in their environment beside the addresses. */
  readonly services: readonly { readonly name: string; readonly more?: Readonly<Record<string, string>> }[];
  readonly wrapUpSeconds: number;
  readonly trunk: { readonly maxChannels: number; readonly callsPerSecond: number };
  /** Merged over the settings of every shop. */
  readonly shopSettings?: object;
  /** Postgres lies on a disk of its own that can be full; root only. */
  readonly hasSmallDisk?: boolean;
  readonly progress?: (message: string) => void;
}

/** The whole installation with the world around it, every part a real process and a line that can fail between each two of them. */
export interface Stack {
  readonly folder: string;
  readonly postgres: RunningPostgres;
  /** What Postgres keeps its data on; null when it is a part of the machine's own disk. */
  readonly disk: SmallDisk | null;
  readonly redis: RunningRedis;
  readonly pbx: RunningAsterisk;
  readonly carrier: RunningCarrier;
  readonly services: readonly Service[];
  readonly door: FrontDoor;
  readonly shops: readonly ChaosShop[];
  readonly agents: readonly (AgentPlan & { readonly password: string })[];
  readonly database: DatabaseLedger;
  readonly exchange: ExchangeLedger;
  readonly watch: ExchangeWatch;
  readonly admin: AdminClient;
  readonly redisKeyPrefix: string;
  readonly limits: { readonly maxChannels: number; readonly maxTalkSeconds: number };
  /** One line of a person-readable log beside the ledgers. */
  note(line: string): void;
  /** Starts Asterisk again after it has ended, with its ledger. */
  restartExchange(): Promise<void>;
  /** A connection past the faults. */
  askRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const DISK_BYTES = 1_500_000_000;
const MAX_TALK_SECONDS = 90;
const GAP_SECONDS = 3;
const MAX_ATTEMPTS = 3;
/** The carrier's own wait between the end of a lost call and the next one must fit in: buyers ring this long. */
const RING_SECONDS = 15;

/**
 * Brings all parts up on free ports of 127.0.0.1.
 * @throws SetUpError when a part cannot be had; what was started by then is stopped again
 */
export async function startStack(plan: StackPlan): Promise<Stack> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async (): Promise<void> => {
    for (const part of started.splice(0).reverse()) await part.stop().catch(() => undefined);
  };
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    started.push(part);
    return part;
  };
  const folder = makePrivateFolder('chaos');
  try {
    return await bringUp(plan, folder, keep, stop);
  } catch (error) {
    await stop();
    removePrivateFolder(folder);
    throw error;
  }
}

async function bringUp(
  plan: StackPlan,
  folder: string,
  keep: <T extends { stop(): Promise<void> }>(part: T) => T,
  stopAll: () => Promise<void>,
): Promise<Stack> {
  const progress = plan.progress ?? (() => undefined);
  const agents = Array.from({ length: plan.agents }, (_, index): AgentPlan => {
    const login = `agent${String(index + 1).padStart(2, '0')}`;
    return { login, name: `Name of ${login}`, connection: index % 5 === 4 ? 'per_call' : 'persistent' };
  });
  progress('starting Postgres, Redis, the exchange and the carrier');
  const disk = plan.hasSmallDisk === true ? await SmallDisk.make(DISK_BYTES) : null;
  if (disk !== null) keep(disk);
  const parts = await Promise.allSettled([
    // Durable: what was acknowledged must survive a kill of the server.
    startPostgres({ fsync: true, ...(disk === null ? {} : { dataDir: join(disk.folder, 'data') }) }).then(keep),
    startRedis({ dataDir: join(folder, 'redis') }).then(keep),
    startOwnTelephony({ agents: agents.map(({ login }) => `agent-${login}`), progress }).then(keep),
  ] as const);
  const failed = parts.find((part) => part.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const [postgres, redis, telephony] = parts.map((part) => (part as PromiseFulfilledResult<unknown>).value) as [
    RunningPostgres,
    RunningRedis,
    Awaited<ReturnType<typeof startOwnTelephony>>,
  ];
  const { pbx, carrier } = telephony;
  if (pbx === null || carrier === null) throw new Error('own telephony has a PBX and a carrier');
  const databaseUrl = await createDatabase(postgres.url, 'confirm_dialer_chaos');
  const exchange = new ExchangeLedger(pbx.instance);
  await exchange.open();

  const services: Service[] = [];
  const door = await FrontDoor.open(() => services);
  keep({ stop: () => door.close() });
  const adminToken = randomBytes(32).toString('base64url');
  const redisKeyPrefix = 'cd:chaos:';
  const world: ServiceWorld = {
    folder,
    databaseUrl,
    redisUrl: redis.url,
    redisKeyPrefix,
    ari: { url: pbx.url, username: pbx.ariUsername, password: pbx.ariPassword },
    adminToken,
    encryptionKeys: `k1:${randomBytes(32).toString('base64')}`,
    publicUrl: door.url,
  };
  progress('starting the processes of the service');
  for (const { name, more } of plan.services) {
    const service = keep(await Service.create(name, world));
    await service.start(more ?? {});
    services.push(service);
  }
  door.watch();
  const database = new DatabaseLedger(databaseUrl);
  await database.open();
  await services[0]?.untilReady();

  const admin = new AdminClient(services[0]?.url ?? '', adminToken);
  const secrets = { passwords: {} as Record<string, string> };
  givePasswords(secrets, agents);
  await furnish(admin, agents, secrets, { wrapUpSeconds: plan.wrapUpSeconds, maxTalkSeconds: MAX_TALK_SECONDS });
  await admin.put('trunks/carrier', {
    endpoint: 'PJSIP/{number}@trunk',
    callerIds: ['+380441234567'],
    ...plan.trunk,
  });
  const shops: ChaosShop[] = [];
  const throughDoor = new AdminClient(door.url, adminToken);
  for (const wish of plan.shops)
    shops.push(await openShop(wish, admin, door.url, keep, throughDoor, plan.shopSettings));

  return {
    folder,
    postgres,
    disk,
    redis,
    pbx,
    carrier,
    services,
    door,
    shops,
    agents: agents.map((agent) => ({ ...agent, password: secrets.passwords[agent.login] ?? '' })),
    database,
    exchange,
    watch: new ExchangeWatch(pbx),
    admin: throughDoor,
    redisKeyPrefix,
    limits: { maxChannels: plan.trunk.maxChannels, maxTalkSeconds: MAX_TALK_SECONDS },
    note: (line) => appendFileSync(join(folder, 'run.log'), `${new Date().toISOString()} ${line}\n`),
    async restartExchange() {
      await pbx.instance.restart();
      await exchange.open();
    },
    async askRedis(work) {
      const client = new Redis(redis.url, {
        lazyConnect: true,
        retryStrategy: null,
        maxRetriesPerRequest: 0,
        commandTimeout: 5_000,
      });
      client.on('error', () => undefined);
      try {
        await client.connect();
        return await work(client);
      } finally {
        client.disconnect();
      }
    },
    async stop() {
      await stopAll();
      removePrivateFolder(folder);
    },
  };
}

async function openShop(
  wish: StackPlan['shops'][number],
  admin: AdminClient,
  apiUrl: string,
  keep: <T extends { stop(): Promise<void> }>(part: T) => T,
  throughDoor: AdminClient,
  more: object = {},
): Promise<ChaosShop> {
  const { name, maxConcurrentCalls = 100, isClosed = false } = wish;
  const shop = keep(await startDemoShop());
  const line = await startFaultProxy(shop.url);
  keep({ stop: () => line.close() });
  const wished = {
    name: `Shop ${name}`,
    ringSeconds: RING_SECONDS,
    answeringMachine: 'off',
    maxConcurrentCalls,
    retry: {
      maxAttempts: MAX_ATTEMPTS,
      maxPer24Hours: 100,
      gapMinutes: GAP_SECONDS / 60,
    },
    destinations: [
      {
        name: 'orders',
        url: throughProxy(shop.destinationUrl('orders'), line),
        events: ['order.outcome', 'order.attempt', 'order.callback_scheduled'],
      },
    ],
    ...(isClosed ? { callingHours: closedNow() } : {}),
    ...more,
  };
  const secrets: ShopSecrets | null = await createShop(admin, name, shop, wished);
  if (secrets === null) throw new Error(`the shop ${name} is there already`);
  shop.connect({ apiUrl, shop: name, ...secrets });
  return {
    name,
    shop,
    line,
    settings: { gapSeconds: GAP_SECONDS, maxAttempts: MAX_ATTEMPTS, maxConcurrentCalls, isOpen: !isClosed },
    async putAgain() {
      await createShop(throughDoor, name, shop, wished);
    },
  };
}

/** Hours on one day only, which is neither today nor a neighbour of it in any time zone. */
function closedNow(): object {
  const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  return { [days[(new Date().getUTCDay() + 3) % 7] ?? 'mon']: ['10:00-11:00'] };
}
