import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Events } from '../../platform/outbox/events.js';
import { agentWrapUpEnded } from '../agents/agents.events.js';
import { CallStore } from './call.store.js';

/** What agents tell of their calls. */
@Injectable()
export class CallsHandlers implements OnModuleInit {
  constructor(
    private readonly events: Events,
    private readonly store: CallStore,
  ) {}

  onModuleInit(): void {
    this.events.on(agentWrapUpEnded, (tx, { callId }) => this.store.noteWrappedUp(tx, callId));
  }
}
