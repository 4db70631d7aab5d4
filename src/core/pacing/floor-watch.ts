import type { AgentState } from '../agent/agent.js';
import type { PacingFact } from './pacing-fact.js';

/** An agent as a look at the floor shows them. */
export interface SeenAgent {
  readonly agentId: string;
  readonly state: AgentState;
  readonly since: Date;
  readonly callId: string | null;
}

interface Phase {
  readonly kind: 'talk' | 'wrap_up';
  readonly callId: string | null;
  readonly since: Date;
}

/** States in which an agent who has just finished a call goes on working. */
const AT_WORK: readonly AgentState[] = ['ready', 'reserved', 'talking', 'lost', 'connecting'];

/**
 * How long agents talk and wrap up, told by looks at the floor: who was at something else the last time has finished it. The instants are those of the
 * agents' rows, so the durations are exact however late the look; a state that came and went between two looks counts to the one before it.
 */
export class FloorWatch {
  private readonly phases = new Map<string, Phase>();

  /** What has ended since the last look. */
  look(floor: readonly SeenAgent[]): PacingFact[] {
    const facts: PacingFact[] = [];
    let known = 0;
    for (const agent of floor) {
      facts.push(...this.lookAt(agent));
      if (this.phases.has(agent.agentId)) known += 1;
    }
    if (known < this.phases.size) this.forgetAllBut(floor);
    return facts;
  }

  private forgetAllBut(floor: readonly SeenAgent[]): void {
    const there = new Set(floor.map((agent) => agent.agentId));
    for (const agentId of this.phases.keys()) if (!there.has(agentId)) this.phases.delete(agentId);
  }

  /** What has ended since the last look at this agent. */
  lookAt(agent: SeenAgent): PacingFact[] {
    const { agentId } = agent;
    const before = this.phases.get(agentId);
    const now = phaseOf(agent);
    if (before !== undefined && now?.kind === before.kind && now.callId === before.callId) return [];
    if (now === null) this.phases.delete(agentId);
    else this.phases.set(agentId, now);
    if (before === undefined) return [];
    const seconds = Math.max(0, agent.since.getTime() - before.since.getTime()) / 1000;
    const isReadyAfter = AT_WORK.includes(agent.state);
    if (before.kind === 'wrap_up') return [{ kind: 'wrap_up_ended', seconds, isReadyAfter }];
    const talk: PacingFact = { kind: 'talk_ended', seconds };
    return now?.kind === 'wrap_up' ? [talk] : [talk, { kind: 'wrap_up_ended', seconds: 0, isReadyAfter }];
  }
}

function phaseOf({ state, since, callId }: SeenAgent): Phase | null {
  if (state === 'talking' || state === 'lost') return { kind: 'talk', callId, since };
  return state === 'wrap_up' ? { kind: 'wrap_up', callId, since } : null;
}
