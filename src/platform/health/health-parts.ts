import { Injectable } from '@nestjs/common';
import { Settings, type Role } from '../config/settings.js';

/** How a part is doing; `reason` says why it is down, without secrets or addresses of people. */
export interface PartState {
  readonly isUp: boolean;
  readonly reason?: string;
}

interface Part {
  readonly isNeededFor: readonly Role[];
  check(): Promise<PartState>;
}

/** The answer of `GET /health/ready`. */
export interface Readiness {
  readonly status: 'ok' | 'degraded' | 'down' | 'draining';
  readonly parts: Readonly<Record<string, { status: 'up' | 'down'; reason?: string; isNeeded: boolean }>>;
}

const CHECK_LIMIT_MS = 2_000;

/** The parts that this process stands on, and whether it can do its work with those that are up. */
@Injectable()
export class HealthParts {
  private readonly parts = new Map<string, Part>();
  private isDraining = false;

  constructor(private readonly settings: Settings) {}

  /** Registers a part, at start. A check that throws or takes longer than 2 s counts as down. */
  register(name: string, part: { isNeededFor: readonly Role[]; check(): Promise<PartState> }): void {
    this.parts.set(name, part);
  }

  /** From now on the process says that it takes no new work. */
  drain(): void {
    this.isDraining = true;
  }

  /** `down` when a part is down that a role of this process cannot do without; `degraded` when another one is. */
  async readiness(): Promise<Readiness> {
    const entries = await Promise.all(
      [...this.parts].map(async ([name, part]) => {
        const { isUp, reason } = await checkWithinLimit(part);
        const isNeeded = part.isNeededFor.some((role) => this.settings.roles.has(role));
        const status: 'up' | 'down' = isUp ? 'up' : 'down';
        return [name, { status, ...(isUp || reason === undefined ? {} : { reason }), isNeeded }] as const;
      }),
    );
    const down = entries.filter(([, part]) => part.status === 'down');
    const status = down.some(([, part]) => part.isNeeded) ? 'down' : down.length > 0 ? 'degraded' : 'ok';
    return { status: this.isDraining ? 'draining' : status, parts: Object.fromEntries(entries) };
  }
}

async function checkWithinLimit(part: Part): Promise<PartState> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<PartState>((resolve) => {
    timer = setTimeout(() => resolve({ isUp: false, reason: 'no answer within 2 s' }), CHECK_LIMIT_MS);
  });
  try {
    return await Promise.race([part.check(), limit]);
  } catch (error) {
    const { code } = error as { code?: unknown };
    return { isUp: false, reason: typeof code === 'string' ? code : 'the check failed' };
  } finally {
    clearTimeout(timer);
  }
}
