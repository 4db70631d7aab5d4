import { unpackProgram, type UnpackedCommand } from './apt-unpack.js';
import { runCommand } from './processes.js';

/**
 * The command that starts SIPp: the machine's own, else Debian's `sip-tester` unpacked into the project's cache.
 * @throws SetUpError when it cannot be had
 */
export async function findSipp(progress: (message: string) => void): Promise<UnpackedCommand> {
  if (await runs({ command: 'sipp', args: [] })) return { command: 'sipp', args: [] };
  const root = await unpackProgram({
    name: 'sipp',
    alternatives: [['sip-tester']],
    suites: { debian: ['own', 'trixie', 'forky', 'sid'], ubuntu: ['own', 'noble'] },
    assumeInstalled: ['adduser', 'debconf', 'perl-base', 'tzdata'],
    check: async (unpacked) => ((await runs(unpacked.command('usr/bin/sipp'))) ? null : '`sipp -v` does not run'),
    progress,
  });
  return root.command('usr/bin/sipp');
}

async function runs({ command, args }: UnpackedCommand): Promise<boolean> {
  const told = await runCommand(command, [...args, '-v']);
  // SIPp's exit code for -v is 99 in some versions.
  return /SIPp v3\./.test(told.stdout + told.stderr);
}
