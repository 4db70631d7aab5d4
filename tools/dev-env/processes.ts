import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A set-up step that could not be done; the message says what was tried and what to do, and is meant for a person. */
export class SetUpError extends Error {
  override readonly name = 'SetUpError';
}

/** How to start a process that belongs to us. */
export interface ProcessPlan {
  /** Word for messages, e.g. `postgres`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Both output streams go here (appended); its end is quoted when the process fails. */
  readonly logFile: string;
  /** Asks it to end; the default is SIGTERM. */
  readonly stopSignal?: NodeJS.Signals;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Run as this user; only root may ask for that. */
  readonly uid?: number;
  readonly gid?: number;
}

/** A process that we started and that will not outlive us. */
export interface StartedProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Resolves when it has ended, by whatever cause; never rejects. */
  readonly ended: Promise<void>;
  isRunning(): boolean;
  /** Null while it runs, and when a signal has ended it. */
  readonly exitCode: number | null;
  /** Asks it to end, and kills its group after `graceMs` (10 s). Safe to call twice. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Starts a process in a group of its own (a Ctrl-C in the terminal reaches only us, so that we choose the order of stopping) and puts it under the
 * watchdog, which ends it when we die without having stopped it.
 * @throws SetUpError when the program cannot be started at all
 */
export async function startProcess(plan: ProcessPlan): Promise<StartedProcess> {
  mkdirSync(dirname(plan.logFile), { recursive: true });
  const log = openSync(plan.logFile, 'a', 0o600);
  let child: ChildProcess;
  try {
    child = spawn(plan.command, [...plan.args], {
      stdio: ['ignore', log, log],
      detached: true,
      cwd: plan.cwd,
      env: plan.env ?? process.env,
      uid: plan.uid,
      gid: plan.gid,
    });
  } finally {
    closeSync(log);
  }
  const pid = child.pid;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  if (pid === undefined) {
    const cause = await new Promise<Error>((resolve) => child.once('error', resolve));
    throw new SetUpError(`${plan.name} could not be started (${plan.command}): ${cause.message}`);
  }
  const stopSignal = plan.stopSignal ?? 'SIGTERM';
  tellWatchdog({ add: pid, startedAt: startTimeOf(pid), signal: stopSignal });
  void ended.then(() => tellWatchdog({ remove: pid }));

  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    logFile: plan.logFile,
    ended,
    isRunning,
    get exitCode() {
      return child.exitCode;
    },
    async stop(graceMs = 10_000) {
      if (!isRunning()) return;
      child.kill(stopSignal);
      const timer = setTimeout(() => signalGroup(pid, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/**
 * Waits until `ready` says true, asking every 50 ms.
 * @throws SetUpError with the end of the process's log when it ends or `timeoutMs` passes first
 */
export async function waitUntilReady(
  name: string,
  started: StartedProcess,
  timeoutMs: number,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await ready().catch(() => false)) return;
    if (!started.isRunning() || Date.now() > deadline) {
      const what = started.isRunning() ? `was not ready within ${timeoutMs / 1000} s` : 'ended at once';
      await started.stop();
      throw new SetUpError(`${name} ${what}. The end of its log:\n${lastLines(started.logFile)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Result of a command that ran to its end. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a short command to its end; never throws: a program that cannot be started has code 127 and the reason in `stderr`. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    cwd?: string;
    env?: NodeJS.ProcessEnv;
    uid?: number;
    gid?: number;
    timeoutMs?: number;
    stdin?: string;
  } = {},
): Promise<CommandResult> {
  const { stdin, timeoutMs, ...rest } = options;
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { ...rest, timeout: timeoutMs, stdio: ['pipe', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const { pid } = child;
    if (pid !== undefined) tellWatchdog({ add: pid, startedAt: startTimeOf(pid), signal: 'SIGTERM' });
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    child.stdin.on('error', () => undefined);
    child.stdin.end(stdin ?? '');
    child.once('error', (error) => resolve({ code: 127, stdout, stderr: error.message }));
    child.once('close', (code, signal) => {
      tellWatchdog({ remove: pid });
      if (signal !== null) stderr += `ended by ${signal}`;
      resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}

/** A private folder (0700) below the system's temporary folder; the watchdog removes it when we die. `prefix` e.g. `postgres`. */
export function makePrivateFolder(prefix: string, parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, `confirm-dialer-${prefix}-`));
  tellWatchdog({ addFolder: folder });
  return folder;
}

/** Removes a folder of {@link makePrivateFolder}. */
export function removePrivateFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  tellWatchdog({ removeFolder: folder });
}

/** The last 15 lines of a log, for an error message. */
export function lastLines(file: string, count = 15): string {
  if (!existsSync(file)) return '(no log)';
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

let watchdog: ChildProcess | null = null;

function tellWatchdog(order: object): void {
  if (watchdog === null) {
    watchdog = spawn(process.execPath, [fileURLToPath(new URL('watchdog.mjs', import.meta.url))], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      cwd: '/',
    });
    watchdog.unref();
    watchdog.stdin?.on('error', () => undefined);
    // Without this the pipe alone would keep our process alive.
    (watchdog.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  }
  watchdog.stdin?.write(`${JSON.stringify(order)}\n`);
}

function startTimeOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}
