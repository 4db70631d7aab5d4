import { Module, type OnModuleInit } from '@nestjs/common';
import { OutboundModule } from '../../platform/http/outbound.module.js';
import { Jobs } from '../../platform/queue/jobs.js';
import { Sweeps } from '../../platform/queue/sweeps.js';
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
  imports: [ShopsModule, OutboundModule],
  controllers: [WritebackController],
  providers: [DeliveryStore, DeliveryReadModel, WritebackMetrics, Deliverer, DestinationLanes, WritebackService],
  exports: [WritebackService],
})
export class WritebackModule implements OnModuleInit {
  constructor(
    private readonly jobs: Jobs,
    private readonly sweeps: Sweeps,
    private readonly writeback: WritebackService,
  ) {}

  onModuleInit(): void {
    this.jobs.handle(deliver, ({ deliveryId }) => this.writeback.onDue(deliveryId));
    this.sweeps.every('writeback.overdue', 1_000, () => this.writeback.wakeOverdue());
  }
}
