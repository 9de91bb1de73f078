/** Other engines for a lab test: podman and containerd in folders of their own, and an image with redis for all of them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { bytesSource, digestOf, UndoStack } from '@stillframe/core';
import { type CriClient, openCriClient } from '@stillframe/cri/client';
import { execute } from '@stillframe/demo/stage';
import { buildImage, type ContentStore, mediaTypes, putImage } from '@stillframe/oci';
import { findPeer, findProgram } from '@stillframe/testkit';

/** CRIU for engines that look for it in PATH. */
export const CRIU = join(process.env['STILLFRAME_CRIU_HOME'] || '/opt/stillframe/criu', 'bin');
const APPLETS = ['sh', 'sleep', 'cat', 'echo', 'rm', 'ls', 'nc'];
/** This machine may not raise limits; podman's own would need that. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024'];

/** Three keys, and a client that stays subscribed over loopback. */
export const REDIS = `redis-server --port 6379 --save "" --appendonly no & sleep 1
  redis-cli mset user:1 alice user:2 bob card 4111111111111111
  (sleep 100000 | redis-cli subscribe news) & wait`;
export const COUNTER = 'rm /bin/nc; echo added > /tmp/added; i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done';

/** Builds busybox with redis and its libraries as `engines:v1`, and one that only sleeps as `pause:v1`. `work`: empty. */
export async function buildEngineImages(store: (name: string) => ContentStore, work: string): Promise<void> {
  const tree = join(work, 'tree');
  for (const folder of ['bin', 'etc', 'tmp', 'usr/bin']) await mkdir(join(tree, folder), { recursive: true });
  await chmod(join(tree, 'tmp'), 0o1777);
  await copyFile('/bin/busybox', join(tree, 'bin/busybox'));
  for (const applet of APPLETS) await symlink('busybox', join(tree, 'bin', applet));
  await writeFile(join(tree, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
  const programs = [
    [findProgram('redis-server') ?? findProgram('redis-check-rdb') ?? '', 'redis-server'],
    [findProgram('redis-cli') ?? '', 'redis-cli'],
  ] as const;
  for (const [from, name] of programs) {
    await copyFile(from, join(tree, 'usr/bin', name));
    const { stdout } = await execute(['ldd', from]);
    for (const [, library = ''] of stdout.matchAll(/(\/\S+\.so\S*)/g)) {
      await mkdir(join(tree, dirname(library)), { recursive: true });
      await copyFile(library, join(tree, library));
    }
  }
  const path = join(work, 'layer.tar');
  await execute(['tar', '--create', '--file', path, '--directory', tree, '--owner=0', '--group=0', '.']);
  const bytes = await readFile(path);
  const descriptor = { mediaType: mediaTypes.layer, digest: digestOf(bytes), size: bytes.length };
  const platform = { os: 'linux', architecture: process.arch === 'x64' ? 'amd64' : process.arch };
  const Env = ['PATH=/usr/bin:/bin'];
  for (const [name, config] of [
    ['engines', { Cmd: ['sh'], Env }],
    ['pause', { Entrypoint: ['sleep', '1000000'], Env }],
  ] as const) {
    const target = store(name);
    await target.push(descriptor, bytesSource(bytes));
    await putImage(target, buildImage({ layers: [{ descriptor, diffID: descriptor.digest }], platform, config }), {
      tag: 'v1',
    });
  }
}

/** podman with everything in a folder of its own. */
export interface Podman extends AsyncDisposable {
  run(...args: string[]): Promise<{ stdout: string }>;
}

/** Cgroup of containers that are told none. */
const PODMAN_CGROUP = '/libpod_parent';

/** Disposing removes its containers, the bridge of its network, and the cgroups that were not there before. */
export async function openPodman(folder: string): Promise<Podman> {
  const bridge = `sfp${process.pid}`;
  await mkdir(join(folder, 'net'), { recursive: true });
  await writeFile(join(folder, 'net/87-podman.conflist'), JSON.stringify(networkOf(folder, bridge, 'podman')));
  const place = ['--root', join(folder, 'root'), '--runroot', join(folder, 'runroot'), '--tmpdir', join(folder, 'tmp')];
  const { stdout: before } = await execute(['find', '/sys/fs/cgroup', '-type', 'd', '-path', `*${PODMAN_CGROUP}`]);
  const run = (...args: string[]) =>
    execute([
      ...['env', `PATH=${CRIU}:${process.env['PATH']}`, 'podman', ...place],
      ...['--runtime', 'runc', '--storage-driver', 'overlay', '--network-config-dir', join(folder, 'net')],
      ...['--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...args],
    ]);
  return {
    run,
    async [Symbol.asyncDispose]() {
      await run('rm', '--force', '--all', '--time', '0');
      // conmon of a container that was just ended may still write its last word there.
      const attempt = `umount ${join(folder, 'root')}/overlay 2>/dev/null; rm -rf ${folder} && exit; sleep 0.5`;
      await execute(['sh', '-c', `for i in 1 2 3 4 5 6 7 8; do ${attempt}; done; exit 1`]);
      await execute(['sh', '-c', `ip link delete ${bridge} 2>/dev/null || true`]);
      if (before === '') await removeCgroups(PODMAN_CGROUP);
    },
  };
}

/** Runs `script` under podman in `folder` and exports a checkpoint of it to `archive`. */
export async function podmanCheckpoint(folder: string, image: string, script: string, archive: string): Promise<void> {
  const name = basename(archive, '.tar');
  const cgroupParent = `/${basename(dirname(folder))}-podman`;
  try {
    await using podman = await openPodman(folder);
    await podman.run('pull', '--quiet', '--tls-verify=false', image);
    await podman.run(
      ...['run', '--detach', '--name', name, ...LIMITS, '--log-driver', 'k8s-file', '--network', 'none'],
      ...['--cgroup-parent', cgroupParent, '--tmpfs', '/scratch', image],
      ...['sh', '-c', `echo scratch > /scratch/file; echo shm > /dev/shm/file; ${script}`],
    );
    await delay(2000);
    const options = ['--keep', '--leave-running', '--tcp-established', '--compress', 'none', '--export', archive];
    await podman.run('container', 'checkpoint', ...options, name);
  } finally {
    await removeCgroups(cgroupParent);
  }
}

/** An engine with a CRI socket. */
export interface Engine extends AsyncDisposable {
  readonly socket: string;
  readonly cri: CriClient;
  /** Path of a CRIU configuration file that keeps connections, for the annotation `org.criu.config`. */
  readonly criuConfig: string;
  /** For its pods. */
  readonly cgroupParent: string;
}

/**
 * Starts containerd with everything in `folder`; `registry`: where its pause image is, `criu`: the folder of its CRIU.
 * Disposing removes its pods, the bridge of its network and their cgroups.
 */
export function startContainerd(folder: string, registry: string, criu = CRIU): Promise<Engine> {
  return startEngine(folder, { name: 'containerd', bridge: `sf${process.pid}` }, async (socket) => {
    await writeFile(join(folder, 'config.toml'), configOf(folder, socket, registry));
    const program = findPeer('containerd') ?? '';
    const env = { ...process.env, PATH: `${criu}:${dirname(program)}:${process.env['PATH']}` };
    return spawn(program, ['--config', join(folder, 'config.toml')], { env, stdio: 'ignore' });
  });
}

/**
 * An engine with everything in `folder`, a network of its own over `bridge` and a CRIU configuration that keeps connections.
 * `start` writes its configuration, which has it listen on the socket, and starts it; what it pushes is undone once it has ended.
 */
export async function startEngine(
  folder: string,
  { name, bridge }: { name: string; bridge: string },
  start: (socket: string, undo: UndoStack) => Promise<ChildProcess>,
): Promise<Engine> {
  const undo = new UndoStack({ deadline: 60_000 });
  try {
    await mkdir(join(folder, 'cni'), { recursive: true });
    const socket = join(folder, 'c.sock');
    const criuConfig = join(folder, 'criu.conf');
    await writeFile(criuConfig, 'tcp-established\n');
    await writeFile(join(folder, 'cni/10-lab.conflist'), JSON.stringify(networkOf(folder, bridge)));
    const cgroupParent = `/${basename(dirname(folder))}-${name}`;
    undo.push('cgroups', () => removeCgroups(cgroupParent));
    undo.push('bridge', () =>
      execute(['sh', '-c', `ip link delete ${bridge} 2>/dev/null || true`]).then(() => undefined),
    );
    const child = await start(socket, undo);
    undo.push(name, async () => {
      child.kill('SIGTERM');
      for (const deadline = Date.now() + 60_000; child.exitCode === null && Date.now() < deadline; ) await delay(50);
    });
    const cri = await connect(socket);
    undo.push('pods', () => removePods(cri));
    return { socket, cri, criuConfig, cgroupParent, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

/** Containers first and at once: with a pod, some engines wait minutes for a shell that heeds no signal. */
async function removePods(cri: CriClient): Promise<void> {
  for (const { id } of (await cri.runtime.listContainers({})).containers) {
    await cri.runtime.stopContainer({ containerId: id, timeout: 0n });
  }
  for (const { id } of (await cri.runtime.listPodSandbox({})).items) {
    await cri.runtime.stopPodSandbox({ podSandboxId: id });
    await cri.runtime.removePodSandbox({ podSandboxId: id });
  }
  await cri[Symbol.asyncDispose]();
}

/** Removes a cgroup of every hierarchy with all below it, where they are empty. */
async function removeCgroups(parent: string): Promise<void> {
  const below = [
    'find',
    '/sys/fs/cgroup',
    '-depth',
    '-type',
    'd',
    '(',
    '-path',
    `*${parent}`,
    '-o',
    '-path',
    `*${parent}/*`,
    ')',
  ];
  await execute([...below, '-exec', 'rmdir', '{}', ';']);
}

/** A network of a bridge, for CNI. */
function networkOf(folder: string, bridge: string, name = 'lab') {
  const ipam = { type: 'host-local', dataDir: join(folder, 'ipam'), ranges: [[{ subnet: '10.213.0.0/24' }]] };
  return { cniVersion: '0.4.0', name, plugins: [{ type: 'bridge', bridge, ipam }] };
}

/** A client of a socket that comes to be soon. */
async function connect(socket: string): Promise<CriClient> {
  for (const deadline = Date.now() + 60_000; ; await delay(100)) {
    try {
      return await openCriClient({ socket });
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

function configOf(folder: string, socket: string, registry: string): string {
  return `version = 3
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
address = "${socket}"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
disable_apparmor = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "${folder}/cni"
[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
container_annotations = ["org.criu.*"]
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "${registry}/pause:v1"
`;
}
