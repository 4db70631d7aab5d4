import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The instants at which tests may let this process die, fail or stand still: between any two steps that must not be taken for one. In the order in
 * which an order meets them.
 */
export const FAILPOINTS = [
  /** The order is written and not committed. */
  'order_before_commit',
  /** The order is committed, the shop has no answer yet. */
  'order_stored',
  /** Jobs are in Redis, and still in the outbox too. */
  'outbox_moved',
  /** A job has begun and has read nothing yet. */
  'job_begun',
  /** A lease on a group is ours, and nothing of the group has been taken over. */
  'leadership_taken',
  /** The group's live calls are ours, and have not been compared with the exchange. */
  'calls_adopted',
  /** The exchange has told what it holds, and nothing has come of that. */
  'reconcile_surveyed',
  /** An agent is reserved in a transaction that is not committed. */
  'agent_reserved',
  /** Call and attempt are written and not committed. */
  'attempt_before_commit',
  /** Call and attempt are committed, the exchange knows nothing of them. */
  'attempt_planned',
  /** The request to call is on its way, nothing of an answer is known. */
  'originate_sending',
  /** The exchange has the call. */
  'originate_sent',
  /** The buyer has answered, no agent has been looked for. */
  'answered',
  /** An agent is sure, the bridge has not been asked for. */
  'before_bridge',
  /** Buyer and agent hear each other, we have not noted it. */
  'bridged',
  /** The talk's beginning is written and not committed. */
  'connected_before_commit',
  /** Somebody is reserved to take the buyer over, the call knows nothing of it. */
  'transfer_asked',
  /** The two agents hear each other, we have not noted it. */
  'consultation_begun',
  /** All three are to hear each other, and do not yet. */
  'conference_decided',
  /** The buyer is to go to the other agent, and is not there yet. */
  'hand_over_decided',
  /** The buyer is with the other agent, we have not noted it. */
  'handed_over',
  /** The agent's word is committed, the agent has no answer yet. */
  'outcome_stored',
  /** The end of the call with all its consequences is written and not committed. */
  'ended_before_commit',
  /** The end of the call is committed. */
  'call_ended',
  /** The end of a wrap-up is written and not committed. */
  'wrap_up_ended',
  /** A write-back is leased and not sent. */
  'writeback_claimed',
  /** The shop has answered, we have not noted it. */
  'writeback_sent',
  /** The answer is noted and committed. */
  'writeback_acknowledged',
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

export const FAILPOINT_MODES = ['kill9', 'throw', 'hang'] as const;
export type FailpointMode = (typeof FAILPOINT_MODES)[number];

/** Protections that tests may switch off for a run, to see that their loss is noticed. */
export const PROTECTIONS = ['epoch_fence', 'reconciler', 'outbox'] as const;
export type Protection = (typeof PROTECTIONS)[number];

/** Longer than a leadership lasts without its renewal: whoever stood still so long finds that others have gone on. */
export const HANG_MS = 9_000;

let folder: string | null = null;
const off = new Set<Protection>();

/** What an armed failpoint of mode `throw` throws. */
export class FailpointError extends Error {
  override readonly name = 'FailpointError';
}

/**
 * Makes failpoints live in this process, for tests. A file `<name>` in the folder arms one: it holds a mode, and optionally the number of the one
 * process that it is meant for; whoever meets it first renames it to `<name>.hit-<pid>` and acts. A file `<name>@<order>` arms it for the work on one
 * order, and stays armed: each hit leaves `<name>@<order>.hit-<pid>` beside it. A file `<protection>.off`, there at the start, switches that protection off.
 */
export function armFailpoints(inFolder: string): void {
  folder = inFolder;
  for (const protection of PROTECTIONS) {
    if (existsSync(join(inFolder, `${protection}.off`))) off.add(protection);
  }
}

/**
 * Nothing at all, but in a process whose tests have armed this point.
 * @param orderRef  the order that is being worked on
 */
export async function failpoint(name: Failpoint, orderRef?: string): Promise<void> {
  if (folder === null) return;
  const mode = armedFor(folder, name, orderRef) ?? takeArmed(folder, name);
  if (mode === null) return;
  if (mode === 'throw') throw new FailpointError(`the failpoint ${name} was met`);
  if (mode === 'kill9') process.kill(process.pid, 'SIGKILL');
  await new Promise((resolve) => setTimeout(resolve, HANG_MS));
}

/** Whether tests have switched a protection off; never outside of them. */
export function isSwitchedOff(protection: Protection): boolean {
  return off.has(protection);
}

function armedFor(inFolder: string, name: Failpoint, orderRef: string | undefined): FailpointMode | null {
  const file = join(inFolder, `${name}@${orderRef ?? ''}`);
  if (orderRef === undefined || !existsSync(file)) return null;
  writeFileSync(`${file}.hit-${process.pid}`, '');
  const armed = readFileSync(file, 'utf8').trim();
  return FAILPOINT_MODES.find((one) => one === armed) ?? null;
}

function takeArmed(inFolder: string, name: Failpoint): FailpointMode | null {
  const file = join(inFolder, name);
  try {
    const [mode, pid] = readFileSync(file, 'utf8').trim().split(' ');
    if (pid !== undefined && Number(pid) !== process.pid) return null;
    renameSync(file, `${file}.hit-${process.pid}`);
    return FAILPOINT_MODES.find((one) => one === mode) ?? null;
  } catch {
    // Not armed, or another process was faster.
    return null;
  }
}
