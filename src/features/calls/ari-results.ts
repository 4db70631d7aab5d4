import type { CommandResult } from '../../core/call/telephony.js';
import { AriHttpError } from '../../platform/ari/ari-transport.js';

export const DONE: CommandResult = { kind: 'done' };
export const DUPLICATE: CommandResult = { kind: 'duplicate' };
export const GONE: CommandResult = { kind: 'gone' };

/** Carries a command out; never rejects. */
export async function resultOf(command: Promise<void>): Promise<CommandResult> {
  try {
    await command;
    return DONE;
  } catch (problem) {
    return failureOf(problem);
  }
}

/**
 * 404: no such leg or bridge; 400 of `addChannel`: no such leg; 409 and 422: the leg has left our application, so it is no longer ours to
 * command. Measured on Asterisk 22.
 */
export function failureOf(problem: unknown): CommandResult {
  if (!(problem instanceof AriHttpError)) {
    return { kind: 'unknown', reason: problem instanceof Error ? problem.message : 'no answer' };
  }
  const isGone = [404, 409, 422].includes(problem.status) || /channel not found/i.test(problem.body);
  return isGone ? GONE : { kind: 'refused', reason: problem.body, status: problem.status };
}

/** Asks once more where the first answer leaves the matter open. */
export async function twice(command: () => Promise<CommandResult>): Promise<CommandResult> {
  const first = await command();
  return first.kind === 'done' || first.kind === 'gone' ? first : command();
}
