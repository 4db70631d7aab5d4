import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { findAsterisk, requiredModules, type AsteriskProgram } from './asterisk-program.js';
import { renderFolder } from './asterisk-templates.js';
import { PROJECT_FOLDER } from './cache-folder.js';
import {
  SetUpError,
  lastLines,
  makePrivateFolder,
  removePrivateFolder,
  runCommand,
  startProcess,
  waitUntilReady,
  type StartedProcess,
} from './processes.js';

/** One Asterisk of ours: its rendered configuration, its private folder and its process. */
export interface AsteriskInstance {
  readonly version: string;
  /** Private folder: etc/, log/, spool/, run/. */
  readonly folder: string;
  /** Where it logs notices, warnings and errors. */
  readonly logFile: string;
  /** Of the process that runs now; changes with `restart`. */
  readonly pid: number;
  isRunning(): boolean;
  /** Runs one command of Asterisk's command line, e.g. `core show channels`; returns what it prints. */
  cli(command: string): Promise<string>;
  /** Ends the process if it still runs and starts another with the same configuration and ports. */
  restart(): Promise<void>;
  /** Ends it at once (calls are cut) and removes its folder. */
  stop(): Promise<void>;
}

/** Which configuration to run. */
export interface AsteriskInstanceOptions {
  /** Folder of asterisk-config/. */
  readonly part: 'pbx' | 'carrier';
  readonly values: Readonly<Record<string, string | number>>;
  readonly progress?: (message: string) => void;
}

/**
 * Starts an Asterisk with a configuration of asterisk-config/, and waits until it has booted.
 * @throws SetUpError when no Asterisk can be had or it does not boot within 30 s
 */
export async function startAsteriskInstance(options: AsteriskInstanceOptions): Promise<AsteriskInstance> {
  const program = await findAsterisk(options.progress ?? (() => undefined));
  const folder = makePrivateFolder(options.part);
  try {
    prepareFolder(folder, program, options);
    let current = await launch(folder, program, options.part);
    return {
      version: program.version,
      folder,
      logFile: current.logFile,
      get pid() {
        return current.pid;
      },
      isRunning: () => current.isRunning(),
      cli: (command) => runCli(folder, program, command),
      async restart() {
        await current.stop(5_000);
        current = await launch(folder, program, options.part);
      },
      async stop() {
        await current.stop(5_000);
        removePrivateFolder(folder);
      },
    };
  } catch (error) {
    removePrivateFolder(folder);
    throw error;
  }
}

function prepareFolder(folder: string, program: AsteriskProgram, { part, values }: AsteriskInstanceOptions): void {
  const from = join(PROJECT_FOLDER, 'asterisk-config', part);
  for (const name of ['lib/keys', 'run', 'log', 'cache', 'spool/monitor', 'spool/recording', 'spool/tmp']) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  // Links, since a comma, an ampersand or a blank in the project's path would end a file name in the dialplan.
  symlinkSync(join(from, 'sounds'), join(folder, 'sounds'));
  symlinkSync(program.moduleFolder, join(folder, 'modules'));
  symlinkSync(program.shareFolder, join(folder, 'share'));
  const prefix = part.toUpperCase();
  renderFolder(from, join(folder, 'etc'), prefix, {
    [`${prefix}_ETC_DIR`]: join(folder, 'etc'),
    [`${prefix}_MODULE_DIR`]: join(folder, 'modules'),
    [`${prefix}_SHARE_DIR`]: join(folder, 'share'),
    [`${prefix}_STATE_DIR`]: folder,
    [`${prefix}_SOUNDS_DIR`]: join(folder, 'sounds'),
    ...values,
  });
}

async function launch(folder: string, program: AsteriskProgram, part: string): Promise<StartedProcess> {
  const { command, args } = program.command(['-f', '-C', join(folder, 'etc', 'asterisk.conf')]);
  const started = await startProcess({
    name: part,
    command,
    args,
    logFile: join(folder, 'log', 'messages.log'),
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, LC_ALL: 'C' },
  });
  await waitUntilReady(`Asterisk (${part})`, started, 30_000, async () => {
    if (!existsSync(join(folder, 'run', 'asterisk.ctl'))) return false;
    return (await runCli(folder, program, 'core waitfullybooted')).includes('fully booted');
  });
  const listed = await runCli(folder, program, 'module show');
  const missing = requiredModules([part]).filter((name) => !new RegExp(`^${name} .* Running`, 'm').test(listed));
  if (missing.length > 0) {
    await started.stop();
    const log = lastLines(started.logFile);
    throw new SetUpError(
      `${program.version} does not run modules that asterisk-config/${part} needs (${missing.join(', ')}):\n${log}`,
    );
  }
  return started;
}

async function runCli(folder: string, program: AsteriskProgram, text: string): Promise<string> {
  const { command, args } = program.command(['-C', join(folder, 'etc', 'asterisk.conf'), '-rx', text]);
  const { stdout, stderr } = await runCommand(command, args, { env: { LC_ALL: 'C', HOME: folder }, timeoutMs: 10_000 });
  return stdout || stderr;
}
