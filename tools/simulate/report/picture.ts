import type { RunResult } from '../run.js';
import type { Scenario } from '../scenario/scenario.js';

export function pictureOf(scenario: Scenario, seed: number, _result: RunResult): string {
  return `<!doctype html><title>${scenario.name} ${seed}</title>`;
}
