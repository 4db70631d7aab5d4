import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { RunningAsterisk } from '../../tools/dev-env/asterisk.js';
import type { RunningCarrier } from '../../tools/dev-env/carrier.js';
import { startNetwork, type AgentPlan, type Network } from '../../tools/dev-env/network.js';
import { makePrivateFolder, removePrivateFolder } from '../../tools/dev-env/processes.js';
import { VirtualAgent, type VirtualAgentPlan } from '../../tools/dev-env/virtual-agent.js';
import { CarrierView } from './carrier-view.js';
import { ShopView } from './shop-view.js';

/** Starting all parts takes some 10 s; on a machine that is busy with other things several times that. */
const START_LIMIT_MS = 180_000;
/** Nobody talks that long: the agent does nothing by itself. */
const FOR_EVER_MS = 3_600_000;

/** One installation with the world around it, shared by the tests of a file. */
export class World {
  /** What the carrier saw. */
  readonly calls: CarrierView;
  private readonly agents: VirtualAgent[] = [];

  constructor(
    readonly network: Network,
    readonly folder: string,
    readonly pbx: RunningAsterisk,
    readonly carrier: RunningCarrier,
  ) {
    this.calls = new CarrierView(carrier);
  }

  /** The network's first shop, whose calls the group `default` takes. */
  get shop(): ShopView {
    return new ShopView(this.network.shop);
  }

  /** A shop whose calls a group of its own takes, so that tests side by side do not take each other's agents. */
  async openShop(group: string, settings: object = {}): Promise<ShopView> {
    return new ShopView(await this.network.addShop(`shop-${group}`, { agentGroups: [group], ...settings }));
  }

  /** An agent who does nothing but what the test says, or what `habits` say. Signed out in the end. */
  agent(login: string, habits: Partial<Pick<VirtualAgentPlan, 'talkMs' | 'decide'>> = {}): VirtualAgent {
    const known = this.network.agents.find((one) => one.login === login);
    if (known === undefined) throw new Error(`the network has no agent ${login}`);
    const agent = new VirtualAgent({
      apiUrl: this.network.apiUrl,
      login,
      password: known.password,
      talkMs: habits.talkMs ?? (() => FOR_EVER_MS),
      decide: habits.decide ?? (() => null),
    });
    this.agents.push(agent);
    return agent;
  }

  /** Everything that the service has logged. */
  serviceLog(): string {
    return readFileSync(join(this.folder, 'service.log'), 'utf8');
  }

  /** A request to a PBX as the dialer's own account; the body of the answer, or null when there is no such thing. */
  async ari<T>(path: string, pbx = this.pbx): Promise<T | null> {
    const authorization = `Basic ${Buffer.from(`${pbx.ariUsername}:${pbx.ariPassword}`).toString('base64')}`;
    const answer = await fetch(`${pbx.url}/ari/${path}`, { headers: { authorization } });
    return answer.ok ? ((await answer.json()) as T) : null;
  }

  async signOutAll(): Promise<void> {
    await Promise.all(this.agents.map((agent) => agent.stop()));
  }
}

/** Gives a test file its world from its first test to its last. */
export function useWorld(plan: {
  agents: readonly AgentPlan[];
  groupSettings?: object;
  shopSettings?: object;
  logLevel?: string;
  /** PBXs side by side; {@link World.pbx} is the first. */
  nodes?: number;
}): () => World {
  let world: World | null = null;
  beforeAll(async () => {
    const parent = makePrivateFolder('e2e');
    const folder = join(parent, randomBytes(5).toString('hex'));
    mkdirSync(folder);
    const network = await startNetwork({
      ...plan,
      folder,
      telephony: 'own-asterisk',
      isTemporary: true,
      runId: process.env['TEST_RUN_ID'],
    });
    const { pbx, carrier } = network.telephony ?? {};
    if (pbx == null || carrier == null) throw new Error('own telephony has a PBX and a carrier');
    world = new World(network, folder, pbx, carrier);
    removeFolder = () => removePrivateFolder(parent);
  }, START_LIMIT_MS);
  let removeFolder = (): void => undefined;
  afterAll(async () => {
    await world?.signOutAll();
    await world?.network.stop();
    removeFolder();
  }, START_LIMIT_MS);
  return () => {
    if (world === null) throw new Error('the world has not been started');
    return world;
  };
}
