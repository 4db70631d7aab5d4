import { Module } from '@nestjs/common';
import { AgentsModule } from '../agents/agents.module.js';
import { CallsModule } from '../calls/calls.module.js';
import { DesktopModule } from '../desktop/desktop.module.js';
import { DialingModule } from '../dialing/dialing.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ShopsModule } from '../shops/shops.module.js';
import { BoardController } from './board.controller.js';
import { BoardHistoryReadModel } from './board-history.read-model.js';
import { BoardSource } from './board-source.js';
import { BoardWatchers } from './board-watchers.js';
import { BoardReadModel } from './board.read-model.js';
import { FloorController } from './floor.controller.js';
import { SupervisionService } from './supervision.service.js';
import { SupervisorGuard } from './supervisor-guard.js';

/** The floor as supervisors see and steer it. */
@Module({
  imports: [ShopsModule, OrdersModule, AgentsModule, CallsModule, DialingModule, DesktopModule],
  controllers: [BoardController, FloorController],
  providers: [BoardReadModel, BoardHistoryReadModel, BoardSource, BoardWatchers, SupervisionService, SupervisorGuard],
})
export class SupervisionModule {}
