import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as apps from 'kubernetes-models/apps/v1';
import * as batch from 'kubernetes-models/batch/v1';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parseAllDocuments } from 'yaml';
import { unpackProgram } from '../dev-env/apt-unpack.js';
import { PROJECT_FOLDER, cacheFolder } from '../dev-env/cache-folder.js';
import { runCommand } from '../dev-env/processes.js';
import { CHART, CHECKED, VARIANTS, faultsOfValues, fingerprint, valuesWith } from './chart.js';

// `npm run chart`: renders the chart with Go's template engine and sprig (Debian's packages), as helm does, in several variants; holds what comes out against
// the API's schemas (fields that the API does not know, too), and writes down that this state of the chart is right.

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
}
type Model = new (data: never) => { validate(): void };

/** Where a kind is described: the module of its types, and its class. */
const KINDS: Readonly<Record<string, readonly [module: string, model: Model]>> = {
  'apps/v1 Deployment': ['kubernetes-models/apps/v1', apps.Deployment as Model],
  'apps/v1 StatefulSet': ['kubernetes-models/apps/v1', apps.StatefulSet as Model],
  'batch/v1 Job': ['kubernetes-models/batch/v1', batch.Job as Model],
  'v1 Service': ['kubernetes-models/v1', core.Service as Model],
  'policy/v1 PodDisruptionBudget': ['kubernetes-models/policy/v1', policy.PodDisruptionBudget as Model],
  'networking.k8s.io/v1 NetworkPolicy': ['kubernetes-models/networking.k8s.io/v1', networking.NetworkPolicy as Model],
  'networking.k8s.io/v1 Ingress': ['kubernetes-models/networking.k8s.io/v1', networking.Ingress as Model],
};
/** Of the Prometheus operator; its schema is not to be had for this Node. */
const UNKNOWN = new Set(['monitoring.coreos.com/v1 PodMonitor']);

const renderer = await buildRenderer();
const typed: string[] = [];
const faults: string[] = [];
for (const [variant, own] of Object.entries(VARIANTS)) {
  const values = valuesWith(own);
  faults.push(...faultsOfValues(values).map((fault) => `${variant}: values${fault}`));
  for (const resource of await render(variant, values)) check(variant, resource);
}
faults.push(...(await faultsOfTypes()));
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
writeFileSync(CHECKED, `${fingerprint()}\n`);
console.log(`${typed.length} resources in ${Object.keys(VARIANTS).length} variants are as the API wants them.`);

async function buildRenderer(): Promise<string> {
  const root = await unpackProgram({
    name: 'golang',
    alternatives: [['golang-go', 'golang-github-masterminds-sprig-dev', 'golang-github-ghodss-yaml-dev']],
    suites: { debian: ['own', 'trixie'], ubuntu: ['own', 'noble'] },
    assumeInstalled: [
      'gcc',
      'g++',
      'make',
      'libc6-dev',
      'pkg-config',
      'pkgconf',
      'perl',
      'perl-base',
      'libc6',
      'libgcc-s1',
    ],
    check: async () => null,
    progress: (message) => console.error(message),
  });
  const program = join(cacheFolder('helm'), 'render');
  const built = await runCommand(root.path('usr/lib/go/bin/go'), ['build', '-o', program, 'tools/helm/render.go'], {
    cwd: PROJECT_FOLDER,
    env: {
      PATH: process.env['PATH'],
      GOROOT: root.path('usr/lib/go'),
      GOPATH: root.path('usr/share/gocode'),
      GOCACHE: cacheFolder('helm', 'build'),
      GO111MODULE: 'off',
      CGO_ENABLED: '0',
    },
  });
  if (built.code !== 0) throw new Error(`the renderer was not built: ${built.stderr}`);
  return program;
}

async function render(variant: string, values: object): Promise<Resource[]> {
  const told = await runCommand(renderer, [CHART, JSON.stringify(values)]);
  if (told.code !== 0) throw new Error(`${variant}: ${told.stderr}`);
  return Object.entries(JSON.parse(told.stdout) as Record<string, string>)
    .filter(([file]) => file.endsWith('.yaml'))
    .flatMap(([file, text]) =>
      parseAllDocuments(text).flatMap((document) => {
        faults.push(...document.errors.map((error) => `${variant}: ${file}: ${error.message}`));
        const resource = document.toJS() as Resource | null;
        return resource === null ? [] : [resource];
      }),
    );
}

function check(variant: string, resource: Resource): void {
  const what = `${variant}: ${resource.kind} ${resource.metadata?.name}`;
  const kind = `${resource.apiVersion} ${resource.kind}`;
  const known = KINDS[kind];
  if (known === undefined) {
    if (!UNKNOWN.has(kind)) faults.push(`${what}: nobody knows ${kind}`);
    return;
  }
  const [module, Model] = known;
  try {
    new Model(resource as never).validate();
  } catch (error) {
    faults.push(`${what}: ${(error as Error).message}`);
  }
  // Fields that the API does not know are found by the types: they refuse them in a literal.
  typed.push(
    `// ${what}\nexport const resource${typed.length}: import('${module}').I${resource.kind} = ${JSON.stringify(resource)};`,
  );
}

async function faultsOfTypes(): Promise<string[]> {
  const folder = cacheFolder('helm', 'types');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'rendered.ts');
  writeFileSync(file, typed.join('\n'));
  const options = [
    '--noEmit',
    '--strict',
    '--skipLibCheck',
    '--ignoreConfig',
    '--module',
    'nodenext',
    '--moduleResolution',
    'nodenext',
  ];
  const told = await runCommand('npx', ['tsc', ...options, file], { cwd: PROJECT_FOLDER, env: process.env });
  return told.code === 0 ? [] : told.stdout.trim().split('\n');
}
