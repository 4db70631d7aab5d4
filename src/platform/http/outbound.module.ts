import { Injectable, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { DestinationGuard } from './destination-guard.js';
import { OutboundClient } from './outbound-client.js';

@Injectable()
class OutboundShutdown implements OnApplicationShutdown {
  constructor(private readonly client: OutboundClient) {}

  async onApplicationShutdown(): Promise<void> {
    await this.client.close();
  }
}

/** Requests to other people's servers; imported by the rooms that send them. */
@Module({
  providers: [
    {
      provide: DestinationGuard,
      inject: [Settings],
      useFactory: (settings: Settings) => new DestinationGuard(settings),
    },
    {
      provide: OutboundClient,
      inject: [DestinationGuard],
      useFactory: (guard: DestinationGuard) => new OutboundClient(guard),
    },
    OutboundShutdown,
  ],
  exports: [DestinationGuard, OutboundClient],
})
export class OutboundModule {}
