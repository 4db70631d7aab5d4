import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { CallsModule } from '../calls/calls.module.js';
import { DialingModule } from '../dialing/dialing.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ShopsModule } from '../shops/shops.module.js';
import { WritebackModule } from '../writeback/writeback.module.js';
import { AttemptHistory } from './attempt-history.read-model.js';
import { Consequences } from './consequences.js';
import { OutcomeStore } from './outcome.store.js';
import { OutcomesHandlers } from './outcomes.handlers.js';
import { OutcomesMetrics } from './outcomes.metrics.js';
import { OrderEnds } from './order-ends.js';
import { OutcomesService } from './outcomes.service.js';
import { WordSpool } from './word-spool.js';

/** Records what became of orders and starts what follows. */
@Module({
  imports: [ShopsModule, OrdersModule, AgentsModule, WritebackModule, CallsModule, DialingModule],
  providers: [
    OutcomeStore,
    AttemptHistory,
    OrderEnds,
    OutcomesMetrics,
    Consequences,
    WordSpool,
    OutcomesService,
    OutcomesHandlers,
  ],
  exports: [OutcomesService],
})
export class OutcomesModule {}
