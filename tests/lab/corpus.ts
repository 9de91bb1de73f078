/** A container that holds one of everything (programs/corpus.pl), for tests of what a checkpoint can tell. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, chmod, copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UndoStack } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';
import { findProgram } from '@stillframe/testkit';

const CRIU = join(process.env['STILLFRAME_CRIU_HOME'] || '/opt/stillframe/criu', 'bin');
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
  const bundle = join(folder, 'bundle');
  const images = join(folder, 'images');
  const tree = join(bundle, 'rootfs');
  await mkdir(tree, { recursive: true });
  await mkdir(images);
  await buildCorpusTree(tree);
  await writeFile(join(folder, 'criu.conf'), 'tcp-established\nfile-locks\nnetwork-lock skip\nghost-limit 1048576\n');
  const id = `corpus-${randomBytes(4).toString('hex')}`;
  const config = configOf(id, join(folder, 'criu.conf'), options.environment ?? ['FANOTIFY=1', 'PIDFD=1']);
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config));
  const runc = ['env', `PATH=${CRIU}:${process.env['PATH']}`, 'runc', '--root', join(folder, 'state')];
  await using undo = new UndoStack({ deadline: 30_000 });
  undo.push('container', () => execute([...runc, 'delete', '--force', id]).then(() => undefined));
  await start([...runc, 'run', '--detach', '--bundle', bundle, id]);
  const refused = await ready(tree);
  const work = join(folder, 'work');
  try {
    await execute([
      ...runc,
      'checkpoint',
      '--image-path',
      images,
      '--work-path',
      work,
      '--file-locks',
      '--tcp-established',
      '--leave-running',
      id,
    ]);
  } catch (cause) {
    const log = await readFile(join(work, 'dump.log'), 'utf8').catch(() => '');
    const errors = log.split('\n').filter((line) => /Error|Warn/.test(line));
    throw new Error(`CRIU refuses the corpus:\n${errors.join('\n')}`, { cause });
  }
  await copyFile(join(work, 'stats-dump'), join(images, 'stats-dump'));
  return { images, refused, places: await readPlaces(tree) };
}

/** Not through `execute`: pipes of ours would be the container's standard streams, which CRIU refuses to dump. */
async function start(argv: readonly string[]): Promise<void> {
  await using nothing = await open('/dev/null', 'r+');
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { stdio: [nothing.fd, nothing.fd, nothing.fd] });
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  assert.equal(code, 0, `${basename(argv[2] ?? '')} starts the container`);
}

async function ready(tree: string): Promise<string[]> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
    const there = await access(join(tree, 'ready')).then(
      () => true,
      () => false,
    );
    if (there) return (await readFile(join(tree, 'ready'), 'utf8')).split('\n').filter(Boolean);
  }
  return assert.fail('the program does not come to an end of its preparations');
}

async function readPlaces(tree: string): Promise<ReadonlyMap<string, CorpusPlace>> {
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

function configOf(id: string, criuConfig: string, environment: readonly string[]) {
  const names = ['NET_RAW', 'NET_ADMIN', 'NET_BIND_SERVICE', 'SYS_ADMIN', 'KILL', 'IPC_LOCK', 'SYS_CHROOT', 'SETGID'];
  const capabilities = names.map((name) => `CAP_${name}`);
  const mount = (destination: string, type: string, source: string, ...flags: string[]) => ({
    ...{ destination, type, source, options: ['nosuid', ...flags] },
  });
  const mounts = [
    mount('/proc', 'proc', 'proc'),
    mount('/dev', 'tmpfs', 'tmpfs', 'strictatime', 'mode=755', 'size=65536k'),
    mount('/dev/pts', 'devpts', 'devpts', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'),
    mount('/dev/shm', 'tmpfs', 'shm', 'noexec', 'nodev', 'mode=1777', 'size=1m'),
    mount('/dev/mqueue', 'mqueue', 'mqueue', 'noexec', 'nodev'),
  ];
  return {
    ociVersion: '1.0.2',
    process: {
      ...{ user: { uid: 0, gid: 0 }, cwd: '/', args: ['/usr/bin/perl', '/etc/corpus.pl'] },
      env: ['PATH=/usr/bin', `CORPUS=${corpusValue('environment')}`, ...environment],
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: 'rootfs' },
    hostname: 'corpus',
    mounts,
    annotations: { 'org.criu.config': criuConfig },
    linux: {
      cgroupsPath: `/${id}`,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      seccomp: { defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['kexec_load'], action: 'SCMP_ACT_ERRNO' }] },
    },
  };
}
