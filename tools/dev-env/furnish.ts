import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DemoShop } from '../demo-shop/demo-shop.js';
import type { AdminClient } from './admin-client.js';

/** An agent of the network, with a phone that the carrier's Asterisk plays (`PJSIP/agent-<login>`). */
export interface AgentPlan {
  readonly login: string;
  readonly name: string;
  readonly connection: 'persistent' | 'per_call';
  readonly role?: 'agent' | 'senior' | 'supervisor' | 'administrator';
  /** Default `agent-<login>`; `softphone` is the one in the agent's browser. */
  readonly phone?: string;
  /** Default `default`; a group is made when an agent is in it. */
  readonly group?: string;
}

export interface ShopSecrets {
  apiKey: string;
  webhookSecret: string;
  destinationSecrets: Record<string, string>;
}

/** What those around the service have to know again after a restart. */
export interface WorldSecrets {
  /** By login. */
  passwords: Record<string, string>;
  shop?: ShopSecrets;
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

/** Tells the service about its groups, trunk and agents; what is there already is replaced. */
export async function furnish(
  admin: AdminClient,
  agents: readonly AgentPlan[],
  secrets: WorldSecrets,
  groupSettings: object = {},
): Promise<void> {
  for (const group of new Set(['default', ...agents.map(groupOf)])) {
    const name = group === 'default' ? 'Everybody' : group;
    await admin.put(`groups/${group}`, { name, wrapUpSeconds: 20, ...groupSettings });
  }
  await admin.put('trunks/carrier', {
    endpoint: 'PJSIP/{number}@trunk',
    callerIds: ['+380441234567'],
    maxChannels: 60,
    callsPerSecond: 20,
  });
  for (const agent of agents) {
    await admin.put(`agents/${agent.login}`, {
      name: agent.name,
      password: secrets.passwords[agent.login],
      role: agent.role ?? 'agent',
      groups: [groupOf(agent)],
      endpoint: agent.phone === SOFTPHONE ? SOFTPHONE : `PJSIP/${phoneOf(agent)}`,
      connection: agent.connection,
    });
  }
}

/** Creates or replaces a shop with the demo's settings. @returns its secrets, or null when it was there already */
export async function createShop(
  admin: AdminClient,
  name: string,
  shop: DemoShop,
  settings: object = {},
): Promise<ShopSecrets | null> {
  const made = await admin.put<{
    apiKey?: string;
    webhookSecret?: string;
    destinations?: { name: string; secret?: string }[];
  }>(`shops/${name}`, {
    ...SHOP_SETTINGS,
    destinations: [
      {
        name: 'orders',
        url: shop.destinationUrl('orders'),
        events: ['order.outcome', 'order.attempt', 'order.callback_scheduled'],
      },
    ],
    ...settings,
  });
  if (made.status !== 201) return null;
  return {
    apiKey: made.body.apiKey ?? '',
    webhookSecret: made.body.webhookSecret ?? '',
    destinationSecrets: Object.fromEntries(
      (made.body.destinations ?? []).map((destination) => [destination.name, destination.secret ?? '']),
    ),
  };
}

/** The endpoint names of the phones that the carrier's Asterisk plays. */
export function playedPhones(agents: readonly AgentPlan[]): string[] {
  return agents.filter((agent) => agent.phone !== SOFTPHONE).map(phoneOf);
}

const SOFTPHONE = 'softphone';

function groupOf(agent: AgentPlan): string {
  return agent.group ?? 'default';
}

/** The endpoint name of the agent's phone. */
function phoneOf(agent: AgentPlan): string {
  return agent.phone ?? `agent-${agent.login}`;
}

/** A password for every agent who has none yet. */
export function givePasswords(secrets: WorldSecrets, agents: readonly AgentPlan[]): void {
  for (const agent of agents) secrets.passwords[agent.login] ??= randomBytes(9).toString('base64url');
}

/** Those of the folder's earlier runs, else `first`. */
export function readSecrets<T extends WorldSecrets>(folder: string, first: () => T): T {
  const file = join(folder, 'secrets.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : first();
}

export function writeSecrets(folder: string, secrets: WorldSecrets): void {
  writeFileSync(join(folder, 'secrets.json'), `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
}
