import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLANTED_BUGS } from './bugs/bugs.js';
import { Chance, type Distribution } from './engine/chance.js';
import { ProcessTime, VirtualTime } from './engine/virtual-time.js';
import { pictureOf } from './report/picture.js';
import { tableOf } from './report/table.js';
import { run } from './run.js';
import { readScenario } from './scenario/read-scenario.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const scenario = (name: string, change: (json: Record<string, unknown>) => void = () => undefined) => {
  const json = JSON.parse(readFileSync(join(HERE, 'scenarios', `${name}.json`), 'utf8')) as Record<string, unknown>;
  change(json);
  return readScenario(name, JSON.stringify(json));
};

describe('virtual time', () => {
  it('does works in their order, those of one instant as they were asked for', () => {
    const time = new VirtualTime(1_000);
    const done: string[] = [];
    time.after(5, () => done.push('b'));
    time.after(0, () => {
      done.push('a');
      time.after(5, () => done.push('c'));
      time.after(0, () => done.push('a2'));
    });
    const cancel = time.after(3, () => done.push('never'));
    time.after(7, () => done.push('too late'));
    cancel();
    time.run(1_006, () => undefined);
    expect(done).toEqual(['a', 'a2', 'b', 'c']);
    expect(time.nowMs()).toBe(1_006);
  });

  it('a frozen process catches up, a dead one does nothing more', () => {
    const time = new VirtualTime(0);
    const [frozen, dead] = [new ProcessTime(time), new ProcessTime(time)];
    const done: string[] = [];
    frozen.after(1, () => done.push(`frozen ${time.nowMs()}`));
    dead.after(1, () => done.push('dead'));
    frozen.freeze();
    dead.kill();
    time.after(50, () => frozen.thaw());
    time.run(100, () => undefined);
    expect(done).toEqual(['frozen 50']);
  });
});

describe('chance', () => {
  it('is the same for the same seed, and its streams do not disturb each other', () => {
    const draws = (chance: Chance) => Array.from({ length: 5 }, () => chance.next());
    expect(draws(new Chance('a'))).toEqual(draws(new Chance('a')));
    expect(draws(new Chance('a'))).not.toEqual(draws(new Chance('b')));
    expect(draws(new Chance('a').stream('x'))).toEqual(draws(new Chance('a').stream('x')));
  });

  it('draws what the distribution says', () => {
    const chance = new Chance('mean');
    const mean = (distribution: Distribution) =>
      Array.from({ length: 20_000 }, () => chance.draw(distribution)).reduce((sum, x) => sum + x, 0) / 20_000;
    expect(mean({ kind: 'exponential', mean: 30 })).toBeCloseTo(30, -0.5);
    expect(mean({ kind: 'uniform', from: 2, to: 4 })).toBeCloseTo(3, 1);
    expect(mean({ kind: 'lognormal', median: 10, sigma: 0.5 })).toBeCloseTo(10 * Math.exp(0.125), 0);
    expect(mean({ kind: 'samples', values: [1, 3] })).toBeCloseTo(2, 1);
    expect(chance.draw({ kind: 'exponential', mean: 30, atLeast: 5, atMost: 5 })).toBe(5);
  });
});

describe('scenario files', () => {
  it.each(readdirSync(join(HERE, 'scenarios')).map((file) => basename(file, '.json')))('%s can be played', (name) => {
    expect(scenario(name).title).not.toBe('');
  });

  it('names every fault with its place', () => {
    const bad = () =>
      scenario('small-team', (json) => {
        json['from'] = '25:00';
        json['hours'] = 'ten';
        json['colour'] = 'blue';
        (json['agents'] as Record<string, unknown>[])[0]!['count'] = 0;
        (json['shops'] as { orders: { byHour: number[] } }[])[0]!.orders.byHour = [1];
      });
    expect(bad).toThrow(
      /\/colour is not known[^]*\/from must be a time of day[^]*\/hours must be a number[^]*\/agents\/0\/count must be a number[^]*\/shops\/0\/orders\/byHour must hold 24/,
    );
    expect(() => readScenario('x', '{')).toThrow(/x is not JSON/);
  });

  it('knows the groups that it names', () => {
    const bad = () =>
      scenario('small-team', (json) => {
        (json['agents'] as Record<string, unknown>[])[0]!['groups'] = ['night'];
      });
    expect(bad).toThrow('/agents/0/groups names the group night, which does not exist');
  });
});

describe('a run', () => {
  it('of a small team keeps the invariants, and gives the same log for the same seed', () => {
    const short = scenario('small-team', (json) => {
      json['hours'] = 1;
    });
    const [one, again] = [run(short, { seed: 7 }), run(short, { seed: 7 })];
    expect(one.violations).toEqual([]);
    expect(one.figures.calls).toBeGreaterThan(20);
    expect(one.figures.abandonedRatio).toBe(0);
    expect(again.hash).toBe(one.hash);
    expect(tableOf(one.figures)).toContain('occupancy');
    const picture = pictureOf(short, 7, one);
    expect(picture.match(/<svg /g)).toHaveLength(5);
    expect(picture).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('counts on the calls of a turn in the rounds that follow: one for each agent while nothing is known yet', () => {
    const cold = scenario('demo-like', (json) => {
      (json['agents'] as Record<string, unknown>[])[0]!['count'] = 2;
      (json['shops'] as { orders: Record<string, unknown> }[])[0]!.orders['overnight'] = 20;
    });
    const { figures, violations } = run(cold, { seed: 1 });
    expect(violations).toEqual([]);
    expect(figures.calls).toBeGreaterThan(15);
    expect(figures.lines.most).toBeLessThanOrEqual(2);
  });

  it('through faults keeps the invariants too, and the faults do come', () => {
    const short = scenario('faulty-day', (json) => {
      json['hours'] = 0.5;
    });
    const { violations, story, troubles, figures } = run(short, { seed: 3 });
    expect({ violations, story }).toEqual({ violations: [], story: [] });
    expect(troubles['kill']).toBeGreaterThan(3);
    expect(figures.results['answered']).toBeGreaterThan(5);
  });
});

describe('planted bugs', () => {
  it('are at least 20, each in its place', () => {
    expect(PLANTED_BUGS.length).toBeGreaterThanOrEqual(20);
    for (const { name, file, find } of PLANTED_BUGS) {
      const times = readFileSync(join(HERE, '..', '..', file), 'utf8').split(find).length - 1;
      expect({ name, times }).toEqual({ name, times: 1 });
    }
  });
});
