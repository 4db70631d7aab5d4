import { Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Vault } from '../auth/vault.js';
import type { Settings } from '../config/settings.js';
import { HealthParts } from '../health/health-parts.js';
import { dataSourceOptions } from './data-source.js';
import { Notifications } from './notifications.js';
import { Transactions } from './transaction.js';
import { Processes } from '../processes/processes.js';

/** Postgres: transactions, notices and what is sealed in it. The schema is up to date before this module is loaded (`migrate`). */
@Module({})
export class DatabaseModule {
  static forRoot(settings: Settings): DynamicModule {
    return {
      module: DatabaseModule,
      global: true,
      imports: [
        TypeOrmModule.forRoot({
          ...dataSourceOptions(settings.databaseUrl, settings.databasePoolSize),
          autoLoadEntities: true,
          retryAttempts: 5,
          retryDelay: 1_000,
        }),
      ],
      providers: [
        Transactions,
        Notifications,
        Processes,
        {
          provide: Vault,
          useFactory: (source: DataSource) => Vault.open(settings.encryptionKeys, source.manager),
          inject: [DataSource],
        },
        { provide: 'database health', useFactory: registerHealth, inject: [DataSource, HealthParts] },
      ],
      exports: [Transactions, Notifications, Processes, Vault],
    };
  }
}

function registerHealth(source: DataSource, health: HealthParts): true {
  health.register('postgres', {
    isNeededFor: ['api', 'worker', 'dialer'],
    check: async () => {
      await source.query('SELECT 1');
      return { isUp: true };
    },
  });
  return true;
}
