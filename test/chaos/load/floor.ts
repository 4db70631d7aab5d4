import { seededRandom } from '../../../tools/demo-shop/demo-orders.js';
import { startFaultProxy } from '../../support/fault-proxy.js';
import { VirtualAgent, type SeenCall, type Word } from '../../../tools/dev-env/virtual-agent.js';

/** A word that an agent gave and the answer to it. */
export interface Said {
  /** When the word was first sent. */
  readonly askedAt: Date;
  /** When it was answered. */
  readonly at: Date;
  readonly login: string;
  readonly callId: string;
  readonly outcome: string;
  readonly status: number;
}

/** An agent who never gives up: whoever was thrown out, sent on a break or forgotten comes back and asks for work. */
interface Seat {
  readonly login: string;
  agent: VirtualAgent;
  isAway: boolean;
}

export interface FloorPlan {
  readonly apiUrl: string;
  readonly agents: readonly { readonly login: string; readonly password: string }[];
  readonly seed: number;
  readonly talkMs: { readonly least: number; readonly most: number };
  /** What everybody says in the end; default: by chance. */
  readonly word?: Word;
  /** What an agent does as a talk begins. @returns how long the talk is then, in ms; null: as ever */
  readonly inTalk?: (agent: VirtualAgent, call: SeenCall) => number | null;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const LOOK_EVERY_MS = 1_000;
/** Callbacks are due half a minute before their promise. */
const CALLBACK_IN_MS = 35_000;
/** Of talks: nobody says anything, and the wrap-up runs out. */
const SILENT = 0.02;

/** The floor of virtual agents at their desks. */
export class Floor {
  readonly said: Said[] = [];
  private readonly seats: Seat[] = [];
  private readonly random: () => number;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly plan: FloorPlan) {
    this.random = seededRandom(plan.seed + 1);
  }

  async open(): Promise<void> {
    await Promise.all(
      this.plan.agents.map(async ({ login }) => {
        const agent = this.hire(login);
        this.seats.push({ login, agent, isAway: false });
        await agent.start();
      }),
    );
    this.timer = setInterval(() => void this.look(), LOOK_EVERY_MS);
  }

  get logins(): readonly string[] {
    return this.seats.map(({ login }) => login);
  }

  /** Closes the browser of an agent without a word, as a crash does, and opens another one after so long. */
  async crash(login: string, forMs: number): Promise<void> {
    const seat = this.seats.find((one) => one.login === login);
    if (seat === undefined) return;
    seat.isAway = true;
    seat.agent.vanish();
    await new Promise((resolve) => setTimeout(resolve, forMs));
    seat.agent = this.hire(login);
    seat.isAway = false;
  }

  /** The agent's network is gone for so long, and nobody is told; their telephone stays. @returns how many messages were lost */
  async loseNetwork(login: string, forMs: number): Promise<number> {
    const seat = this.seats.find((one) => one.login === login);
    if (seat === undefined) return 0;
    const line = await startFaultProxy(this.plan.apiUrl);
    seat.isAway = true;
    seat.agent.vanish();
    seat.agent = this.hire(login, `http://127.0.0.1:${line.port}`);
    await seat.agent.start().catch(() => undefined);
    seat.isAway = false;
    line.blackhole();
    await pause(forMs);
    line.mend();
    const lost = line.counts.hindered;
    // At their desk again, past that line.
    seat.agent.vanish();
    seat.agent = this.hire(login);
    await line.close();
    return lost;
  }

  /** The agent signs in once more in another tab, and goes on there. @returns whether the first tab has been signed out meanwhile */
  async openSecondTab(login: string): Promise<() => Promise<boolean>> {
    const seat = this.seats.find((one) => one.login === login);
    if (seat === undefined) return async () => false;
    const before = seat.agent;
    seat.isAway = true;
    seat.agent = this.hire(login);
    await seat.agent.start().catch(() => undefined);
    seat.isAway = false;
    return async () => {
      const isOut = !before.isSignedIn;
      before.vanish();
      return isOut;
    };
  }

  /** The state that the agent's screen shows. */
  stateOf(login: string): string {
    const seat = this.seats.find((one) => one.login === login);
    return seat === undefined ? '' : stateShown(seat.agent);
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(
      this.seats.map(({ agent }) =>
        Promise.race([agent.stop(), new Promise((resolve) => setTimeout(resolve, 3_000))]).catch(() => undefined),
      ),
    );
  }

  private hire(login: string, apiUrl = this.plan.apiUrl): VirtualAgent {
    const password = this.plan.agents.find((one) => one.login === login)?.password ?? '';
    const { least, most } = this.plan.talkMs;
    const agent: VirtualAgent = new VirtualAgent({
      apiUrl,
      login,
      password,
      talkMs: (call) => this.plan.inTalk?.(agent, call) ?? least + this.random() * (most - least),
      decide: () => this.plan.word ?? this.word(),
      onSaid: (callId, word, { status, askedAt }) =>
        this.said.push({ askedAt, at: new Date(), login, callId, outcome: word.outcome, status }),
    });
    return agent;
  }

  private word(): Word | null {
    const share = this.random();
    if (share < SILENT) return null;
    if (share < 0.72) return { outcome: 'confirmed' };
    if (share < 0.84) return { outcome: 'changed', changes: { delivery: { address: 'вул. Хрещатик, 22' } } };
    if (share < 0.94) return { outcome: 'declined', note: 'bought elsewhere' };
    if (share < 0.96) return { outcome: 'no_decision' };
    if (share < 0.98) return { outcome: 'callback', callbackAt: new Date(Date.now() + CALLBACK_IN_MS).toISOString() };
    return { outcome: 'duplicate' };
  }

  private async look(): Promise<void> {
    await Promise.all(
      this.seats.map(async (seat) => {
        if (seat.isAway) return;
        try {
          if (!seat.agent.isSignedIn) await seat.agent.signIn();
          const state = stateShown(seat.agent);
          if (state === 'break' || state === 'offline' || state === '') {
            const answer = await seat.agent.setState('ready');
            if (answer.status === 401) await seat.agent.signIn();
          }
        } catch {
          // The service is away: the next look tries again.
        }
      }),
    );
  }
}

function stateShown(agent: VirtualAgent): string {
  const shown = agent.events.findLast((one) => one.event === 'agent.state')?.data['state'];
  return typeof shown === 'string' ? shown : '';
}
