import { writeFileSync } from 'node:fs';
import { onFullFloor, type FullFloor } from './full-floor.js';
import { pause } from './figures.js';
import { Inspector } from './inspector.js';
import { MinimalClient, type CallRun } from './minimal-client.js';
import { playRate, type ServiceRun } from './service-rate.js';

export interface CallFigures {
  readonly agents: number;
  readonly talkMs: number;
  readonly minimal: readonly CallRun[];
  readonly service: readonly ServiceRun[];
  /** Highest rate at which 99 of 100 calls were bridged, of each; null: none of those tried. */
  readonly minimalCarries: number | null;
  readonly serviceCarries: number | null;
}

export interface CallPlan {
  readonly agents: number;
  /** Calls a second, ascending. */
  readonly rates: readonly number[];
  readonly seconds: number;
  readonly talkMs: number;
  /** The least client plays first; without it only the service is measured. */
  readonly withMinimal: boolean;
  /** Where the processor's time of the service at the last rate is written to; null: it is not looked at. */
  readonly profile: string | null;
  readonly isDialerApart: boolean;
  readonly say: (message: string) => void;
}

/** These endings answer after a second. */
const QUICK = ['00', '06', '12', '18', '24', '30', '36', '42', '48', '54'];
const CARRIED = 0.99;
/** Not counted: who has just started still compiles its program, and no shop's day begins with its busiest minute. */
const WARM_UP = { perSecond: 10, seconds: 30 } as const;
/** Who is beyond this is not tried at a higher rate: an exchange that is asked for more than it can do needs minutes to recover. */
const COLLAPSED = 0.9;

/** Calls on a real Asterisk with a real trunk: first by the least client that could be, then by the service, at the same rates with as many agents. */
export async function measureCalls(plan: CallPlan): Promise<CallFigures> {
  const { agents, talkMs, rates, say } = plan;
  return onFullFloor(
    { agents, callsPerSecond: Math.max(...rates) * 2, isDialerApart: plan.isDialerApart, say },
    async (floor) => {
      const minimal = plan.withMinimal ? await playMinimal(floor, plan) : [];
      const service = await playService(floor, plan);
      return { agents, talkMs, minimal, service, minimalCarries: carries(minimal), serviceCarries: carries(service) };
    },
  );
}

const carries = (runs: readonly CallRun[]): number | null =>
  runs
    .filter(({ bridged, calls }) => bridged >= calls * CARRIED)
    .reduce<number | null>((most, { placedPerSecond }) => Math.max(most ?? 0, placedPerSecond), null);

const phoneOf =
  (run: number) =>
  (i: number): string =>
    `+38067${String(run * 10_000 + i + 10_000).padStart(5, '0')}${QUICK[i % QUICK.length]!}`;

async function playMinimal({ network, people }: FullFloor, plan: CallPlan): Promise<CallRun[]> {
  const { telephony } = network;
  if (telephony === null) throw new Error('calls are measured on a real Asterisk');
  const ari = { url: telephony.ariUrl, username: telephony.ariUsername, password: telephony.ariPassword };
  const client = await MinimalClient.start(
    ari,
    people.map(({ login }) => `agent-${login}`),
  );
  const runs: CallRun[] = [];
  for (const perSecond of plan.rates) {
    plan.say(`minimal client: ${perSecond} calls a second for ${plan.seconds} s`);
    const run = await client.run({ ...plan, perSecond, phoneOf: phoneOf(0) });
    runs.push(run);
    plan.say(told(run));
    if (run.bridged < run.calls * COLLAPSED) break;
  }
  await client.stop();
  await pause(3_000);
  return runs;
}

async function playService({ network, database, seat }: FullFloor, plan: CallPlan): Promise<ServiceRun[]> {
  await seat({ talkMs: () => plan.talkMs, decide: () => ({ outcome: 'confirmed' }) });
  plan.say(`service: ${WARM_UP.perSecond} orders a second for ${WARM_UP.seconds} s, to warm up`);
  await playRate(network, database, { ...plan, ...WARM_UP, prefix: 'W', phoneOf: phoneOf(plan.rates.length + 1) });
  const runs: ServiceRun[] = [];
  for (const [index, perSecond] of plan.rates.entries()) {
    plan.say(`service: ${perSecond} orders a second for ${plan.seconds} s`);
    const inspector =
      plan.profile !== null && index === plan.rates.length - 1 ? await Inspector.open(network.dialer.process) : null;
    await inspector?.profile();
    const phones = { prefix: `R${index + 1}`, phoneOf: phoneOf(index + 1) };
    const run = await playRate(network, database, { ...plan, perSecond, ...phones });
    runs.push(run);
    plan.say(told(run));
    if (inspector !== null && plan.profile !== null) writeFileSync(plan.profile, await inspector.profiled());
    inspector?.close();
  }
  return runs;
}

/** A run that is cut off has said at least this. */
const told = ({ bridged, calls, placedPerSecond, answerToAgentMs }: CallRun): string =>
  `${bridged} of ${calls} bridged, ${placedPerSecond} a second, answer → agent ${answerToAgentMs.p50} / ${answerToAgentMs.p99} ms`;
