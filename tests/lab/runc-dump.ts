/** A program in a container of runc with namespaces of its own, dumped with runc and CRIU and nothing of ours. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access, copyFile, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UndoStack } from '@stillframe/core';
import { execute } from '@stillframe/demo/stage';

const CRIU = join(process.env['STILLFRAME_CRIU_HOME'] || '/opt/stillframe/criu', 'bin');

/** What runs. */
export interface ContainerProgram {
  /** Lays out the root filesystem in an empty folder. */
  fill(tree: string): Promise<void>;
  args: readonly string[];
  environment: readonly string[];
  /** Folders of this machine that it sees, read-only, by their paths inside. */
  hostFolders?: Readonly<Record<string, string>>;
  /** System calls that fail besides. */
  refused?: readonly string[];
}

export interface DumpedContainer {
  /** Folder with the CRIU images. */
  images: string;
  /** The root filesystem as the program left it. */
  tree: string;
  /** Lines of /ready, which the program makes when it may be dumped. */
  said: readonly string[];
}

/** Runs the program and dumps it once it is ready. `folder`: an empty one. */
export async function dumpContainer(folder: string, program: ContainerProgram): Promise<DumpedContainer> {
  const bundle = join(folder, 'bundle');
  const images = join(folder, 'images');
  const tree = join(bundle, 'rootfs');
  await mkdir(tree, { recursive: true });
  await mkdir(images);
  await program.fill(tree);
  await writeFile(join(folder, 'criu.conf'), 'tcp-established\nfile-locks\nnetwork-lock skip\nghost-limit 1048576\n');
  const id = `corpus-${randomBytes(4).toString('hex')}`;
  await writeFile(join(bundle, 'config.json'), JSON.stringify(configOf(id, join(folder, 'criu.conf'), program)));
  const runc = ['env', `PATH=${CRIU}:${process.env['PATH']}`, 'runc', '--root', join(folder, 'state')];
  await using undo = new UndoStack({ deadline: 30_000 });
  undo.push('container', () => execute([...runc, 'delete', '--force', id]).then(() => undefined));
  await start([...runc, 'run', '--detach', '--bundle', bundle, id]);
  const said = await ready(tree);
  const work = join(folder, 'work');
  const places = ['--image-path', images, '--work-path', work];
  try {
    await execute([...runc, 'checkpoint', ...places, '--file-locks', '--tcp-established', '--leave-running', id]);
  } catch (cause) {
    const log = await readFile(join(work, 'dump.log'), 'utf8').catch(() => '');
    const errors = log.split('\n').filter((line) => /Error|Warn/.test(line));
    throw new Error(`CRIU refuses ${program.args.join(' ')}:\n${errors.join('\n')}`, { cause });
  }
  await copyFile(join(work, 'stats-dump'), join(images, 'stats-dump'));
  return { images, tree, said };
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
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(50)) {
    const there = await access(join(tree, 'ready')).then(
      () => true,
      () => false,
    );
    if (there) return (await readFile(join(tree, 'ready'), 'utf8')).split('\n').filter(Boolean);
  }
  return assert.fail('the program does not come to an end of its preparations');
}

function configOf(
  id: string,
  criuConfig: string,
  { args, environment, hostFolders = {}, refused = [] }: ContainerProgram,
) {
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
    ...Object.entries(hostFolders).map(([inside, outside]) => mount(inside, 'bind', outside, 'rbind', 'ro')),
  ];
  return {
    ociVersion: '1.0.2',
    process: {
      ...{ user: { uid: 0, gid: 0 }, cwd: '/', args },
      env: environment,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: 'rootfs' },
    hostname: 'corpus',
    mounts,
    annotations: { 'org.criu.config': criuConfig },
    linux: {
      cgroupsPath: `/${id}`,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      seccomp: {
        defaultAction: 'SCMP_ACT_ALLOW',
        syscalls: [{ names: ['kexec_load', ...refused], action: 'SCMP_ACT_ERRNO' }],
      },
    },
  };
}
