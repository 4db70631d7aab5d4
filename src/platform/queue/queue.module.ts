import { BullModule, getQueueToken } from '@nestjs/bullmq';
import { Module, type DynamicModule } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Log } from '../log/log.js';
import { Metrics } from '../metrics/metrics.js';
import { Settings } from '../config/settings.js';
import { RedisConnections } from '../redis/redis-connections.js';
import { Jobs, QUEUES } from './jobs.js';
import { JobMetrics, queueProcessor, type QueueHost, type QueuedWork } from './processors.js';
import { QueueMetrics } from './queue-metrics.js';
import { Queues } from './queues.js';
import { Relay } from './relay.js';
import { Sweeps } from './sweeps.js';
import { QUEUE_HOSTS, Workers } from './workers.js';

/** Jobs and sweeps. Asking for work needs Postgres alone; BullMQ and its connections exist in role `worker` only. */
@Module({})
export class QueueModule {
  static forRoot(settings: Settings, log: Log): DynamicModule {
    const common = { module: QueueModule, global: true, exports: [Jobs, Sweeps] } as const;
    if (!settings.roles.has('worker')) return { ...common, exports: [...common.exports], providers: [Jobs, Sweeps] };
    const redis = new RedisConnections(settings, log);
    const prefix = `${settings.redisKeyPrefix}bull`;
    const processors = QUEUES.map((queue) => queueProcessor(queue, { connection: redis.forWorkers, prefix }));
    return {
      ...common,
      exports: [...common.exports],
      imports: [
        BullModule.forRoot({ connection: redis.forProducers, prefix, extraOptions: { manualRegistration: true } }),
        BullModule.registerQueue(...QUEUES.map((name) => ({ name }))),
      ],
      providers: [
        Jobs,
        Sweeps,
        {
          provide: Queues,
          useFactory: (...queues: Queue<QueuedWork>[]) => new Queues(queues, log),
          inject: QUEUES.map((name) => getQueueToken(name)),
        },
        Relay,
        Workers,
        QueueMetrics,
        { provide: RedisConnections, useValue: redis },
        { provide: JobMetrics, useFactory: (metrics: Metrics) => new JobMetrics(metrics), inject: [Metrics] },
        ...processors,
        { provide: QUEUE_HOSTS, useFactory: (...hosts: QueueHost[]) => hosts, inject: processors },
      ],
    };
  }
}
