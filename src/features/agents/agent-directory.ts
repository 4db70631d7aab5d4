import { Injectable } from '@nestjs/common';
import { uuidv7 } from 'uuidv7';
import { DialerError } from '../../core/shared/errors.js';
import { hashPassword, isPassword } from '../../platform/auth/password.js';
import { DatabaseClock } from '../../platform/clock/database-clock.js';
import { Transactions, type Tx } from '../../platform/database/transaction.js';
import { GROUP_ID, LOGIN, type AgentDto, type GroupDto } from './agent.dto.js';
import { AgentStore, type AgentRecord, type Group } from './agent.store.js';
import { AgentSessions } from './agent-sessions.js';
import { groupSettings } from './group-settings.js';
import { PresenceStore } from './presence.store.js';

/** Who works here and in which groups: what the administrator says. */
@Injectable()
export class AgentDirectory {
  constructor(
    private readonly transactions: Transactions,
    private readonly agents: AgentStore,
    private readonly presences: PresenceStore,
    private readonly sessions: AgentSessions,
    private readonly clock: DatabaseClock,
  ) {}

  groups(): Promise<Group[]> {
    return this.transactions.read((tx) => this.agents.groups(tx));
  }

  async putGroup(groupId: string, body: GroupDto): Promise<{ group: Group; isNew: boolean }> {
    if (!GROUP_ID.test(groupId)) {
      throw new DialerError('input.invalid', 'A group id is 1 to 40 small letters, digits, hyphens and underscores.');
    }
    const settings = groupSettings({
      wrapUpSeconds: body.wrapUpSeconds ?? undefined,
      maxTalkSeconds: body.maxTalkSeconds ?? undefined,
      dialing: body.dialing ?? undefined,
    });
    const group: Group = { groupId, name: body.name ?? groupId, settings };
    const isNew = await this.transactions.run((tx) => this.agents.saveGroup(tx, group));
    return { group, isNew };
  }

  list(): Promise<AgentRecord[]> {
    return this.transactions.read((tx) => this.agents.list(tx));
  }

  async get(login: string): Promise<AgentRecord> {
    const agent = await this.transactions.read((tx) => this.agents.findByLogin(tx, login));
    if (!agent) throw new DialerError('agent.not_found', 'There is no agent with this login.');
    return agent;
  }

  /**
   * Creates or replaces an agent. Where the phone is can only be changed while the agent is offline (`agent.state_refused`): a leg may stand there.
   * A switch-off and a new password end the agent's session in the same transaction.
   */
  async putAgent(login: string, body: AgentDto): Promise<{ agent: AgentRecord; isNew: boolean }> {
    if (!LOGIN.test(login)) {
      throw new DialerError(
        'input.invalid',
        'A login is 1 to 64 letters, digits, dots, hyphens and underscores, and begins with a letter or digit.',
      );
    }
    // The costly hash is made before the transaction; a login that appears meanwhile is compared again inside.
    const before = await this.transactions.read((tx) => this.agents.findByLogin(tx, login));
    const password = body.password ?? null;
    if (password === null && !before) throw wrongField('/password', 'is needed for a new agent: 8 characters or more');
    const isSamePassword = password === null || (before !== null && (await isPassword(before.passwordHash, password)));
    const newHash = isSamePassword ? null : await hashPassword(password);

    return this.transactions.run(async (tx) => {
      await this.agents.lockLogin(tx, login);
      const known = await this.agents.findByLogin(tx, login);
      const passwordHash = newHash ?? known?.passwordHash;
      if (passwordHash === undefined) throw wrongField('/password', 'is needed for a new agent: 8 characters or more');
      const agent: AgentRecord = {
        agentId: known?.agentId ?? uuidv7(),
        login,
        name: body.name ?? login,
        role: body.role ?? 'agent',
        groupIds: body.groups ?? ['default'],
        skills: body.skills ?? [],
        endpoint: body.endpoint ?? `PJSIP/agent-${login}`,
        connection: body.connection ?? 'persistent',
        isEnabled: body.isEnabled ?? known?.isEnabled ?? true,
        passwordHash,
      };
      await this.checkGroups(tx, agent.groupIds);
      if (known) await this.checkPhone(tx, known, agent);
      await this.agents.save(tx, agent);
      await this.presences.create(tx, agent.agentId, this.clock.now());
      if (!agent.isEnabled) await this.sessions.endOfAgent(tx, agent.agentId, 'switched_off');
      else if (known && newHash !== null) await this.sessions.endOfAgent(tx, agent.agentId, 'password_changed');
      return { agent, isNew: known === null };
    });
  }

  private async checkGroups(tx: Tx, groupIds: readonly string[]): Promise<void> {
    const known = new Set((await this.agents.groups(tx)).map((group) => group.groupId));
    const wrong = groupIds.map((groupId, i) => ({ groupId, i })).filter(({ groupId }) => !known.has(groupId));
    if (wrong.length === 0) return;
    throw new DialerError('input.invalid', 'The agent cannot be in a group that does not exist.', {
      fieldErrors: wrong.map(({ i }) => ({
        pointer: `/groups/${i}`,
        detail: 'is no known group: create it first with PUT /v1/admin/groups/{group}',
      })),
    });
  }

  private async checkPhone(tx: Tx, known: AgentRecord, wanted: AgentRecord): Promise<void> {
    if (known.endpoint === wanted.endpoint && known.connection === wanted.connection) return;
    const stored = await this.presences.find(tx, known.agentId);
    if (stored && (stored.presence.state !== 'offline' || stored.presence.isLegUp)) {
      throw new DialerError(
        'agent.state_refused',
        'The agent is signed in: `endpoint` and `connection` can be changed while they are offline. Switch the agent off first (`isEnabled: false`).',
      );
    }
  }
}

function wrongField(pointer: string, detail: string): DialerError {
  return new DialerError('input.invalid', 'The agent cannot be saved.', { fieldErrors: [{ pointer, detail }] });
}
