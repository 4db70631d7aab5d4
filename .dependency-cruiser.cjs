/* Who may import whom (docs/architecture.md). Rooms stand most basic first: towards the basic you call, towards the later you publish. */
const ROOMS = [
  'shops',
  'orders',
  'agents',
  'recordings',
  'ivr',
  'sms',
  'writeback',
  'calls',
  'dialing',
  'inbound',
  'outcomes',
  'intake',
  'desktop',
  'supervision',
  'reporting',
];
const DOOR = '^src/features/([^/]+)/\\1[.](module|service|events|jobs|protocol)[.]ts$';
const test = '[.]spec[.]ts$';

/** Pure libraries that the rules may use (docs/decisions/0005-pure-libraries-in-core.md). */
const PURE_LIBRARIES = 'node_modules/(@types/)?(luxon|libphonenumber-js)/';

const no = (name, from, to, comment) => ({ name, severity: 'error', comment, from, to });
const onlyIn = (library, where) =>
  no(
    `only-here:${library}`,
    { path: '^(src|tools)/', pathNot: where },
    { path: `node_modules/(@types/)?${library}/` },
    `${library} is wrapped once; use the wrapper.`,
  );
const oneWay = ROOMS.slice(0, -1).map((room, at) =>
  no(
    `rooms-one-way:${room}`,
    { path: `^src/features/${room}/` },
    { path: `^src/features/(${ROOMS.slice(at + 1).join('|')})/` },
    `${room} comes earlier in the flow: publish an event and let the later room subscribe.`,
  ),
);

module.exports = {
  forbidden: [
    no(
      'core-is-pure',
      { path: '^src/core/', pathNot: test },
      { pathNot: ['^src/core/', PURE_LIBRARIES] },
      'rules only: no framework, no I/O, no Node built-ins',
    ),
    no(
      'platform-knows-no-feature',
      { path: '^src/platform/', pathNot: test },
      { path: '^src/(features|main[.]ts|app[.]module[.]ts)' },
      'plumbing knows no room',
    ),
    no(
      'platform-sees-only-core-shared',
      { path: '^src/platform/', pathNot: test },
      { path: '^src/core/', pathNot: '^src/core/shared/' },
      'plumbing knows no rules',
    ),
    no(
      'rooms-through-the-door',
      { path: '^src/features/([^/]+)/' },
      { path: '^src/features/', pathNot: ['^src/features/$1/', DOOR] },
      'another room is entered by its <room>.{module,service,events,jobs,protocol}.ts',
    ),
    no(
      'root-through-the-door',
      { path: '^src/app[.]module[.]ts$' },
      { path: '^src/features/', pathNot: DOOR },
      'the root loads modules',
    ),
    no(
      'room-must-be-listed',
      {},
      { path: '^src/features/[^/]+/', pathNot: `^src/features/(${ROOMS.join('|')})/` },
      'a new room gets its place in ROOMS of this file',
    ),
    ...oneWay,
    no(
      'nobody-imports-the-root',
      { pathNot: '^(src/main[.]ts|test/|tools/)' },
      { path: '^src/(main|app[.]module)[.]ts$' },
      'the root imports, it is not imported',
    ),
    no(
      'src-knows-no-tools',
      { path: '^src/', pathNot: test },
      { path: '^(tools|test|web)/' },
      'the product runs without its tools and tests',
    ),
    no(
      'simulator-sees-only-core',
      { path: '^tools/simulate/' },
      { path: '^src/', pathNot: '^src/core/' },
      'the simulator plays the rules',
    ),
    no(
      'web-sees-only-protocol',
      { path: '^web/' },
      { path: '^src/', pathNot: '[.]protocol[.]ts$' },
      'pages share types with protocol files only',
    ),
    no(
      'protocol-sees-only-core',
      { path: '[.]protocol[.]ts$' },
      { pathNot: '^src/core/|[.]protocol[.]ts$' },
      'protocol files are types for pages',
    ),
    no('nobody-imports-a-test', {}, { path: test }, 'a test is run, not imported'),
    onlyIn('ari-client', '^src/platform/ari/'),
    onlyIn('(@nestjs/)?bullmq', '^src/platform/queue/'),
    onlyIn('ws', '^src/platform/ari/|^tools/bench/'),
    onlyIn('undici', `^src/platform/(ari|http)/|^tools/|${test}`),
    onlyIn('ioredis', '^src/platform/(redis|queue)/|^tools/(dev-env|bench)/'),
    onlyIn('prom-client', '^src/platform/metrics/'),
    onlyIn('@opentelemetry', '^src/platform/tracing/'),
    onlyIn('date-holidays', '^src/platform/calendar/'),
    onlyIn('typeorm', `^src/platform/(database|outbox)/|[.](entity|store|read-model)[.]ts$|^tools/(dev-env|db)/`),
    no('no-circular', {}, { circular: true }, 'circles hide who depends on whom'),
    no('resolvable', {}, { couldNotResolve: true }, 'the import does not exist'),
    no(
      'no-orphans',
      { orphan: true, pathNot: [test, '[.]d[.]m?ts$', '/main[.]ts$', '^tools/', '[.]config[.]'] },
      {},
      'nobody uses this file',
    ),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
