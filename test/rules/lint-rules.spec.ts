import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const purity = new ESLint({
  cwd: process.cwd(),
  // Types are not needed for these rules, and planted files are in no project.
  overrideConfig: [
    {
      files: ['**/*.ts'],
      languageOptions: { parserOptions: { projectService: false } },
      rules: Object.fromEntries(
        ['no-floating-promises', 'switch-exhaustiveness-check', 'only-throw-error'].map((rule) => [
          `@typescript-eslint/${rule}`,
          'off',
        ]),
      ),
    },
  ],
  ruleFilter: ({ ruleId }) => ruleId.startsWith('no-restricted') || ruleId === 'no-console',
});

async function rulesBrokenBy(code: string, filePath: string): Promise<string[]> {
  const [result] = await purity.lintText(`${code}\n`, { filePath });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

describe('the rules of src/core', () => {
  it.each([
    'export const a = Date.now();',
    'export const a = Math.random();',
    'export const a = new Date();',
    'export const a = Date();',
    'export const a = process.pid;',
    "export const a = process.env['HOME'];",
    'export const a = performance.now();',
    'export const a = crypto.randomUUID();',
    "console.log('x');",
    "void fetch('http://localhost');",
    'setTimeout(() => undefined, 1);',
    'setInterval(() => undefined, 1);',
    'setImmediate(() => undefined);',
    'queueMicrotask(() => undefined);',
    "import { DateTime } from 'luxon';\nexport const a = DateTime.now();",
    "import { DateTime } from 'luxon';\nexport const a = DateTime.local();",
    "export const a = import('node:fs');",
    'export const a = globalThis.process;',
  ])('catch %s', async (code) => {
    expect(await rulesBrokenBy(code, 'src/core/order/planted.ts')).not.toEqual([]);
  });

  it.each([
    'export const a = new Date(0);',
    'export const a = (now: Date) => now.getTime();',
    'export const a = Math.max(1, 2);',
  ])('let %s pass', async (code) => {
    expect(await rulesBrokenBy(code, 'src/core/order/planted.ts')).toEqual([]);
  });
});

describe('the rules of src', () => {
  it('let only the settings read the environment', async () => {
    const code = "export const a = process.env['HOME'];";
    expect(await rulesBrokenBy(code, 'src/platform/log/planted.ts')).toEqual(['no-restricted-properties']);
    expect(await rulesBrokenBy(code, 'src/platform/config/env.ts')).toEqual([]);
  });

  it.each(['export const a = new Date();', 'export const a = Date.now();'])(
    'let features take the time from the shared clock only: %s',
    async (code) => {
      expect(await rulesBrokenBy(code, 'src/features/orders/planted.ts')).toEqual(['no-restricted-syntax']);
      expect(await rulesBrokenBy(code, 'src/platform/log/planted.ts')).toEqual([]);
    },
  );

  it('want named exports and the log instead of the console', async () => {
    expect(await rulesBrokenBy('export default 1;', 'src/features/orders/planted.ts')).toEqual([
      'no-restricted-exports',
    ]);
    expect(await rulesBrokenBy("console.log('x');", 'src/features/orders/planted.ts')).toEqual(['no-console']);
  });
});
