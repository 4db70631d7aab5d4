import type { Agent, AgentRole } from '../agents/agents.events.js';

/** Roles that see a floor. */
const SUPERVISES: readonly AgentRole[] = ['supervisor', 'administrator'];

export function maySupervise(role: AgentRole): boolean {
  return SUPERVISES.includes(role);
}

/**
 * What a person may see and change of the floor: an administrator everything, a supervisor the groups of their own agent record. A shop belongs to
 * each group in its list, a call to the group that runs it, an agent to all groups they are in.
 */
export class Rights {
  private readonly groupIds: ReadonlySet<string> | null;

  constructor({ role, groupIds }: Pick<Agent, 'role' | 'groupIds'>) {
    this.groupIds = role === 'administrator' ? null : new Set(maySupervise(role) ? groupIds : []);
  }

  /** Equal for people who see the same. */
  get key(): string {
    return this.groupIds === null ? '*' : [...this.groupIds].sort().join(' ');
  }

  coversGroup(groupId: string): boolean {
    return this.groupIds === null || this.groupIds.has(groupId);
  }

  /** Whether at least one of these groups is covered. */
  coversAny(groupIds: readonly string[]): boolean {
    return this.groupIds === null || groupIds.some((groupId) => this.groupIds?.has(groupId));
  }
}
