import { Module, type DynamicModule } from '@nestjs/common';
import type { Env } from './platform/config/env.js';
import type { Log } from './platform/log/log.js';
import { PlatformModule } from './platform/platform.module.js';

/** The rooms, most basic first. All are loaded in every role; `Settings.roles` tells each what to run. */
const ROOMS: NonNullable<DynamicModule['imports']> = [];

@Module({})
export class AppModule {
  static forRoot(env: Env, log: Log): DynamicModule {
    return { module: AppModule, imports: [PlatformModule.forRoot(env, log), ...ROOMS] };
  }
}
