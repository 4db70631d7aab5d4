import { defineConfig } from 'vitest/config';

// Decorator metadata is emitted by Vite's own transformer; without it Nest cannot inject by type.
const oxc = { decorator: { legacy: true, emitDecoratorMetadata: true } } as const;
const project = (
  name: string,
  include: string[],
  more: { exclude?: string[]; testTimeout?: number; fileParallelism?: boolean; globalSetup?: string[] } = {},
) => ({ oxc, test: { name, include, environment: 'node', ...more } });

export default defineConfig({
  oxc,
  test: {
    projects: [
      project(
        'unit',
        [
          'src/**/*.spec.ts',
          'web/**/*.spec.ts',
          'tools/**/*.spec.ts',
          'test/rules/**/*.spec.ts',
          'test/chaos/**/*.spec.ts',
        ],
        {
          exclude: ['**/*.int.spec.ts', '**/*.run.spec.ts', '**/node_modules/**'],
          testTimeout: 30_000,
        },
      ),
      project('int', ['src/**/*.int.spec.ts', 'test/int/**/*.int.spec.ts'], { testTimeout: 20_000 }),
      project('contract', ['test/contract/**/*.spec.ts'], { testTimeout: 60_000, fileParallelism: false }),
      project('e2e', ['test/e2e/**/*.spec.ts'], { testTimeout: 120_000, fileParallelism: false }),
      project('chaos', ['test/chaos/**/*.run.spec.ts'], { testTimeout: 240_000, fileParallelism: false }),
    ],
  },
});
