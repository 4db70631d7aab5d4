import { Module, type OnModuleInit } from '@nestjs/common';
import { OutboundModule } from '../../platform/http/outbound.module.js';
import { Processes } from '../../platform/processes/processes.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
import { OrdersModule } from '../orders/orders.module.js';
import { OrderTries } from '../orders/orders.service.js';
import { ShopsModule } from '../shops/shops.module.js';
import { Deliverer } from './deliverer.js';
import { DeliveryReadModel } from './delivery.read-model.js';
import { DeliveryStore } from './delivery.store.js';
import { DestinationLanes } from './destination-lanes.js';
import { WritebackController } from './writeback.controller.js';
import { deliver } from './writeback.jobs.js';
import { WritebackMetrics } from './writeback.metrics.js';
import { WritebackService } from './writeback.service.js';

/** Outcomes to the shop. */
@Module({
  imports: [ShopsModule, OrdersModule, OutboundModule],
  controllers: [WritebackController],
  providers: [DeliveryStore, DeliveryReadModel, WritebackMetrics, Deliverer, DestinationLanes, WritebackService],
  exports: [WritebackService],
})
export class WritebackModule implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly sweeps: Sweeps,
    private readonly writeback: WritebackService,
    private readonly store: DeliveryStore,
    private readonly tries: OrderTries,
    private readonly processes: Processes,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(deliver, ({ deliveryId }) => this.writeback.onDue(deliveryId));
    this.tries.alsoInHands((tx, processId) => this.store.inHandsOf(tx, processId));
    this.processes.onDeath((tx, processId) => this.store.free(tx, processId));
    this.sweeps.every('writeback.overdue', 1_000, () => this.writeback.wakeOverdue());
  }
}
