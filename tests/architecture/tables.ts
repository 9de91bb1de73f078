/** What may depend on what, and which package may do what. The tables of the design; everything not named is forbidden. */

/** `to`: a package, or one subpath of it (`cri/client`). `within`: only files under this folder of the package. */
export type Arrow = string | { to: string; within: string };

/** Arrows point down only. `core` allows `core/file`, too; a row that names a subpath allows that one alone. */
export const ARROWS: Readonly<Record<string, readonly Arrow[]>> = {
  core: [],
  'criu-image': ['core'],
  oci: ['core'],
  checkpoint: ['core', 'criu-image', { to: 'oci', within: 'src/image/' }],
  forensics: ['core', 'criu-image', 'checkpoint'],
  evidence: ['core'],
  server: ['core', 'criu-image', 'checkpoint', 'forensics'],
  // In the browser: nothing of it may need Node.js.
  ui: ['core/redact', 'core/units', 'server/contract'],
  age: ['core'],
  s3: ['core'],
  nri: ['core'],
  runtime: ['core', 'checkpoint', 'evidence', 'nri', 'oci'],
  cri: ['core', 'runtime'],
  kubelet: ['core', 'cri/client', 'cri/proto', 'checkpoint'],
  kubernetes: ['core', 'checkpoint', 'kubelet/client'],
  controller: ['core', 'checkpoint', 'kubernetes'],
  cli: [
    ...[
      'core',
      'criu-image',
      'oci',
      'evidence',
      'age',
      's3',
      'checkpoint',
      'forensics',
      'server',
      'ui',
      'runtime',
      'cri',
      'kubelet',
    ],
    'kubernetes',
    'controller',
  ],
  testkit: ['core'],
  demo: ['core', 'oci', 'testkit'],
};

/** What tests may import besides. All but core's may use testkit, which itself stands on core. */
export const TEST_ARROWS: Readonly<Record<string, readonly Arrow[]>> = {
  // Its tests speak to a fake runtime over a real socket.
  kubelet: ['cri/grpc'],
  // Its fake API server has certificates of a node's authority.
  kubernetes: ['kubelet'],
  controller: ['kubelet'],
};

/** Parts of a package that others load without the rest: what may be imported from inside them. */
export const ENCLAVES: readonly { owner: string; inside: readonly string[]; packages: readonly string[] }[] = [
  { owner: 'cri', inside: ['src/client/', 'src/grpc/', 'src/gen/', 'src/proto.ts'], packages: ['core'] },
  { owner: 'kubelet', inside: ['src/client/'], packages: ['core'] },
];

/** Modules of Node.js behind a power that only some may have. */
const NETWORK = ['net', 'tls', 'http', 'https', 'http2', 'dgram', 'dns', 'dns/promises'];
const PROCESSES = ['child_process', 'cluster'];
const FILES = ['fs', 'fs/promises'];
const DAEMONS = ['packages/runtime/', 'packages/nri/', 'packages/cri/', 'packages/kubelet/', 'packages/cli/'];
const CLUSTER = 'packages/kubernetes/';
/** What listens on loopback for the page of the desk. */
const DESK = ['packages/server/src/desk.ts', 'packages/server/src/http/'] as const;
/** Health, figures and alerts of the controller. */
const DOORS = 'packages/controller/src/http/';
const PRIVATE = ['packages/testkit/', 'packages/demo/'];

/** Who may import which modules of Node.js, by the beginning of the file's path. Tests are exempt. */
export const MODULES: readonly { modules: readonly string[]; allowed: readonly string[]; only?: readonly string[] }[] =
  [
    { modules: PROCESSES, allowed: [...DAEMONS, ...PRIVATE] },
    {
      modules: ['http', 'https'],
      allowed: [...DAEMONS, ...PRIVATE, 'packages/oci/src/registry/', CLUSTER, DOORS, ...DESK],
    },
    {
      modules: NETWORK.filter((name) => !name.startsWith('http')),
      allowed: [...DAEMONS, ...PRIVATE, CLUSTER, DOORS, DESK[0]],
    },
    { modules: ['http2'], allowed: [] },
    {
      modules: FILES,
      only: ['packages/core/', 'packages/criu-image/', 'packages/oci/', 'packages/age/'],
      allowed: ['packages/core/src/file/', 'packages/oci/src/layout/', 'packages/oci/src/registry/credentials.ts'],
    },
    // `process` is a global here; under a second name the rules below would not see it.
    { modules: ['process'], allowed: [] },
  ];

