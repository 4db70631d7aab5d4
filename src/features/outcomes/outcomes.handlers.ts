import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Events } from '../../platform/outbox/events.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { agentWrapUpEnded } from '../agents/agents.events.js';
import { callEnded } from '../calls/calls.events.js';
import { orderFinished } from '../orders/orders.events.js';
import { Consequences } from './consequences.js';
import { OrderEnds } from './order-ends.js';
import { OutcomesService } from './outcomes.service.js';

/** Facts that decide about orders, and the sweeps behind them. */
@Injectable()
export class OutcomesHandlers implements OnModuleInit {
  constructor(
    private readonly events: Events,
    private readonly sweeps: Sweeps,
    private readonly outcomes: OutcomesService,
    private readonly consequences: Consequences,
    private readonly ends: OrderEnds,
  ) {}

  onModuleInit(): void {
    this.events.on(callEnded, (tx, fact) => this.outcomes.onCallEnded(tx, fact));
    this.events.on(agentWrapUpEnded, (tx, { callId }) => this.outcomes.onWrapUpEnded(tx, callId));
    this.events.on(orderFinished, (tx, end) => this.consequences.ofEnd(tx, end));
    this.sweeps.every('outcomes.give-up', 2_000, () => this.ends.giveUpOverdue());
    this.sweeps.every('outcomes.used-up', 5_000, () => this.ends.finishUsedUp());
    this.sweeps.every('outcomes.forgotten-wrap-ups', 5_000, () => this.outcomes.closeForgottenWrapUps());
  }
}
