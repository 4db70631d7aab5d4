import type { Floor } from '../load/floor.js';
import type { Service } from '../stack/service.js';
import type { Stack } from '../stack/stack.js';

/** A part of the installation that a fault takes away; what the checker may not ask of a part that is away it asks of the others all the more. */
export type Part = 'service' | 'leader' | 'postgres' | 'redis' | 'exchange' | 'carrier' | 'shop' | 'agent';

/** What a fault can reach. */
export interface Target {
  readonly stack: Stack;
  readonly floor: Floor;
  readonly random: () => number;
  /** The process that leads the calls now; waits for one. */
  leader(): Promise<Service>;
  /** A process that does not lead. */
  standby(): Promise<Service>;
}

/** One kind of fault. `inject` returns what must be undone; both say in the ledgers what happened. */
export interface Fault {
  readonly name: string;
  /** Which rows of the catalogue of failure modes it stands for. */
  readonly covers: readonly string[];
  readonly hits: readonly Part[];
  /** How long it lasts, in ms; 0 for what is done at once. */
  readonly lastsMs: number;
  /** What doing and ending it takes beside that, in ms, as far as is known; default 1 s. */
  readonly worksMs?: number;
  /** Has runs of its own: it would take the time of many others. */
  readonly isLong?: boolean;
  /** The pause that the installation gets afterwards before the next fault. */
  readonly restMs: number;
  /** @returns how to end it, with what proves from outside that it happened; null when there is no proof: the fault is then no fault */
  inject(target: Target): Promise<Injected>;
}

export interface Injected {
  /** Ends the fault. @returns the proof, or null when nothing shows that it happened */
  heal(): Promise<string | null>;
}

/** A fault that was done, as the checker and the report see it. */
export interface FaultRecord {
  readonly name: string;
  readonly covers: readonly string[];
  readonly hits: readonly Part[];
  readonly from: Date;
  readonly to: Date;
  readonly proof: string | null;
}
