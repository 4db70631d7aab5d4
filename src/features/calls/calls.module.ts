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
import { CarefulCalls } from './careful-calls.js';
import { CallSpans } from './call-spans.js';
import { CallStore } from './call.store.js';
import { CallsHandlers } from './calls.handlers.js';
import { CallsMetrics } from './calls.metrics.js';
import { CallsService } from './calls.service.js';
import { GroupLinks } from './group-links.js';
import { LedGroups } from './led-groups.js';
import { LineNodes } from './line-nodes.js';
import { LiveCalls } from './live-calls.js';
import { LostNodes } from './lost-nodes.js';
import { NodeAdmin } from './node-admin.js';
import { NodeHomes } from './node-homes.js';
import { NodeMetrics } from './node.metrics.js';
import { NodeStore } from './node.store.js';
import { NodesController } from './nodes.controller.js';
import { Reconciler } from './reconciler.js';
import { StrayCalls } from './stray-calls.js';
import { Supervision } from './supervision.js';
import { Tenures } from './tenures.js';
import { TalkNotices } from './talk-notices.js';
import { Transfers } from './transfers.js';
import { telephonyProviders } from './telephony.provider.js';

/** Live calls. */
@Module({
  imports: [ShopsModule, OrdersModule, AgentsModule],
  controllers: [NodesController],
  providers: [
    ...telephonyProviders,
    CallStore,
    CallOrders,
    AnsweringAgents,
    Tenures,
    CallRunner,
    CallWriter,
    CarefulCalls,
    CallSpans,
    CallsHandlers,
    CallsMetrics,
    NodeStore,
    NodeHomes,
    LineNodes,
    GroupLinks,
    AgentPhones,
    AgentLegs,
    Supervision,
    TalkNotices,
    Transfers,
    LiveCalls,
    StrayCalls,
    Reconciler,
    LostNodes,
    LedGroups,
    NodeAdmin,
    NodeMetrics,
    CallsService,
  ],
  exports: [CallsService],
})
export class CallsModule {}
