import 'reflect-metadata';
import { Expose, Transform, plainToInstance } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  Matches,
  Max,
  Min,
  MinLength,
  ValidateBy,
  ValidateIf,
  validateSync,
} from 'class-validator';
import { ENCRYPTION_KEYS_REMEDY, parseEncryptionKeys } from './encryption-keys.js';
import { isLoopbackHost } from './loopback.js';
import { LOG_LEVELS, ROLES, VIRTUAL, parseAriNodes, parseHeaders, parseRoles } from './env-formats.js';

/** A number written in decimal digits; anything else is kept as it is, so that the check names it. */
const Digits = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value,
  );

const Flag = (): PropertyDecorator =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));

/** Passes when `isRight` says so; `remedy` tells what to write instead. */
const IsRight = (isRight: (value: unknown, env: Env) => boolean, remedy: string): PropertyDecorator =>
  ValidateBy({
    name: 'isRight',
    validator: { validate: (value, at) => isRight(value, at?.object as Env), defaultMessage: () => remedy },
  });

const isUrl = (protocols: readonly string[]) => (value: unknown) => {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  return protocols.includes(new URL(value).protocol);
};

/**
 * The environment of the service: one field for each variable, with its default. The only reader of `process.env`.
 *
 * Messages are remedies: they follow the variable's name in the list that a refused start prints.
 */
export class Env {
  /** TCP port of the HTTP API, the desktop, health and (without METRICS_PORT) metrics. 0 takes a free one. */
  @Expose()
  @Digits()
  @IsInt({ message: 'write a port number, e.g. 3000' })
  @Min(0)
  @Max(65_535)
  PORT: number = 3000;

  /** Address to listen on. */
  @Expose()
  @IsString()
  @MinLength(1)
  HOST: string = '127.0.0.1';

  @Expose()
  @IsRight(
    isUrl(['postgres:', 'postgresql:']),
    'write the address of Postgres, e.g. postgres://user:password@host:5432/database',
  )
  DATABASE_URL: string;

  /** Most connections of this process to Postgres. */
  @Expose()
  @Digits()
  @IsInt({ message: 'write a whole number from 4 to 200' })
  @Min(4)
  @Max(200)
  DATABASE_POOL_SIZE: number = 20;

  /** Webhooks of one shop per second that one process takes in the long run; twice as many at once. More are answered 429. */
  @Expose()
  @Digits()
  @IsInt({ message: 'write a whole number from 1 to 100000' })
  @Min(1)
  @Max(100_000)
  SHOP_WEBHOOKS_PER_SECOND: number = 600;

  @Expose()
  @IsRight(isUrl(['redis:', 'rediss:']), 'write the address of Redis, e.g. redis://:password@host:6379/0')
  REDIS_URL: string;

  /** What every key of ours in Redis begins with. */
  @Expose()
  @Matches(/^cd:([a-z0-9-]+:)*$/, { message: 'begin with `cd:` and end with a colon, e.g. `cd:` or `cd:blue:`' })
  REDIS_KEY_PREFIX: string = 'cd:';

  /** One Asterisk; `virtual:` is the virtual telephone network, only while HOST is loopback. */
  @Expose()
  @ValidateIf((env: Env) => env.ARI_NODES === undefined)
  @IsRight(
    (value, env) => (value === 'virtual:' ? isLoopbackHost(env.HOST) : isUrl(['http:', 'https:'])(value)),
    'write the address of Asterisk, e.g. http://127.0.0.1:8088 (`virtual:` is accepted only while HOST is a loopback address), or set ARI_NODES',
  )
  ARI_URL?: string;

  @Expose()
  @ValidateIf(needsAriUser)
  @IsString({ message: 'write the user of ari.conf' })
  @MinLength(1, { message: 'write the user of ari.conf' })
  ARI_USERNAME?: string;

  @Expose()
  @ValidateIf(needsAriUser)
  @IsString({ message: 'write the password of ari.conf' })
  @MinLength(1, { message: 'write the password of ari.conf' })
  ARI_PASSWORD?: string;

  /** Several Asterisks; replaces the three variables above. */
  @Expose()
  @IsOptional()
  @IsRight((value, env) => {
    const nodes = parseAriNodes(String(value));
    return nodes !== null && (isLoopbackHost(env.HOST) || nodes.every(({ url }) => url !== VIRTUAL));
  }, 'write a JSON list like [{"name":"pbx-1","url":"http://10.0.0.5:8088","username":"dialer","password":"…"}] with different names; a `weight` is a number above 0')
  ARI_NODES?: string;

  /** Bearer token of the first administrator. */
  @Expose()
  @IsString({ message: 'make one with: openssl rand -hex 32' })
  @Matches(/^[\x21-\x7e]{32,512}$/, {
    message: 'needs 32 to 512 characters without blanks, none of them outside ASCII: openssl rand -hex 32',
  })
  ADMIN_TOKEN: string;

  /** Keys of secrets and personal data at rest. */
  @Expose()
  @IsRight((value) => typeof value === 'string' && parseEncryptionKeys(value) !== null, ENCRYPTION_KEYS_REMEDY)
  ENCRYPTION_KEYS: string;

