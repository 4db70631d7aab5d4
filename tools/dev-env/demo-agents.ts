import { seededRandom } from '../demo-shop/demo-orders.js';
import type { AgentPlan } from './furnish.js';
import { VirtualAgent, type SeenCall, type Word } from './virtual-agent.js';

/** The floor of the demo; `guest` is for the person at the desktop. */
export const DEMO_AGENTS: readonly AgentPlan[] = [
  { login: 'anna', name: 'Anna Bondar', connection: 'persistent' },
  { login: 'borys', name: 'Borys Kovalenko', connection: 'persistent' },
  { login: 'vira', name: 'Vira Melnyk', connection: 'persistent' },
  { login: 'hryhorii', name: 'Hryhorii Shevchuk', connection: 'per_call' },
];

/** The first `count` agents of the demo; beyond the named ones they are numbered. */
export function demoFloor(count: number): AgentPlan[] {
  const more = Math.max(0, count - DEMO_AGENTS.length);
  return [
    ...DEMO_AGENTS.slice(0, count),
    ...Array.from({ length: more }, (_, i): AgentPlan => {
      const number = String(DEMO_AGENTS.length + i + 1);
      return { login: `agent${number}`, name: `Agent ${number}`, connection: 'persistent' };
    }),
  ];
}

export const GUEST: AgentPlan = { login: 'guest', name: 'Guest', connection: 'persistent', phone: 'softphone' };

/** Who looks at the board of the demo. */
export const SUPERVISOR: AgentPlan = {
  login: 'supervisor',
  name: 'Supervisor',
  connection: 'persistent',
  role: 'supervisor',
  phone: 'softphone',
};

/** A virtual agent of the demo: short talks, and a word for each kind of buyer. */
export function demoAgent(apiUrl: string, agent: { login: string; password: string }, seed: number): VirtualAgent {
  const random = seededRandom(seed);
  return new VirtualAgent({
    apiUrl,
    login: agent.login,
    password: agent.password,
    // A greeting of a machine is told after some 3.5 s of it: the agent waits for that before saying anything.
    talkMs: (call) => (ending(call) === '65' ? 8_000 : 1_500 + random() * 2_000),
    decide: (call) => wordFor(call, random),
  });
}

function wordFor(call: SeenCall, random: () => number): Word {
  switch (ending(call)) {
    case '65':
    case '66':
    case '71':
      return { outcome: 'no_decision', note: 'nobody spoke' };
    case '68':
      return { outcome: 'declined', note: 'pressed 2' };
    default: {
      const share = random();
      if (share < 0.7) return { outcome: 'confirmed' };
      if (share < 0.9)
        return { outcome: 'changed', changes: { delivery: { address: 'вул. Хрещатик, 22' } }, note: 'new address' };
      return { outcome: 'declined', note: 'bought elsewhere' };
    }
  }
}

function ending(call: SeenCall): string {
  return call.order.customer.phone.slice(-2);
}
