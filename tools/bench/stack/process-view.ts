import { readdirSync, readFileSync } from 'node:fs';
import { round } from './figures.js';

/** Resident memory of a process, MB. */
export function memoryOf(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return round(Number(kb) / 1_024);
}

const TICKS_PER_SECOND = 100;

/** What `/proc/<pid>/stat` says after the name; null when the process is gone. */
function statOf(pid: number | string): string[] | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
  } catch {
    return null;
  }
}

/** Seconds of CPU that the process has used, of all its threads. */
export function cpuOf(pid: number): number {
  const fields = statOf(pid) ?? [];
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** The same of a process and its children together, as Postgres has one for each connection; of those that are alive and those that were waited for. */
export function cpuWithChildren(pid: number): number {
  let ticks = 0;
  for (const entry of readdirSync('/proc')) {
    const fields = /^\d+$/.test(entry) ? statOf(entry) : null;
    if (fields === null) continue;
    const isIt = entry === String(pid);
    if (isIt || fields[1] === String(pid)) ticks += Number(fields[11]) + Number(fields[12]);
    if (isIt) ticks += Number(fields[13]) + Number(fields[14]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** One figure without labels of a page of metrics; null when it is not there. */
export function metricOf(page: string, name: string): number | null {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1];
  return found === undefined ? null : Number(found);
}

/** All series of a metric of the page together; 0 without any. */
export function sumOf(page: string, name: string): number {
  return [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  );
}
