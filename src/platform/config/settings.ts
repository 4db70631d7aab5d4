import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { parseEncryptionKeys, type EncryptionKey } from './encryption-keys.js';
import type { Env } from './env.js';
import { parseAriNodes, parseHeaders, parseRoles, type AriNode, type LogLevel, type Role } from './env-formats.js';
import { isLoopbackHost } from './loopback.js';

export type { AriNode, LogLevel, Role } from './env-formats.js';

/** Where traces go. */
export interface TracingSettings {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Of all traces, 0 to 1. */
  readonly share: number;
}

/** What the process is told from outside, typed and ready for use; injectable. */
export class Settings {
  /** Names this run of the process; another one at each start. */
  readonly processId: string = randomUUID();
  readonly roles: ReadonlySet<Role>;
  /** The address to listen on, and what browsers call us. `port` 0 takes a free one. */
  readonly host: string;
  readonly port: number;
  readonly metricsPort: number | null;
  /** Without a slash at the end. */
  readonly publicUrl: string;
  /** True while browsers reach us by https: Secure cookies, `__Host-` names and HSTS. */
  readonly isHttps: boolean;
  /** True while only this machine can reach us: demo jurisdiction and the virtual telephone network are allowed. */
  readonly isLoopbackOnly: boolean;
  readonly databaseUrl: string;
  readonly databasePoolSize: number;
  /** Webhooks of one shop per second in the long run; twice as many at once. */
  readonly shopWebhooksPerSecond: number;
  readonly redisUrl: string;
  /** `cd:`, or longer where several installations share one Redis; ends with a colon. */
  readonly redisKeyPrefix: string;
  /** At least one. */
  readonly ariNodes: readonly AriNode[];
  /** True with `ARI_URL=virtual:`: the virtual telephone network stands in for Asterisk. */
  readonly isTelephonyVirtual: boolean;
  readonly adminToken: string;
  /** The first one writes, all read. */
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly allowPrivateDestinations: boolean;
  readonly logLevel: LogLevel;
  readonly drainSeconds: number;
  /** Absolute. */
  readonly spoolFolder: string;
  readonly isProduction: boolean;
  /** Null while tracing is off. */
  readonly tracing: TracingSettings | null;

  constructor(env: Env) {
    const roles = parseRoles(env.ROLES);
    const keys = parseEncryptionKeys(env.ENCRYPTION_KEYS);
    const nodes = env.ARI_NODES === undefined ? [singleNode(env)] : parseAriNodes(env.ARI_NODES);
    if (roles === null || keys === null || nodes === null) throw new Error('settings need a checked environment');
    this.roles = roles;
    this.host = env.HOST;
    this.port = env.PORT;
    this.metricsPort = env.METRICS_PORT ?? null;
    this.publicUrl = (
      env.PUBLIC_URL ?? `http://${env.HOST.includes(':') ? `[${env.HOST}]` : env.HOST}:${env.PORT}`
    ).replace(/\/+$/, '');
    this.isHttps = this.publicUrl.startsWith('https:');
    this.isLoopbackOnly = isLoopbackHost(env.HOST);
    this.databaseUrl = env.DATABASE_URL;
    this.databasePoolSize = env.DATABASE_POOL_SIZE;
    this.shopWebhooksPerSecond = env.SHOP_WEBHOOKS_PER_SECOND;
    this.redisUrl = env.REDIS_URL;
    this.redisKeyPrefix = env.REDIS_KEY_PREFIX;
    this.ariNodes = nodes;
    this.isTelephonyVirtual = nodes.some((node) => node.url === 'virtual:');
    this.adminToken = env.ADMIN_TOKEN;
    this.encryptionKeys = keys;
    this.allowPrivateDestinations = env.ALLOW_PRIVATE_DESTINATIONS;
    this.logLevel = env.LOG_LEVEL;
    this.drainSeconds = env.DRAIN_SECONDS;
    this.spoolFolder = resolve(env.SPOOL_FOLDER);
    this.isProduction = env.NODE_ENV === 'production';
    const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT;
    const headers = parseHeaders(env.OTEL_EXPORTER_OTLP_HEADERS ?? '') ?? {};
    this.tracing = endpoint === undefined ? null : { endpoint, headers, share: env.OTEL_TRACES_SAMPLER_ARG };
  }
}

function singleNode(env: Env): AriNode {
  const [username, password] = [env.ARI_USERNAME ?? '', env.ARI_PASSWORD ?? ''];
  return { name: 'main', url: env.ARI_URL ?? '', username, password, weight: 1 };
}
