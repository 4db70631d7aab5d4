import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const typed = tseslint.configs.recommendedTypeChecked;

/** What would make the rules depend on something other than their arguments. */
const IMPURE_GLOBALS = [
  'process',
  'console',
  'fetch',
  'performance',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'clearTimeout',
  'clearInterval',
  'clearImmediate',
  'queueMicrotask',
  'WebSocket',
  'XMLHttpRequest',
];
const SHARED_TIME =
  'This machine’s clock may be wrong: take DatabaseClock (src/platform/clock), or performance.now() for durations.';
const pure = (what) => `src/core is pure: ${what} comes in as an argument.`;

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', '.cache/', '.demo/', 'coverage/']),
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx', '**/*.mts'],
    extends: [...typed],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      // A handler or a port may be asynchronous by its type and need no await in one implementation.
      '@typescript-eslint/require-await': 'off',
      // Modules of Nest are classes without members.
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Control characters are what input is cleaned of.
      'no-control-regex': 'off',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/platform/config/env.ts', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Only src/platform/config/env.ts reads the environment: add a field there and use Settings.',
        },
      ],
      'no-console': 'error',
    },
  },
  {
    files: ['src/features/**/*.ts'],
    // The exchange's side has its machine's time; a tenure ends by whichever clock is first.
    ignores: [
      '**/*.spec.ts',
      'src/features/calls/ari-telephony.ts',
      'src/features/calls/virtual-telephony.ts',
      'src/features/calls/tenures.ts',
    ],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: SHARED_TIME },
        { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: SHARED_TIME },
      ],
    },
  },
  {
    files: ['src/core/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': ['error', ...IMPURE_GLOBALS.map((name) => ({ name, message: pure(name) }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: pure('the time') },
        { object: 'Math', property: 'random', message: pure('chance') },
        { object: 'DateTime', property: 'now', message: pure('the time') },
        { object: 'DateTime', property: 'local', message: pure('the time and the zone') },
        { object: 'globalThis', property: 'process', message: pure('the process') },
        { object: 'globalThis', property: 'setTimeout', message: pure('a timer') },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: pure('the time') },
        { selector: "CallExpression[callee.name='Date']", message: pure('the time') },
        { selector: 'ImportExpression', message: 'src/core imports statically only.' },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    files: ['**/*.config.ts', 'web/vite.config.ts', '**/*.config.mjs', 'eslint.config.mjs', 'vitest.config.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        module: 'writable',
        require: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
      },
    },
  },
);
