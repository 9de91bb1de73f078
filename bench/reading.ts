/** Looking at archives, searching them, and starting the program: beside checkpointctl, grep and crit. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute } from '@stillframe/demo/stage';
import { findPeer } from '@stillframe/testkit';
import { atMost, type Contest, inTurn, timeOf } from './contest.ts';
import { working } from './machine.ts';
import { runOnce, stillframe } from './program.ts';
import type { Stage } from './stage.ts';
import { NEEDLE } from './workload.ts';

/** What took part in a contest, with the memory that ours needed. */
function timed(argv: readonly string[], peaks: number[]) {
  return async () => {
    const { milliseconds, mebibytes } = await runOnce(argv);
    peaks.push(mebibytes);
    return milliseconds;
  };
}

/** Inspecting everything at 1 and at 4 GiB. */
export async function inspectContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const [small, large] = [await stage.archive(1024), await stage.archive(4096)];
  const checkpointctl = await working(findPeer('checkpointctl'));
  const peaks: number[] = [];
  let said = '';
  const [ours = [], atSmall = [], peer = []] = await inTurn(rounds, [
    timed(stillframe('inspect', large, '--all'), peaks),
    timed(stillframe('inspect', small, '--all'), []),
    checkpointctl === undefined
      ? undefined
      : () =>
          timeOf(async () => {
            said = (await execute([checkpointctl, 'inspect', '--all', large])).stdout;
          }),
  ]);
  const blind = checkpointctl !== undefined && !said.includes(NEEDLE);
  return [
    {
      title: 'inspect everything, 4 GiB',
      unit: 'ms',
      ours: { name: 'stillframe inspect --all', figures: ours },
      others: [
        {
          ...{ name: 'checkpointctl inspect --all', figures: peer, bar: { times: 0.05 } },
          ...(blind ? { void: 'it did not read the environment, so it did less' } : {}),
        },
        { name: 'ours at 1 GiB', figures: atSmall, bar: { times: 1.2 } },
      ],
    },
    memoryContest('inspect everything, 4 GiB', peaks.slice(1), 150),
  ];
}

function memoryContest(what: string, peaks: readonly number[], most: number): Contest {
  return {
    title: `memory: ${what}`,
    unit: 'MiB',
    ours: { name: 'stillframe', figures: peaks },
    others: [atMost(most, 'MiB')],
  };
}

/** A literal in all memory. */
export async function searchContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const archive = await stage.archive(4096);
  const checkpointctl = await working(findPeer('checkpointctl'));
  const { matches } = await stage.lab.stillframe.read<{ matches: { pid: number }[] }>(['search', archive, NEEDLE]);
  if (matches.length === 0) throw new Error('the search found nothing');
  const peaks: number[] = [];
  let said = '';
  const [ours = [], grep = [], peer = []] = await inTurn(rounds, [
    timed(stillframe('search', archive, NEEDLE), peaks),
    // It ends with code 1, which is an error here, where it finds nothing.
    () => timeOf(() => execute(['env', 'LC_ALL=C', 'grep', '-c', '-F', NEEDLE, archive])),
    checkpointctl === undefined
      ? undefined
      : () =>
          timeOf(async () => {
            said = (await execute([checkpointctl, 'memparse', '--pid', '1', '--search', NEEDLE, archive])).stdout;
          }),
  ]);
  return [
    {
      title: 'search all memory, 4 GiB',
      unit: 'ms',
      ours: { name: 'stillframe search', figures: ours },
      others: [
        { name: 'grep -c', figures: grep, bar: { times: 1.5 } },
        {
          ...{ name: 'checkpointctl memparse --search', figures: peer, bar: { times: 0.15 } },
          ...(said.includes(NEEDLE) ? {} : { void: 'it did not find what is there' }),
        },
      ],
      note: 'ours names process, address and mapping; grep counts lines',
    },
    memoryContest('search all memory, 4 GiB', peaks.slice(1), 200),
    await searchManyContest(archive, rounds),
    ...(await secretsContests(archive, rounds)),
  ];
}

/** All forms of secrets that are known, more than three dozen, and expressions rather than texts. */
async function secretsContests(archive: string, rounds: number): Promise<Contest[]> {
  const peaks: number[] = [];
  const [ours = []] = await inTurn(rounds, [timed(stillframe('secrets', archive), peaks)]);
  return [
    {
      title: 'secrets in it, 4 GiB',
      unit: 'ms',
      ours: { name: 'stillframe secrets', figures: ours },
      others: [{ name: 'twelve texts at 0.8 GB/s', figures: [LEAST] }],
    },
    memoryContest('secrets in it, 4 GiB', peaks.slice(1), 200),
  ];
}

