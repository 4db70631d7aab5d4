import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AgentsModule } from '../agents/agents.module.js';
import { CallsModule } from '../calls/calls.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ShopsModule } from '../shops/shops.module.js';
import { AbandonWindows } from './abandon-windows.js';
import { CarefulTurns } from './careful-turns.js';
import { Circuits } from './circuits.js';
import { DialingController } from './dialing.controller.js';
import { DialingMetrics } from './dialing.metrics.js';
import { DialingService } from './dialing.service.js';
import { GroupLook } from './group-look.js';
import { GroupPacing } from './group-pacing.js';
import { Leadership } from './leadership.js';
import { Lines } from './lines.js';
import { Pacer } from './pacer.js';
import { PacingStore } from './pacing.store.js';
import { TrunkEntity } from './trunk.entity.js';
import { TrunkStore } from './trunk.store.js';

/** Whom to call now, and over which line. */
@Module({
  imports: [TypeOrmModule.forFeature([TrunkEntity]), ShopsModule, OrdersModule, AgentsModule, CallsModule],
  controllers: [DialingController],
  providers: [
    Leadership,
    Circuits,
    Lines,
    TrunkStore,
    PacingStore,
    AbandonWindows,
    GroupPacing,
    GroupLook,
    CarefulTurns,
    Pacer,
    DialingMetrics,
    DialingService,
  ],
  exports: [DialingService],
})
export class DialingModule {}
