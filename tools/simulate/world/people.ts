import type { Presence } from '../../../src/core/agent/agent.js';
import type { AgentWord } from '../../../src/core/outcome/agent-word.js';
import type { AgentOutcome } from '../../../src/core/order/order.js';
import type { Chance } from '../engine/chance.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import type { AgentsPlan, TalkPlan } from '../scenario/scenario.js';
import { DatabaseDown, type Database } from '../shell/database.js';
import type { Outcomes } from '../shell/outcomes.js';
import type { AgentRow } from '../shell/rows.js';
import { minuteOf, type Day } from './day.js';

export interface PeopleParts {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly talk: TalkPlan;
  readonly day: Day;
  readonly database: Database;
  readonly outcomes: Outcomes;
  /** The buyer of the call puts the phone down. */
  readonly buyerHangsUp: (callId: string) => void;
  readonly isMachine: (callId: string) => boolean;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** The desktop shows the buyer so long after the bridge. */
const SCREEN_MS = 30;
/** Who finds that they were sent to a break comes back after this. */
const NOTICED_SECONDS = { from: 10, to: 40 };

/** The agents at their desktops: they come, talk, say what became of it, go to lunch, and leave. */
export class People {
  private readonly onBreak = new Set<string>();
  private readonly atWork = new Set<string>();
  private readonly said = new Set<string>();

  constructor(private readonly parts: PeopleParts) {}

  /** Plans the working days of an agent. */
  employ(agent: AgentRow, plan: AgentsPlan): void {
    const { day, chance } = this.parts;
    const minutes = (day.endMs - day.startMs) / MINUTE_MS;
    const length = (minuteOf(plan.to) - minuteOf(plan.from) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
    for (let from = minuteOf(plan.from) - day.startMinute - DAY_MINUTES; from < minutes; from += DAY_MINUTES) {
      if (from + length <= 0) continue;
      const begin = Math.max(0, from) + chance.next() * 0.5;
      this.at(begin, () => this.begin(agent));
      this.at(Math.min(minutes, from + length), () => this.leave(agent));
      for (const pause of plan.breaks) {
        const at = from + ((minuteOf(pause.at) - minuteOf(plan.from) + DAY_MINUTES) % DAY_MINUTES);
        const start = at + chance.next() * pause.spreadMinutes;
        if (start <= begin || start + pause.minutes >= from + length) continue;
        this.at(start, () => this.pause(agent));
        this.at(start + pause.minutes, () => this.resume(agent));
      }
    }
  }

  /** The state of an agent has changed: the person acts on it. */
  onAgent(agent: AgentRow, before: Presence): void {
    const { presence } = agent;
    if (presence.state === before.state) return;
    if (presence.state === 'talking' && before.state === 'reserved') this.talk(agent, presence.callId);
    if (presence.state === 'wrap_up') this.wrapUp(agent, presence.callId);
    if (presence.state === 'break' && this.atWork.has(agent.agentId) && !this.onBreak.has(agent.agentId)) {
      const { chance } = this.parts;
      const seconds = presence.reason === 'signed_in' ? 0.5 : chance.between(NOTICED_SECONDS.from, NOTICED_SECONDS.to);
      this.soon(seconds * 1_000, () => this.resume(agent));
    }
  }

  private begin(agent: AgentRow): void {
    this.atWork.add(agent.agentId);
    this.parts.database.moveAgent(agent.agentId, { kind: 'signed_in' });
    this.parts.database.moveAgent(agent.agentId, { kind: 'wished', wish: { to: 'ready' } });
  }

  private leave(agent: AgentRow): void {
    this.atWork.delete(agent.agentId);
    this.parts.database.moveAgent(agent.agentId, { kind: 'signed_out' });
  }

  private pause(agent: AgentRow): void {
    if (!this.atWork.has(agent.agentId)) return;
    this.onBreak.add(agent.agentId);
    this.parts.database.moveAgent(agent.agentId, { kind: 'wished', wish: { to: 'break', reason: 'lunch' } });
  }

  private resume(agent: AgentRow): void {
    this.onBreak.delete(agent.agentId);
    if (!this.atWork.has(agent.agentId)) return;
    this.parts.database.moveAgent(agent.agentId, { kind: 'wished', wish: { to: 'ready' } });
  }

  private talk(agent: AgentRow, callId: string): void {
    const { chance, talk } = this.parts;
    const isMachine = this.parts.isMachine(callId);
    const seconds = chance.draw(isMachine ? talk.machineSeconds : talk.talkSeconds);
    const isSaidNow = isMachine || chance.isTrue(talk.saidDuringTalkRatio);
    const doesBuyerEnd = !isMachine && chance.isTrue(talk.buyerEndsRatio);
    this.soon(SCREEN_MS + seconds * 1_000, () => {
      const { presence } = agent;
      if ((presence.state !== 'talking' && presence.state !== 'lost') || presence.callId !== callId) return;
      if (isSaidNow) this.say(agent, callId, isMachine);
      if (doesBuyerEnd) this.parts.buyerHangsUp(callId);
      else this.parts.database.request({ callId, kind: 'agent_hangup' });
    });
  }

  private wrapUp(agent: AgentRow, callId: string): void {
    const { chance, talk } = this.parts;
    if (chance.isTrue(talk.unsaidRatio)) return;
    this.soon(SCREEN_MS + chance.draw(talk.wrapUpSeconds) * 1_000, () => {
      const { presence } = agent;
      if (presence.state !== 'wrap_up' || presence.callId !== callId) return;
      this.say(agent, callId, this.parts.isMachine(callId));
      const { database } = this.parts;
      if (presence.wish.to === 'ready') database.moveAgent(agent.agentId, { kind: 'wished', wish: { to: 'ready' } });
      else database.moveAgent(agent.agentId, { kind: 'wrap_up_over', callId, hadLimit: false });
    });
  }

  private say(agent: AgentRow, callId: string, isMachine: boolean): void {
    if (this.said.has(callId)) return;
    if (this.parts.outcomes.say(agent.agentId, callId, this.word(isMachine))) this.said.add(callId);
  }

  private word(isMachine: boolean): AgentWord {
    const { chance, talk, time } = this.parts;
    const outcome: AgentOutcome = isMachine ? 'no_decision' : (chance.pick(talk.outcomes) ?? 'confirmed');
    const isCallback = outcome === 'callback';
    return {
      outcome,
      changes: null,
      note: null,
      callbackAt: isCallback ? new Date(time.nowMs() + chance.draw(talk.callbackMinutes) * MINUTE_MS) : null,
      callbackAgent: isCallback ? 'me' : null,
    };
  }

  private at(minute: number, work: () => void): void {
    this.soon(this.parts.day.startMs + minute * MINUTE_MS - this.parts.time.nowMs(), work);
  }

  /** Done as soon as the database can be reached. */
  private soon(afterMs: number, work: () => void): void {
    this.parts.time.after(afterMs, () => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof DatabaseDown)) throw error;
        this.soon(1_000, work);
      }
    });
  }
}
