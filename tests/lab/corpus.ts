/** A container that holds one of everything (programs/corpus.pl), for tests of what a checkpoint can tell. */
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execute } from '@stillframe/demo/stage';
import { findProgram } from '@stillframe/testkit';
import { dumpContainer } from './runc-dump.ts';

const PROGRAM = join(import.meta.dirname, 'programs/corpus.pl');
/** The modules that the program uses, and perl itself. */
const MODULES = 'use threads; use Fcntl; use IO::Handle; use POSIX; use Socket; use DynaLoader;';
const LOADED = 'print join("\\n", grep { -f } values %INC, @DynaLoader::dl_shared_objects, $^X), "\\n"';

/** Numbers of system calls (unistd.h) that perl has no word for. */
const CALLS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  x64: {
    ...{ read: 0, mmap: 9, shmat: 30, setitimer: 38, sendmsg: 46, prctl: 157, timer_create: 222, timer_settime: 223 },
    ...{ inotify_add_watch: 254, timerfd_create: 283, timerfd_settime: 286, signalfd4: 289, eventfd2: 290 },
    ...{ epoll_create1: 291, epoll_ctl: 233, inotify_init1: 294, fanotify_init: 300, fanotify_mark: 301 },
    ...{ memfd_create: 319, pidfd_open: 434, packed_epoll: 1, gettid: 186, tkill: 200, prlimit64: 302 },
    kexec_file_load: 320,
  },
  arm64: {
    ...{ read: 63, mmap: 222, shmat: 196, setitimer: 103, sendmsg: 211, prctl: 167, timer_create: 107 },
    ...{ timer_settime: 110, inotify_add_watch: 27, timerfd_create: 85, timerfd_settime: 86, signalfd4: 74 },
    ...{ eventfd2: 19, epoll_create1: 20, epoll_ctl: 21, inotify_init1: 26, fanotify_init: 262 },
    ...{ fanotify_mark: 263, memfd_create: 279, pidfd_open: 434, packed_epoll: 0, gettid: 178, tkill: 130 },
    ...{ prlimit64: 261, kexec_file_load: 294 },
  },
};

/** What the program writes into a thing: `corpusValue('pipe')` is in the pipe. */
export function corpusValue(thing: string): string {
  return `corpus:${thing}`;
}

/** What a test may leave out of the program. */
export interface CorpusOptions {
  /**
   * Environment of the program. `FANOTIFY=1` and `PIDFD=1`, the default, ask for those; `STOPPED=1` for a child that is
   * stopped.
   */
  environment?: readonly string[];
}

export interface Corpus {
  /** Folder with the CRIU images of the dump. */
  images: string;
  /** What this machine refused, one line each: `packet socket: Operation not permitted`. */
  refused: readonly string[];
  /** Where the program says that its values are, by thing. */
  places: ReadonlyMap<string, CorpusPlace>;
}

/** Where a value is, as the program itself sees it. */
export interface CorpusPlace {
  pid: number;
  fd: number | undefined;
  address: bigint | undefined;
}

/** Lays perl, its libraries and the program out as the root filesystem of a container. `tree`: an empty folder. */
export async function buildCorpusTree(tree: string): Promise<void> {
  for (const folder of ['etc', 'proc', 'sys', 'dev', 'tmp', 'usr/bin'])
    await mkdir(join(tree, folder), { recursive: true });
  const { stdout: loaded } = await execute(['perl', '-e', `${MODULES} ${LOADED}`]);
  const files = new Set(loaded.split('\n').filter(Boolean));
  for (const binary of [...files].filter((file) => !file.endsWith('.pm'))) {
    const { stdout } = await execute(['ldd', binary]).catch(() => ({ stdout: '' }));
    for (const [, library = ''] of stdout.matchAll(/(\/\S+\.so\S*)/g)) files.add(library);
  }
  for (const file of files) {
    await mkdir(join(tree, dirname(file)), { recursive: true });
    await copyFile(file, join(tree, file));
  }
  const perl = findProgram('perl') ?? '/usr/bin/perl';
  await copyFile(perl, join(tree, 'usr/bin/perl'));
  await chmod(join(tree, 'usr/bin/perl'), 0o755);
  await copyFile(PROGRAM, join(tree, 'etc/corpus.pl'));
  const calls = Object.entries(CALLS[process.arch] ?? {}).map(([name, number]) => `${name} => ${number}`);
  await writeFile(join(tree, 'etc/corpus-calls.pl'), `{ ${calls.join(', ')} }\n`);
}

/** Runs the program in a container of runc with namespaces of its own, and dumps it. `folder`: an empty one. */
export async function dumpCorpus(folder: string, options: CorpusOptions = {}): Promise<Corpus> {
  const more = options.environment ?? ['FANOTIFY=1', 'PIDFD=1'];
  const { images, tree, said } = await dumpContainer(folder, {
    fill: buildCorpusTree,
    args: ['/usr/bin/perl', '/etc/corpus.pl'],
    environment: ['PATH=/usr/bin', `CORPUS=${corpusValue('environment')}`, ...more],
  });
  return { images, refused: said, places: await readPlaces(tree) };
}

/** Of a program that wrote /places: thing, pid, fd or -, address or -. */
export async function readPlaces(tree: string): Promise<ReadonlyMap<string, CorpusPlace>> {
  const lines = (await readFile(join(tree, 'places'), 'utf8')).trimEnd().split('\n');
  return new Map(
    lines.map((line) => {
      const [thing = '', pid, fd, address] = line.split(' ');
      const known = (text: string | undefined) => (text === '-' ? undefined : text);
      const at = known(address);
      return [
        thing,
        { pid: Number(pid), fd: known(fd) ? Number(fd) : undefined, address: at ? BigInt(at) : undefined },
      ];
    }),
  );
}
