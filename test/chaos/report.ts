import { describeFigures } from './figures.js';
import { isGreen, type RunResult } from './run.js';

/** How often each kind of fault was done, and how often that is proven. */
export function countFaults({ faults }: Pick<RunResult, 'faults'>): Map<string, { done: number; proven: number }> {
  const counts = new Map<string, { done: number; proven: number }>();
  for (const { name, proof } of faults) {
    const count = counts.get(name) ?? { done: 0, proven: 0 };
    counts.set(name, { done: count.done + 1, proven: count.proven + (proof === null ? 0 : 1) });
  }
  return counts;
}

/** The run in words: faults, invariants, figures. */
export function describeRun(result: RunResult): string {
  const lines = ['', 'fault                      done  proven'];
  for (const [name, { done, proven }] of [...countFaults(result)].sort(([a], [b]) => a.localeCompare(b)))
    lines.push(`${name.padEnd(26)} ${String(done).padStart(4)}  ${String(proven).padStart(6)}`);
  lines.push('', 'invariant                                          judged  excused  violations');
  for (const { id, says, judged, excused, violations } of result.judgements) {
    const counts = [judged, excused, violations.length].map((count, index) =>
      String(count).padStart([6, 7, 10][index] ?? 0),
    );
    lines.push(`${`${id.padEnd(4)} ${says}`.padEnd(50)} ${counts.join('  ')}`);
    for (const { what, at } of violations.slice(0, 10))
      lines.push(`       ! ${what}${at === undefined ? '' : ` (${at.toISOString()})`}`);
  }
  const { figures: f } = result;
  lines.push(
    '',
    `${f.ordersTaken} orders taken, ${f.ordersFinal} final; ${f.calls} calls, ${f.invites} INVITEs, ${f.talks} talks; ${f.deliveries} write-backs taken; ${f.refusedPosts} posts without a 202 at first`,
    `answer to a post: p50 ${f.intakeMs.p50} ms, p99 ${f.intakeMs.p99} ms; answered buyer to agent or message: p50 ${f.servedMs.p50} ms, p99 ${f.servedMs.p99} ms, most ${f.servedMs.most} ms; settled in ${f.settleSeconds} s`,
  );
  lines.push('', describeFigures(result.measured));
  if (result.unsettled !== null) lines.push(`STILL UNDER WAY: ${JSON.stringify(result.unsettled)}`);
  if (result.folder !== null) lines.push(`logs and ledgers: ${result.folder}`);
  lines.push(isGreen(result) ? `seed ${result.seed}: green` : `seed ${result.seed}: NOT GREEN`);
  return lines.join('\n');
}
