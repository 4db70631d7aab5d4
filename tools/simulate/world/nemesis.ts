import type { Chance } from '../engine/chance.js';
import type { VirtualTime } from '../engine/virtual-time.js';
import type { FaultPlan } from '../scenario/scenario.js';
import type { Database } from '../shell/database.js';
import { Dialer, type DialerWorld } from '../shell/dialer.js';
import type { AgentRow } from '../shell/rows.js';
import { instantOf, type Day } from './day.js';
import type { Exchange, Trunk } from './exchange.js';

export interface NemesisParts {
  readonly time: VirtualTime;
  readonly chance: Chance;
  readonly faults: FaultPlan;
  readonly day: Day;
  readonly exchange: Exchange;
  readonly database: Database;
  readonly trunks: ReadonlyMap<string, Trunk>;
  readonly dialerWorld: DialerWorld;
  readonly agents: readonly AgentRow[];
  /** Something goes wrong with the dialing until `untilMs`. */
  readonly onTrouble: (kind: string, untilMs: number, who: string) => void;
}

/** Cause of a lost connection, Q.850: temporary failure. */
const LOST = 41;
const EXCHANGE_BOOTS_MS = 1_500;

/** Starts the dialers, and does to them and to the world around them what the scenario's faults say. */
export class Nemesis {
  readonly dialers: Dialer[] = [];
  private started = 0;

  constructor(private readonly parts: NemesisParts) {}

  start(): void {
    const { faults, parts } = this.with();
    for (let i = 0; i < faults.dialers; i++) this.startDialer(i);
    this.often(faults.killsPerHour, 'kills', (chance) => this.kill(chance));
    this.often(faults.freezesPerHour, 'freezes', (chance) => this.freeze(chance));
    this.often(faults.linkCutsPerHour, 'link cuts', (chance) => this.cutLink(chance));
    this.often(faults.exchangeDeathsPerHour, 'exchange deaths', () => this.killExchange());
    this.often(faults.databaseOutagesPerHour, 'database', (chance) => this.cutDatabase(chance));
    this.often(faults.agentLegsLostPerHour, 'agents', (chance) => this.loseAgentLeg(chance));
    for (const { trunk, at, minutes } of faults.trunkOutages) {
      const set = (isOut: boolean) => () => {
        const found = parts.trunks.get(trunk);
        if (found !== undefined) found.isOut = isOut;
      };
      const from = instantOf(parts.day, at) - parts.time.nowMs();
      parts.time.after(from, set(true));
      parts.time.after(from + minutes * 60_000, set(false));
    }
  }

  private with(): { faults: FaultPlan; parts: NemesisParts } {
    return { faults: this.parts.faults, parts: this.parts };
  }

  private startDialer(slot: number): void {
    this.started += 1;
    this.dialers[slot] = new Dialer(`dialer-${slot}.${this.started}`, this.parts.dialerWorld);
  }

  private kill(chance: Chance): void {
    const slot = Math.floor(chance.next() * this.dialers.length);
    const dialer = this.dialers[slot];
    if (dialer === undefined || !dialer.time.alive) return;
    const downMs = chance.draw(this.parts.faults.downSeconds) * 1_000;
    dialer.kill();
    this.trouble('kill', downMs, dialer);
    this.parts.time.after(downMs, () => this.startDialer(slot));
  }

  private freeze(chance: Chance): void {
    const dialer = this.dialers[Math.floor(chance.next() * this.dialers.length)];
    if (dialer === undefined || !dialer.time.alive || dialer.time.frozen) return;
    const frozenMs = chance.draw(this.parts.faults.frozenSeconds) * 1_000;
    dialer.time.freeze();
    this.trouble('freeze', frozenMs, dialer);
    this.parts.time.after(frozenMs, () => dialer.time.thaw());
  }

  private cutLink(chance: Chance): void {
    const dialer = this.dialers[Math.floor(chance.next() * this.dialers.length)];
    if (dialer === undefined || !dialer.time.alive || !dialer.link.isUp) return;
    const cutMs = chance.draw(this.parts.faults.linkCutSeconds) * 1_000;
    dialer.link.cut();
    this.trouble('link cut', cutMs, dialer);
    this.reconnect(dialer, cutMs);
  }

  private reconnect(dialer: Dialer, afterMs: number): void {
    this.parts.time.after(afterMs, () => {
      if (dialer.time.alive) dialer.time.carryOut(() => dialer.link.connect());
    });
  }

  private killExchange(): void {
    this.parts.exchange.reset();
    this.trouble('exchange death', EXCHANGE_BOOTS_MS);
    for (const dialer of this.dialers) {
      if (!dialer.time.alive || !dialer.link.isUp) continue;
      dialer.link.cut();
      this.reconnect(dialer, EXCHANGE_BOOTS_MS);
    }
  }

  private cutDatabase(chance: Chance): void {
    const { database, time, faults } = this.parts;
    if (!database.isUp) return;
    const outMs = chance.draw(faults.databaseOutageSeconds) * 1_000;
    database.isUp = false;
    this.trouble('database outage', outMs);
    time.after(outMs, () => {
      database.isUp = true;
    });
  }

  private loseAgentLeg(chance: Chance): void {
    const up = this.parts.agents.filter(({ presence }) => presence.isLegUp && presence.legId !== null);
    const agent = up[Math.floor(chance.next() * up.length)];
    if (agent?.presence.legId != null) this.parts.exchange.network.hangUpByThem(agent.presence.legId, LOST);
  }

  private trouble(kind: string, lastsMs: number, dialer?: Dialer): void {
    this.parts.onTrouble(kind, this.parts.time.nowMs() + lastsMs, dialer?.name ?? 'all');
  }

  /** Faults come until the last minutes of the day: then everything must heal. */
  private often(perHour: number, name: string, act: (chance: Chance) => void): void {
    if (perHour === 0) return;
    const chance = this.parts.chance.stream(name);
    const { time, day } = this.parts;
    const next = (): void => {
      time.after((-Math.log(1 - chance.next()) / perHour) * 3_600_000, () => {
        if (time.nowMs() > day.endMs) return;
        act(chance);
        next();
      });
    };
    next();
  }
}
