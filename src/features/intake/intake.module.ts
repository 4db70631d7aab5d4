import { Module, type OnModuleInit } from '@nestjs/common';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { AgentsModule } from '../agents/agents.module.js';
import { CallsModule } from '../calls/calls.module.js';
import { DialingModule } from '../dialing/dialing.module.js';
import { OrdersModule } from '../orders/orders.module.js';
import { ShopsModule } from '../shops/shops.module.js';
import { IntakeController } from './intake.controller.js';
import { IntakeService } from './intake.service.js';
import { NewOrders } from './new-orders.js';
import { OrderStatusReader } from './order-status.js';

@Module({
  imports: [ShopsModule, OrdersModule, AgentsModule, CallsModule, DialingModule],
  controllers: [IntakeController],
  providers: [IntakeService, NewOrders, OrderStatusReader],
})
export class IntakeModule implements OnModuleInit {
  constructor(
    private readonly sweeps: Sweeps,
    private readonly intake: IntakeService,
  ) {}

  onModuleInit(): void {
    this.sweeps.every('intake.forget-messages', 3_600_000, () => this.intake.forgetOldMessages());
  }
}
