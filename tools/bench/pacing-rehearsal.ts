import { PacingRun, type StateLine } from './pacing-protocol.js';

const AGENTS = 300;
const INSTANTS = 1_200;

/** Runs the rule on an invented floor and throws the result away, so that its code is compiled before it is needed. */
export function rehearse(cap: number): void {
  const run = new PacingRun(cap);
  run.answer({ type: 'init', window: 28_800, abandon_after: 2, ring_timeout: 25, amd: false });
  for (let t = 0; t < INSTANTS; t += 1) run.answer(JSON.parse(JSON.stringify(inventedFloor(t))) as StateLine);
}

/** A busy floor at second `t`; every 50 s two agents in five come free in the same moment, as after a break of the line. */
export function inventedFloor(t: number, agents = AGENTS): StateLine {
  const share = agents / AGENTS;
  const some = (count: number, spread: number) =>
    Array.from({ length: count }, (_, agent) => [agent, ((agent * 37 + t) % spread) + 0.25] as const);
  return {
    type: 'state',
    t,
    agents: {
      ready: some(t % 50 === 0 ? Math.round(120 * share) : t % 7, 9),
      connecting: some(2, 1),
      talking: some(agents - 70, 400),
      wrap: some(60, 60),
    },
    calls: {
      inflight: some(Math.round(share * (t % 50 === 0 ? 150 : 40 + (t % 40))), 25).map(
        ([call, age]) => [age, age > 3 ? age - 3 : -1, 1 + (call % 3)] as const,
      ),
      screening: [],
      waiting: [],
    },
    queue: { fresh: 5, retry: 50, backlog: 500 },
    trunks_free: 2 * agents,
    today: { answers: 1_000 + t, abandoned: 20 + Math.floor(t / 50) },
    events: [
      {
        ev: 'end',
        result: t % 2 === 0 ? 'human' : 'no_answer',
        attempt: 1 + (t % 3),
        age: 8 + (t % 20),
        ring: 5 + (t % 20),
      },
      { ev: 'talk_end', agent: 1, talk: 20 + ((t * 17) % 300) },
      { ev: 'wrap_end', agent: 1, wrap: 5 + ((t * 7) % 60) },
    ],
  };
}