  /** The address as agents' browsers see it. */
  @Expose()
  @IsOptional()
  @IsRight(isUrl(['http:', 'https:']), 'write the address that browsers use, e.g. https://dialer.example.com')
  PUBLIC_URL?: string;

  /** Port of metrics and health alone. */
  @Expose()
  @IsOptional()
  @Digits()
  @IsInt({ message: 'write a port number, e.g. 9464, or leave it out' })
  @IsRight((value, env) => value === 0 || value !== env.PORT, 'write another port than PORT, or leave it out')
  @Min(0)
  @Max(65_535)
  METRICS_PORT?: number;

  /** Development: write-backs to private addresses and plain http. */
  @Expose()
  @Flag()
  @IsBoolean({ message: 'write true or false' })
  ALLOW_PRIVATE_DESTINATIONS: boolean = false;

  /** Which parts this process runs. */
  @Expose()
  @IsRight(
    (value) => typeof value === 'string' && parseRoles(value) !== null,
    `write one or more of ${ROLES.join(', ')}, comma separated`,
  )
  ROLES: string = ROLES.join(',');

  @Expose()
  @IsIn(LOG_LEVELS, { message: `write one of ${LOG_LEVELS.join(', ')}` })
  LOG_LEVEL: (typeof LOG_LEVELS)[number] = 'info';

  /** Longest drain after SIGTERM, in seconds. */
  @Expose()
  @Digits()
  @IsInt({ message: 'write whole seconds from 1 to 600' })
  @Min(1)
  @Max(600)
  DRAIN_SECONDS: number = 45;

  /** Where agents' words wait on disk while Postgres is away; relative to where the process is started. */
  @Expose()
  @IsString()
  @MinLength(1)
  SPOOL_FOLDER: string = './spool';

  /** Where traces go, over OTLP/HTTP (`/v1/traces` is added); left out: nowhere. */
  @Expose()
  @IsOptional()
  @IsRight(isUrl(['http:', 'https:']), 'write the address of an OTLP/HTTP receiver, e.g. http://127.0.0.1:4318')
  OTEL_EXPORTER_OTLP_ENDPOINT?: string;

  /** Headers for the receiver of traces: `name=value`, several with commas between them. */
  @Expose()
  @IsOptional()
  @IsRight(
    (value) => typeof value === 'string' && parseHeaders(value) !== null,
    'write name=value, several with commas between them',
  )
  OTEL_EXPORTER_OTLP_HEADERS?: string;

  /** The share of traces that is exported. */
  @Expose()
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^(0(\.\d+)?|1(\.0+)?)$/.test(value) ? Number(value) : value,
  )
  @IsNumber({}, { message: 'write a share from 0 to 1, e.g. 0.1' })
  OTEL_TRACES_SAMPLER_ARG: number = 1;

  /** `production` refuses a Redis that may lose or evict jobs; otherwise that is a warning. */
  @Expose()
  @IsIn(['production', 'development', 'test'], { message: 'write production, development or test' })
  NODE_ENV: 'production' | 'development' | 'test' = 'development';

  /** Tests only: a folder whose files let this process die, fail or stand still at named points (`platform/failpoints`). */
  @Expose()
  @IsOptional()
  @IsRight((_value, env) => env.NODE_ENV === 'test', 'leave it out: it is for tests, with NODE_ENV=test')
  FAILPOINTS?: string;
}

function needsAriUser(env: Env): boolean {
  return env.ARI_NODES === undefined && env.ARI_URL !== 'virtual:';
}

/** One variable that stops the start. */
export interface EnvProblem {
  readonly variable: string;
  /** What to write instead; never quotes the value, which may be a secret. */
  readonly remedy: string;
}

/** Reads and checks all variables. An empty one counts as missing. All problems are found together. */
export function parseEnv(
  source: Readonly<Record<string, string | undefined>>,
): { env: Env } | { problems: EnvProblem[] } {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined && value !== ''));
  const env = plainToInstance(Env, given, {
    excludeExtraneousValues: true,
    exposeDefaultValues: true,
    exposeUnsetFields: false,
  });
  const problems = validateSync(env, { forbidUnknownValues: false }).map(({ property, constraints }) => ({
    variable: property,
    remedy: `${given[property] === undefined ? 'is missing' : 'is wrong'}: ${Object.values(constraints ?? {}).join('; ')}`,
  }));
  return problems.length > 0 ? { problems } : { env };
}

/** As {@link parseEnv}; prints all problems to stderr and ends the process with code 1 when there are any. */
export function loadEnv(source: Readonly<Record<string, string | undefined>> = process.env): Env {
  const parsed = parseEnv(source);
  if ('env' in parsed) return parsed.env;
  const lines = parsed.problems.map(({ variable, remedy }) => `  ${variable} ${remedy}`);
  process.stderr.write(
    `The configuration is not usable. Every variable is explained in .env.example.\n${lines.join('\n')}\n`,
  );
  process.exit(1);
}
