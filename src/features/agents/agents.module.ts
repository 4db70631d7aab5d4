import { Module, type OnModuleInit } from '@nestjs/common';
import { AdminAccess } from '../../platform/auth/admin-access.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { AgentStore } from './agent.store.js';
import { AgentDirectory } from './agent-directory.js';
import { AgentSessions } from './agent-sessions.js';
import { AgentsController } from './agents.controller.js';
import { AgentsMetrics } from './agents.metrics.js';
import { AgentsService } from './agents.service.js';
import { PresenceMoves } from './presence-moves.js';
import { PresenceStore } from './presence.store.js';
import { SessionStore } from './session.store.js';

@Module({
  controllers: [AgentsController],
  providers: [
    AgentStore,
    PresenceStore,
    SessionStore,
    PresenceMoves,
    AgentSessions,
    AgentDirectory,
    AgentsMetrics,
    AgentsService,
  ],
  exports: [AgentsService],
})
export class AgentsModule implements OnModuleInit {
  constructor(
    private readonly sweeps: Sweeps,
    private readonly access: AdminAccess,
    private readonly agents: AgentsService,
    private readonly sessions: AgentSessions,
  ) {}

  onModuleInit(): void {
    this.access.alsoAllow(async (token) => (await this.agents.authenticate(token))?.role === 'administrator');
    this.sweeps.every('agents.wrap-up', 500, () => this.agents.endOverdueWrapUps());
    this.sweeps.every('agents.sessions', 5_000, () => this.sessions.endExpired());
    this.sweeps.every('agents.screens', 5_000, () => this.sessions.breakLostScreens());
  }
}
