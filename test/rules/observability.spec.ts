import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Record<string, string>;
  readonly annotations?: Record<string, string>;
}

const RULES = 'observability/prometheus/rules';
const rules = readdirSync(RULES).flatMap((file) =>
  (parse(readFileSync(join(RULES, file), 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  ),
);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const tests = (
  parse(readFileSync('observability/prometheus/tests/alerts.test.yml', 'utf8')) as {
    tests: { name: string; promql_expr_test: { expr: string; exp_samples: unknown[] }[] }[];
  }
).tests;

/** Anchors as the common renderers make them of headings: lower case, blanks to dashes, the rest of punctuation gone. */
function anchorsOf(file: string): Set<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#{1,6} (.+)$/gm);
  return new Set(
    [...headings].map(([, text = '']) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

describe('alerts', () => {
  it.each(alerts.map((rule) => [rule.alert, rule] as const))('%s says what, how bad, and what to do', (name, rule) => {
    expect(name).toMatch(/^Dialer[A-Z]/);
    expect(rule.labels?.['severity']).toMatch(/^(critical|warning|info)$/);
    expect(rule.annotations?.['summary']).toMatch(/\S/);
    expect(rule.annotations?.['description']).toMatch(/\S/);
    const [file = '', anchor = ''] = (rule.annotations?.['runbook_url'] ?? '').split('#');
    expect(file).toBe('docs/operations.md');
    expect(anchorsOf(file)).toContain(anchor);
  });

  it.each(alerts.map((rule) => [rule.alert]))(
    '%s has a test in which it names something, and one in which not',
    (name) => {
      const own = tests.filter((test) => test.name === name).flatMap((test) => test.promql_expr_test);
      expect(own.every(({ expr }) => expr.includes(`alertname="${name}"`))).toBe(true);
      expect(own.some((test) => test.exp_samples.length > 0)).toBe(true);
      expect(own.some((test) => test.exp_samples.length === 0)).toBe(true);
    },
  );

  it('have names of their own', () => {
    expect(new Set(alerts.map((rule) => rule.alert)).size).toBe(alerts.length);
  });

  it('and dashboards ask for recorded names that a rule records', () => {
    const recorded = new Set(rules.map((rule) => rule.record));
    const folder = 'observability/grafana/dashboards';
    const asked = [
      ...rules.map((rule) => rule.expr),
      ...readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8')),
    ].flatMap((text) => text.match(/\bdialer:[a-z0-9_:]+/g) ?? []);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((name) => !recorded.has(name))).toEqual([]);
  });
});
