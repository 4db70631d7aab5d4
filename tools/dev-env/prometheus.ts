import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { unpackProgram, type UnpackedCommand, type UnpackedRoot } from './apt-unpack.js';
import { LOOPBACK, findFreeTcpPort } from './ports.js';
import { runCommand, startProcess, waitUntilReady, type CommandResult } from './processes.js';

type Progress = (message: string) => void;
const SUITES = { debian: ['own', 'trixie', 'forky', 'sid'], ubuntu: ['own', 'noble'] } as const;
/** What only a package that is installed needs: users, service files, pages of its own. */
const NOT_NEEDED = [
  ...['adduser', 'debconf', 'init-system-helpers', 'lsb-base', 'tzdata', 'sensible-utils', 'perl-base'],
  ...[
    'fonts-glyphicons-halflings',
    'libjs-bootstrap4',
    'libjs-d3',
    'libjs-eonasdan-bootstrap-datetimepicker',
    'libjs-jquery',
  ],
  ...[
    'libjs-jquery-hotkeys',
    'libjs-moment',
    'libjs-moment-timezone',
    'libjs-mustache',
    'libjs-popper.js',
    'libjs-rickshaw',
  ],
  ...['libjs-bootstrap', 'node-popper2', 'prometheus-node-exporter', 'prometheus-node-exporter-collectors'],
];

/** The programs of a package: run one by its name. */
export class Programs {
  constructor(private readonly commandOf: (name: string) => UnpackedCommand) {}

  command(name: string, args: readonly string[]): UnpackedCommand {
    const found = this.commandOf(name);
    return { command: found.command, args: [...found.args, ...args] };
  }

  /** Runs one to its end, 2 min at most. */
  async run(name: string, ...args: string[]): Promise<CommandResult> {
    const found = this.command(name, args);
    return runCommand(found.command, found.args, { timeoutMs: 120_000 });
  }
}

/**
 * `prometheus` and `promtool`: the machine's own, else Debian's package unpacked into the project's cache.
 * @throws SetUpError when they cannot be had
 */
export function findPrometheus(progress: Progress): Promise<Programs> {
  return find('prometheus', ['prometheus', 'promtool'], progress);
}

/**
 * `amtool` of Alertmanager, as {@link findPrometheus}.
 * @throws SetUpError when it cannot be had
 */
export function findAlertmanager(progress: Progress): Promise<Programs> {
  return find('prometheus-alertmanager', ['amtool'], progress);
}

async function find(debianPackage: string, names: readonly string[], progress: Progress): Promise<Programs> {
  const own = new Programs((command) => ({ command, args: [] }));
  if ((await faultOf(own, names)) === null) return own;
  const inTree = (root: UnpackedRoot): Programs => new Programs((name) => root.command(`usr/bin/${name}`));
  const root = await unpackProgram({
    name: debianPackage,
    alternatives: [[debianPackage]],
    suites: SUITES,
    assumeInstalled: NOT_NEEDED,
    check: (unpacked) => faultOf(inTree(unpacked), names),
    progress,
  });
  return inTree(root);
}

async function faultOf(programs: Programs, names: readonly string[]): Promise<string | null> {
  for (const name of names) {
    const told = await programs.run(name, '--version');
    if (told.code !== 0) return `${name}: ${told.stderr.trim() || 'it does not run'}`;
  }
  return null;
}

/** A Prometheus of our own. */
export interface RunningPrometheus {
  readonly url: string;
  /** Value by labels of an instant query, now. @throws Error with Prometheus' own words */
  query(expression: string): Promise<{ labels: Record<string, string>; value: number }[]>;
  stop(): Promise<void>;
}

/** Starts Prometheus with this configuration on a free port of 127.0.0.1; its data lie in `folder`. */
export async function startPrometheus(
  programs: Programs,
  { configFile, folder }: { configFile: string; folder: string },
): Promise<RunningPrometheus> {
  mkdirSync(folder, { recursive: true });
  const port = await findFreeTcpPort();
  const url = `http://${LOOPBACK}:${port}`;
  const started = await startProcess({
    name: 'prometheus',
    ...programs.command('prometheus', [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=${LOOPBACK}:${port}`,
      '--log.level=warn',
    ]),
    logFile: join(folder, 'prometheus.log'),
  });
  await waitUntilReady('prometheus', started, 60_000, async () => (await fetch(`${url}/-/ready`)).ok);
  return {
    url,
    async query(expression) {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
      const body = (await answer.json()) as {
        status: string;
        error?: string;
        data: { result: { metric: Record<string, string>; value: [number, string] }[] };
      };
      if (body.status !== 'success') throw new Error(`${expression}: ${body.error ?? answer.status}`);
      return body.data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    stop: () => started.stop(),
  };
}