/** What a set of rules looks for: a dozen texts at once. */
const NEEDLES = [
  ...['AKIA', 'ghp_', 'xoxb-', 'sk_live_', 'password=', 'PRIVATE KEY', '/dev/tcp/', 'stratum+tcp', 'LD_PRELOAD='],
  ...['meterpreter', 'authorized_keys', NEEDLE],
];

/** Milliseconds for 4 GiB at 0.8 GB/s, which the design asks of a scan for twelve patterns. */
const LEAST = Math.floor((4 * 1024 ** 3) / 0.8e6);

/** A dozen literals in all memory, in one pass. */
async function searchManyContest(archive: string, rounds: number): Promise<Contest> {
  const each = NEEDLES.flatMap((needle) => ['-e', needle]);
  const [ours = [], grep = []] = await inTurn(rounds, [
    timed(stillframe('search', archive, ...each, '--count'), []),
    () => timeOf(() => execute(['env', 'LC_ALL=C', 'grep', '-c', '-F', ...each, archive])),
  ]);
  return {
    title: 'search it for 12 texts, 4 GiB',
    unit: 'ms',
    ours: { name: 'stillframe search -e … --count', figures: ours },
    others: [
      { name: 'grep -c -F -e …', figures: grep, bar: { times: 1.5 } },
      { name: '0.8 GB/s, with the start of the program', figures: [LEAST], bar: { times: 1 } },
    ],
    note: 'ours counts by text and process; grep counts lines, of all texts together',
  };
}

/** Processes and fds of a container of five hundred, and their images as JSON. */
export async function processContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const archive = await stage.manyProcesses();
  const folder = join(stage.folder, 'many');
  await mkdir(folder, { recursive: true });
  await execute(['tar', '--extract', '--file', archive, '--directory', folder, 'checkpoint']);
  const images = join(folder, 'checkpoint');
  const crit = await working(findPeer('crit'));
  const contests: Contest[] = [];
  for (const [what, mine, theirs] of [
    ['process table', ['ps', archive], ['x', images, 'ps']],
    ['fd table', ['files', archive], ['x', images, 'fds']],
  ] as const) {
    const [ours = [], peer = []] = await inTurn(rounds, [
      timed(stillframe(...mine), []),
      crit === undefined ? undefined : () => timeOf(() => execute([crit, ...theirs])),
    ]);
    contests.push({
      title: `${what}, 500 processes`,
      unit: 'ms',
      ours: { name: `stillframe ${mine[0]}`, figures: ours },
      others: [{ name: `crit ${theirs[0]} ${theirs[2]}`, figures: peer, bar: { times: 0.4 } }],
    });
  }
  return [...contests, await jsonContest(images, folder, crit, rounds)];
}

/** All images of a folder as JSON in one process, by our library and by pycriu. */
async function jsonContest(images: string, stage: string, crit: string | undefined, rounds: number): Promise<Contest> {
  const program = (name: string) => join(import.meta.dirname, 'programs', name);
  const python = crit === undefined ? undefined : await pythonOf(crit);
  // As the command does: bundled, and compiled code is kept between runs.
  const bundled = join(stage, 'to-json.mjs');
  await execute([process.execPath, program('bundle.mjs'), program('to-json.ts'), bundled]);
  const [ours = [], peer = []] = await inTurn(rounds, [
    timed(['env', `NODE_COMPILE_CACHE=${join(stage, 'compiled')}`, process.execPath, bundled, images], []),
    python && timed([...python, program('to_json.py'), images], []),
  ]);
  return {
    title: 'all images to JSON, 500 processes',
    unit: 'ms',
    ours: { name: 'our library, one process', figures: ours },
    others: [{ name: 'pycriu, one process', figures: peer, bar: { times: 0.1 } }],
    note: 'both print the same JSON of all images but pages',
  };
}

/** The Python that has pycriu: that of a private copy of crit is in its wrapper, which ends with the program and "$@". */
async function pythonOf(crit: string): Promise<string[]> {
  const wrapper = /^exec (.+) '[^']*\/crit' "\$@"$/m.exec(await readFile(crit, 'utf8'));
  return wrapper === null ? ['python3'] : ['sh', '-c', `exec ${wrapper[1]} "$@"`, 'sh'];
}

/** Starting, and looking at a small archive. */
export async function startContests(stage: Stage, rounds: number): Promise<Contest[]> {
  const archive = await stage.archive(0);
  const contests: Contest[] = [];
  for (const [title, argv, most] of [
    ['--version', ['--version'], 90],
    ['inspect a small archive', ['inspect', archive], 200],
  ] as const) {
    const [ours = []] = await inTurn(rounds, [timed(stillframe(...argv), [])]);
    contests.push({
      title,
      unit: 'ms',
      ours: { name: `stillframe ${argv[0]}`, figures: ours },
      others: [atMost(most, 'ms')],
    });
  }
  return contests;
}
