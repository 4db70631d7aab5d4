import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ShopsModule } from '../shops/shops.module.js';
import { AgentLegs } from './agent-legs.js';
import { AgentPhones } from './agent-phones.js';
import { AnsweringAgents } from './answering-agents.js';
import { CallOrders } from './call-orders.js';
import { CallRunner } from './call-runner.js';
import { CallWriter } from './call-writer.js';
import { CallSpans } from './call-spans.js';
import { CallStore } from './call.store.js';
import { CallsHandlers } from './calls.handlers.js';
import { CallsMetrics } from './calls.metrics.js';
import { CallsService } from './calls.service.js';
import { LiveCalls } from './live-calls.js';
import { Reconciler } from './reconciler.js';
import { Supervision } from './supervision.js';
import { Tenures } from './tenures.js';
import { TalkNotices } from './talk-notices.js';
import { Transfers } from './transfers.js';
import { telephonyProviders } from './telephony.provider.js';

/** Live calls. */
@Module({
  imports: [ShopsModule, OrdersModule, AgentsModule],
  providers: [
    ...telephonyProviders,
    CallStore,
    CallOrders,
    AnsweringAgents,
    Tenures,
    CallRunner,
    CallWriter,
    CallSpans,
    CallsHandlers,
    CallsMetrics,
    AgentPhones,
    AgentLegs,
    Supervision,
    TalkNotices,
    Transfers,
    LiveCalls,
    Reconciler,
    CallsService,
  ],
  exports: [CallsService],
})
export class CallsModule {}
