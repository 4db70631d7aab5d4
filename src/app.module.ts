import { Module, type DynamicModule } from '@nestjs/common';
import type { Env } from './platform/config/env.js';
import type { Log } from './platform/log/log.js';
import { AgentsModule } from './features/agents/agents.module.js';
import { CallsModule } from './features/calls/calls.module.js';
import { DesktopModule } from './features/desktop/desktop.module.js';
import { DialingModule } from './features/dialing/dialing.module.js';
import { IntakeModule } from './features/intake/intake.module.js';
import { OrdersModule } from './features/orders/orders.module.js';
import { OutcomesModule } from './features/outcomes/outcomes.module.js';
import { ShopsModule } from './features/shops/shops.module.js';
import { SupervisionModule } from './features/supervision/supervision.module.js';
import { WritebackModule } from './features/writeback/writeback.module.js';
import { PlatformModule } from './platform/platform.module.js';

/** The rooms, most basic first. All are loaded in every role; `Settings.roles` tells each what to run. */
const ROOMS: NonNullable<DynamicModule['imports']> = [
  ShopsModule,
  OrdersModule,
  AgentsModule,
  WritebackModule,
  CallsModule,
  DialingModule,
  OutcomesModule,
  IntakeModule,
  DesktopModule,
  SupervisionModule,
];

@Module({})
export class AppModule {
  static forRoot(env: Env, log: Log): DynamicModule {
    return { module: AppModule, imports: [PlatformModule.forRoot(env, log), ...ROOMS] };
  }
}
