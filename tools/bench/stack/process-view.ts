import { readFileSync } from 'node:fs';
import { round } from './figures.js';

/** Resident memory of a process, MB. */
export function memoryOf(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return round(Number(kb) / 1_024);
}

/** Seconds of CPU that the process has used, of all its threads. */
export function cpuOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  const TICKS_PER_SECOND = 100;
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** One figure without labels of a page of metrics; null when it is not there. */
export function metricOf(page: string, name: string): number | null {
  const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1];
  return found === undefined ? null : Number(found);
}
