import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readScenario } from '../scenario/read-scenario.js';
import { MILLION, mixed, scaled, type GroupKind } from './groups.js';

const json = ({ scenario }: GroupKind): string =>
  readFileSync(new URL(`../scenarios/${scenario}.json`, import.meta.url), 'utf8');

describe('a day of a million orders', () => {
  it('is a million orders, in scenarios that can be played', () => {
    const orders = MILLION.map((kind) => {
      const scenario = readScenario(kind.scenario, scaled(json(kind), kind.factor));
      const ofGroup = scenario.shops.reduce((sum, { orders: plan }) => sum + plan.count + plan.overnight, 0);
      return kind.count * ofGroup;
    });
    const sum = orders.reduce((all, one) => all + one, 0);
    expect(sum).toBeGreaterThan(990_000);
    expect(sum).toBeLessThan(1_010_000);
  });

  it('grows people, orders and lines alike', () => {
    const [large] = MILLION;
    const [before, after] = [1, large!.factor].map((factor) => readScenario('x', scaled(json(large!), factor)));
    const people = (scenario: typeof before): number => scenario!.agents.reduce((sum, { count }) => sum + count, 0);
    expect(people(before)).toBe(110);
    expect(people(after)).toBe(300);
    expect(after!.trunks[0]!.maxChannels / before!.trunks[0]!.maxChannels).toBeCloseTo(large!.factor, 1);
  });

  it('begins with one group of each kind, and plays each group once', () => {
    const all = mixed(MILLION);
    expect(new Set(all.slice(0, MILLION.length).map(({ kind }) => kind)).size).toBe(MILLION.length);
    expect(new Set(all.map(({ kind, seed }) => `${kind.name} ${seed}`)).size).toBe(
      MILLION.reduce((sum, { count }) => sum + count, 0),
    );
  });
});