/** Words in the code that only some files may use. Tests are exempt. */
export const WORDS: readonly { what: string; pattern: RegExp; allowed: readonly string[] }[] = [
  {
    what: 'process.env',
    // The process of a specification has an environment, too: a member of that name is another thing than the global.
    pattern:
      /(?:(?<![.\w])|globalThis\s*\??\.\s*)process\s*\??\s*(?:\.\s*env\b|\[\s*['"]env)|[{,]\s*env\b[^}]*\}\s*=\s*process\b/,
    allowed: ['packages/cli/src/io.ts', 'packages/testkit/src/'],
  },
  {
    what: 'process.stdin, stdout or stderr',
    pattern: /\bprocess\s*\.\s*std(?:in|out|err)\b/,
    allowed: ['packages/cli/src/io.ts', 'packages/cli/bin/', 'packages/demo/src/main.ts'],
  },
  {
    what: 'process.exit',
    pattern: /\bprocess\s*\.\s*exit\s*\(/,
    allowed: ['packages/cli/src/io.ts', 'packages/cli/bin/'],
  },
  { what: 'console', pattern: /(?<![.\w])console\s*[.[]/, allowed: [] },
  {
    what: 'fetch',
    pattern: /(?<![.\w])(?<!async )fetch\s*\(/,
    // The page asks the server that it came from, in one place.
    // An object store is asked in one place, where each request is signed.
    allowed: ['packages/oci/', 'packages/testkit/', 'packages/ui/src/ask.ts', 'packages/s3/src/request.ts'],
  },
];

/** Folders whose every file is a row of the table in their index.ts, but for the files named here, which serve rows. */
export const TABLE_FOLDERS: readonly { folder: string; table: string; serving: readonly string[] }[] = [
  {
    folder: 'packages/cri/src/rpc/',
    table: 'index.ts',
    serving: [
      'rpc.ts',
      'invalid.ts',
      'filter.ts',
      'container-request.ts',
      'asked-by.ts',
      'pause-budget.ts',
      'container-view.ts',
      'id-mapping-view.ts',
      'image-view.ts',
      'sandbox-view.ts',
      'security-view.ts',
      'streams.ts',
      'resources-view.ts',
      'signal-view.ts',
      'stats-view.ts',
    ],
  },
  { folder: 'packages/kubelet/src/routes/', table: 'index.ts', serving: ['route.ts'] },
  { folder: 'packages/cli/src/commands/', table: 'index.ts', serving: ['command.ts', 'address.ts', 'reading.ts'] },
];

/** Values that are rows of a table in another file of their folder: `row` finds the name of each where it is exported. */
export const TABLE_ROWS: readonly { what: string; folder: string; table: string; row: RegExp }[] = [
  {
    what: 'host check',
    folder: 'packages/runtime/src/host/',
    table: 'checks.ts',
    row: /^export const (\w+): HostCheck\b/gm,
  },
  {
    what: 'kind that can be taken out',
    folder: 'packages/checkpoint/src/extract/',
    table: 'extractors.ts',
    row: /^export async function\* (\w+)\(context: ExtractContext\)/gm,
  },
  {
    what: 'engine dialect',
    folder: 'packages/checkpoint/src/engine/',
    table: 'index.ts',
    row: /^export const (\w+): EngineDialect\b/gm,
  },
  {
    what: 'machine of ELF cores',
    folder: 'packages/checkpoint/src/elf-core/',
    table: 'machine.ts',
    row: /^export const (\w+): CoreMachine\b/gm,
  },
  { what: 'demo step', folder: 'packages/demo/src/', table: 'story.ts', row: /^export const (\w+): Step\b/gm },
];

/** Files longer than 300 lines. May only shrink. */
export const LONG_FILES: readonly string[] = [];
export const LINES = 300;
