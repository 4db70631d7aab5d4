import { readFileSync } from 'node:fs';
import { waitFor } from '../../support/wait.js';
import type { Service } from '../stack/service.js';
import type { Fault, Target } from './fault.js';

/** A dead leader is followed within this (decisions: leadership). */
const FOLLOWED_WITHIN_MS = 15_000;

/** The state letter of a process as the kernel shows it: T = stopped. */
function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3);
}

async function followedSince({ stack }: Target, mark: number): Promise<string | null> {
  return waitFor(
    'another leader',
    async () => (await stack.database.leaderChanges(mark).catch(() => 0)) || null,
    FOLLOWED_WITHIN_MS,
  ).then(
    (changes) => `${changes} change(s) of leadership`,
    () => null,
  );
}

async function killed(service: Service): Promise<string> {
  const { pid } = service;
  await service.kill();
  return `process ${pid} ended by SIGKILL`;
}

/** The leader's wall clock is off for a while; shown by the dates that it gives with its answers. */
function clockJump(name: string, offMs: number): Fault {
  return {
    name,
    covers: ['F48'],
    hits: ['leader'],
    lastsMs: 6_000,
    restMs: 4_000,
    async inject(target) {
      const service = await target.leader();
      service.setClock(offMs);
      return {
        async heal() {
          const seenMs = service.clockOffMs();
          service.setClock(0);
          return Math.abs(seenMs - offMs) < 5_000
            ? `the clock of ${service.name} was off by ${seenMs / 1_000} s`
            : null;
        },
      };
    },
  };
}

/** The process that leads stands still until it is healed. */
const pauseLeader: Fault['inject'] = async (target) => {
  const mark = await target.stack.database.mark();
  const service = await target.leader();
  service.signal('SIGSTOP');
  return {
    async heal() {
      const state = stateOf(service.pid);
      const followed = await followedSince(target, mark);
      service.signal('SIGCONT');
      return state === 'T' && followed !== null ? `process ${service.pid} stopped; ${followed}` : null;
    },
  };
};

/** Faults of the service's own processes. */
export const SERVICE_FAULTS: readonly Fault[] = [
  {
    name: 'kill_leader',
    covers: ['F1', 'F2', 'F3', 'F4', 'F5', 'F6'],
    hits: ['service', 'leader'],
    lastsMs: 4_000,
    worksMs: 9_000,
    restMs: 6_000,
    async inject(target) {
      const mark = await target.stack.database.mark();
      const service = await target.leader();
      const proof = await killed(service);
      return {
        async heal() {
          const followed = await followedSince(target, mark);
          await service.start();
          return followed === null ? null : `${proof}; ${followed}`;
        },
      };
    },
  },
  {
    name: 'kill_standby',
    covers: ['F6', 'F17'],
    hits: ['service'],
    lastsMs: 2_000,
    worksMs: 5_000,
    restMs: 3_000,
    async inject(target) {
      const service = await target.standby();
      const proof = await killed(service);
      return {
        async heal() {
          await service.start();
          return proof;
        },
      };
    },
  },
  {
    name: 'kill_both',
    covers: ['F3', 'F4', 'F5'],
    hits: ['service', 'leader'],
    lastsMs: 3_000,
    worksMs: 6_000,
    restMs: 8_000,
    async inject({ stack }) {
      const proofs = await Promise.all(stack.services.map(killed));
      return {
        async heal() {
          await Promise.all(stack.services.map((service) => service.start()));
          return proofs.join('; ');
        },
      };
    },
  },
  {
    name: 'pause_leader',
    covers: ['F9', 'F50'],
    hits: ['service', 'leader'],
    lastsMs: 12_000,
    restMs: 6_000,
    inject: pauseLeader,
  },
  {
    name: 'pause_short',
    covers: ['F10'],
    hits: ['service', 'leader'],
    lastsMs: 4_000,
    restMs: 4_000,
    async inject(target) {
      const service = await target.leader();
      service.signal('SIGSTOP');
      return {
        async heal() {
          const state = stateOf(service.pid);
          service.signal('SIGCONT');
          return state === 'T' ? `process ${service.pid} stopped for less than its lease` : null;
        },
      };
    },
  },
  {
    name: 'drain_leader',
    covers: ['F52'],
    hits: ['leader'],
    lastsMs: 0,
    worksMs: 12_000,
    restMs: 5_000,
    async inject(target) {
      const service = await target.leader();
      const { pid } = service;
      const at = performance.now();
      const code = await service.drain(60_000);
      const seconds = ((performance.now() - at) / 1_000).toFixed(1);
      return {
        async heal() {
          await service.start();
          return `process ${pid} ended by SIGTERM with exit code ${String(code)} after ${seconds} s`;
        },
      };
    },
  },
  {
    name: 'rolling_deploy',
    covers: ['F52'],
    hits: ['leader'],
    lastsMs: 0,
    worksMs: 22_000,
    restMs: 5_000,
    async inject({ stack }) {
      const told: string[] = [];
      for (const service of stack.services) {
        const { pid } = service;
        const code = await service.drain(60_000);
        await service.start();
        await service.untilReady();
        told.push(`process ${pid} ended by SIGTERM with exit code ${String(code)}`);
      }
      return { heal: async () => told.join('; ') };
    },
  },
  {
    name: 'pause_minute',
    covers: ['F9', 'F50'],
    hits: ['service', 'leader'],
    lastsMs: 60_000,
    worksMs: 2_000,
    restMs: 8_000,
    isLong: true,
    inject: pauseLeader,
  },
  clockJump('clock_jump_ahead', 2 * 3_600_000),
  clockJump('clock_jump_back', -2 * 3_600_000),
];
