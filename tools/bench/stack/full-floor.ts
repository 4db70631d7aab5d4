import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startNetwork, type AgentPlan, type Network } from '../../dev-env/network.js';
import { VirtualAgent, type VirtualAgentPlan } from '../../dev-env/virtual-agent.js';
import { INSPECTABLE } from './inspector.js';

export interface FloorPlan {
  readonly agents: number;
  /** Calls a second that the trunk takes. */
  readonly callsPerSecond: number;
  readonly shopSettings?: object;
  readonly isDialerApart?: boolean;
  readonly say: (message: string) => void;
}

/** A whole stack of its own with agents' phones at the carrier, for one measurement. */
export interface FullFloor {
  readonly network: Network;
  readonly people: readonly AgentPlan[];
  readonly database: pg.Client;
  /** All agents sign in and wait for calls; how they work is said by `work`. */
  readonly seat: (work: Pick<VirtualAgentPlan, 'talkMs' | 'decide'>) => Promise<readonly VirtualAgent[]>;
}

/** Starts everything, measures, and stops everything. */
export async function onFullFloor<T>(plan: FloorPlan, measure: (floor: FullFloor) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-calls-'));
  const people = Array.from({ length: plan.agents }, (_, i) => ({
    login: `load${i + 1}`,
    name: `Agent ${i + 1}`,
    connection: 'persistent' as const,
  }));
  const agents: VirtualAgent[] = [];
  let network: Network | null = null;
  let database: pg.Client | null = null;
  try {
    network = await startNetwork({
      folder,
      telephony: 'own-asterisk',
      agents: people,
      isTemporary: true,
      runId: `load${process.pid}`,
      groupSettings: { wrapUpSeconds: 60 },
      shopSettings: { answeringMachine: 'off', maxConcurrentCalls: 1_000, ...plan.shopSettings },
      isDialerApart: plan.isDialerApart,
      logLevel: 'warn',
      environment: { ...INSPECTABLE, SHOP_WEBHOOKS_PER_SECOND: '100000' },
      progress: plan.say,
    });
    const { apiUrl } = network;
    await network.admin.put('trunks/carrier', {
      endpoint: 'PJSIP/{number}@trunk',
      callerIds: ['+380441234567'],
      maxChannels: 1_000,
      callsPerSecond: plan.callsPerSecond,
    });
    database = new pg.Client({ connectionString: network.databaseUrl });
    await database.connect();
    const signedIn = network.agents;
    return await measure({
      network,
      people,
      database,
      async seat(work) {
        plan.say(`${signedIn.length} agents sign in`);
        for (const { login, password } of signedIn) agents.push(new VirtualAgent({ apiUrl, login, password, ...work }));
        await Promise.all(agents.map((agent) => agent.start()));
        return agents;
      },
    });
  } finally {
    await Promise.all(agents.map((agent) => agent.stop()));
    await database?.end();
    await network?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
