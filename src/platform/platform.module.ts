import { Module, type DynamicModule } from '@nestjs/common';
import { AdminAccess } from './auth/admin-access.js';
import { AdminGuard } from './auth/admin-guard.js';
import { DatabaseClock } from './clock/database-clock.js';
import { LoopWatch } from './clock/loop-watch.js';
import { Env } from './config/env.js';
import { Settings } from './config/settings.js';
import { DatabaseModule } from './database/database.module.js';
import { HealthController } from './health/health.controller.js';
import { HealthParts } from './health/health-parts.js';
import { HttpMetrics } from './http/http-metrics.js';
import { StaticPages } from './http/static-pages.js';
import { Log } from './log/log.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { Metrics } from './metrics/metrics.js';
import { Events } from './outbox/events.js';
import { Tracing } from './tracing/tracing.js';
import { QueueModule } from './queue/queue.module.js';
import { Spool } from './spool/spool.js';

/** What everything else stands on: settings, log, metrics, health. */
@Module({})
class FoundationModule {}

/** All plumbing, available to every room without an import: what the rooms' constructors name is found here. */
@Module({})
export class PlatformModule {
  static forRoot(env: Env, log: Log): DynamicModule {
    const settings = new Settings(env);
    const given = [
      { provide: Env, useValue: env },
      { provide: Settings, useValue: settings },
      { provide: Log, useValue: log },
    ];
    return {
      module: PlatformModule,
      global: true,
      imports: [
        {
          module: FoundationModule,
          global: true,
          providers: [...given, Metrics, HealthParts, Tracing],
          exports: [Env, Settings, Log, Metrics, HealthParts, Tracing],
        },
        DatabaseModule.forRoot(settings),
        QueueModule.forRoot(settings, log),
      ],
      controllers: [HealthController, MetricsController],
      providers: [Events, StaticPages, HttpMetrics, AdminAccess, AdminGuard, Spool, DatabaseClock, LoopWatch],
      exports: [Events, StaticPages, AdminAccess, AdminGuard, Spool, DatabaseClock, LoopWatch],
    };
  }
}
