/**
 * Mounts that the node makes in a container of its own accord: the pod's /etc/hostname and /etc/resolv.conf, and shared
 * memory where the pod shares it. /etc/hosts is written into the container's own root filesystem instead: CRI-O, which
 * provides no such mount, would refuse to restore an archive that has it unless the request declares it.
 *
 * On a restore the dump decides: CRIU puts every mount back that it found, so exactly those are provided, those of other
 * engines included, and none of their sources comes from the archive.
 */
import { chown, constants, copyFile, lstat, mkdir, open, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { systemCode } from '@stillframe/core';
import { containerFolders } from '../container/folders.ts';
import type { SpecMount } from '../container/spec-mounts.ts';
import type { NodeContext } from '../context.ts';
import { demand, run } from '../process/run.ts';
import type { MountRequest, SandboxRecord } from '../store/records.ts';

/** Annotation of a pod: `pod` makes its containers share one /dev/shm, which no checkpoint captures then. */
const SHM_ANNOTATION = 'io.stillframe.shm';
const FILES = ['/etc/hostname', '/etc/resolv.conf'];

/** Destinations that may be bind mounts of the node's own; what lies under them in a container's layer is no change. */
export const NODE_FILES: readonly string[] = FILES;

export interface MountedContainer {
  id: string;
  /** What the request mounts there is not provided. */
  requested: readonly MountRequest[];
  /** Destinations of the dump's bind mounts; absent for a container that is not restored. */
  dumped?: readonly string[] | undefined;
  readonlyRootfs: boolean;
}

/** Prepares the container's mounted root filesystem and returns the mounts for config.json. */
export async function podMounts(
  context: NodeContext,
  sandbox: SandboxRecord,
  container: MountedContainer,
): Promise<SpecMount[]> {
  const rootfs = containerFolders(context, container.id).rootfs;
  const asked = (path: string) => container.requested.some(({ containerPath }) => containerPath === path);
  const wanted = container.dumped ?? [...FILES, ...(sharesMemory(sandbox) ? ['/dev/shm'] : [])];
  const mounts: SpecMount[] = [];
  for (const destination of wanted) {
    if (asked(destination)) continue;
    const source = await sourceOf(context, sandbox, container.id, destination);
    if (source === undefined) continue;
    if (destination.startsWith('/etc/') && !(await plainTarget(rootfs, destination, rootOf(sandbox)))) continue;
    const options = ['rbind', 'rprivate', container.readonlyRootfs && destination !== '/dev/shm' ? 'ro' : 'rw'];
    mounts.push({ destination, type: 'bind', source, options: [...options, 'nosuid', 'nodev', 'noexec'] });
  }
  if (!asked('/etc/hosts') && !wanted.includes('/etc/hosts')) {
    const source = podFile(context, sandbox, 'hosts');
    await layHosts(source, rootfs, { restored: container.dumped !== undefined, root: rootOf(sandbox) });
  }
  return mounts;
}

const podFolder = (context: NodeContext, sandboxID: string) => join(context.folders.sandboxes, sandboxID);
const podFile = (context: NodeContext, sandbox: SandboxRecord, name: string) =>
  join(podFolder(context, sandbox.id), name);

/** Who root of the container is on the host. */
interface Owner {
  uid: number;
  gid: number;
}

function rootOf({ userMapping }: SandboxRecord): Owner {
  return { uid: userMapping?.uids.hostID ?? 0, gid: userMapping?.gids.hostID ?? 0 };
}

function sharesMemory({ annotations, namespaces }: SandboxRecord): boolean {
  return annotations[SHM_ANNOTATION] === 'pod' || namespaces.ipc === undefined;
}

/** What stands at `destination` in the node's view; undefined where the node provides nothing there. */
async function sourceOf(
  context: NodeContext,
  sandbox: SandboxRecord,
  id: string,
  destination: string,
): Promise<string | undefined> {
  const { bundle, rootfs } = containerFolders(context, id);
  const own = join(bundle, 'provided');
  switch (destination) {
    case '/etc/hostname':
    case '/etc/hosts':
    case '/etc/resolv.conf': {
      const path = podFile(context, sandbox, destination.slice('/etc/'.length));
      // A pod of a node that did not write these files yet goes on without.
      return (await stat(path).catch(() => undefined)) ? path : undefined;
    }
    case '/dev/shm':
      return sandbox.namespaces.ipc === undefined ? '/dev/shm' : sharedMemory(context, sandbox);
    case '/run/secrets':
      await mkdir(join(own, 'secrets'), { recursive: true, mode: 0o755 });
      return join(own, 'secrets');
    case '/run/.containerenv':
    case '/etc/passwd':
    case '/etc/group': {
      const path = join(own, destination.replaceAll('/', '_'));
      await mkdir(own, { recursive: true, mode: 0o755 });
      await writeFile(path, '', { mode: 0o644 });
      // It stays empty where the image has none, or has a link, which leads anywhere.
      const inImage = await lstat(join(rootfs, destination)).catch(() => undefined);
      if (inImage?.isFile() && (await isFolder(dirname(join(rootfs, destination)))))
        await copyFile(join(rootfs, destination), path);
      return path;
    }
    default:
      return undefined;
  }
}

/** The pod's own shared memory: mounted when it is first asked for, taken down with the pod. */
async function sharedMemory(context: NodeContext, sandbox: SandboxRecord): Promise<string> {
  return context.locks.run(`shm ${sandbox.id}`, async () => {
    const folder = join(podFolder(context, sandbox.id), 'shm');
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { code } = await run(['mountpoint', '-q', folder], { timeout: 10_000 });
    const options = 'nosuid,nodev,noexec,mode=1777,size=65536k';
    if (code !== 0) await demand(['mount', '-t', 'tmpfs', '-o', options, 'shm', folder], { timeout: 30_000 });
    return folder;
  });
}

const isFolder = async (path: string) => (await lstat(path).catch(() => undefined))?.isDirectory() ?? false;

/**
 * Whether a file can be mounted at `destination`. A link there is taken away: followed, it would lead out of the root,
 * or the mount would stand at another path than the specification says, and CRIU does not find it again.
 */
async function plainTarget(rootfs: string, destination: string, root: Owner): Promise<boolean> {
  if (!(await canHoldFiles(join(rootfs, 'etc'), root))) return false;
  const path = join(rootfs, destination);
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory()) return false;
  if (found?.isSymbolicLink()) await unlink(path);
  return true;
}

async function canHoldFiles(etc: string, root: Owner): Promise<boolean> {
  try {
    await mkdir(etc, { mode: 0o755 });
    await chown(etc, root.uid, root.gid);
    return true;
  } catch (error) {
    return systemCode(error) === 'EEXIST' && isFolder(etc);
  }
}

/** Lays the pod's hosts file over the image's; what a restored container had is a part of it, and stays. */
async function layHosts(
  source: string,
  rootfs: string,
  { restored, root }: { restored: boolean; root: Owner },
): Promise<void> {
  const path = join(rootfs, 'etc', 'hosts');
  const found = await lstat(path).catch(() => undefined);
  if (found?.isDirectory() || (found && restored && !(found.isFile() && found.size === 0))) return;
  if (!(await stat(source).catch(() => undefined)) || !(await canHoldFiles(dirname(path), root))) return;
  if (found && !found.isFile()) await unlink(path);
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_TRUNC } = constants;
  await using target = await open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_TRUNC, 0o644);
  await using hosts = await open(source, 'r');
  await target.chown(root.uid, root.gid);
  await target.writeFile(await hosts.readFile());
}

/** Takes down and removes what a sandbox has beside its namespaces; does nothing where it is gone. */
export async function removePodFolder(context: NodeContext, sandboxID: string): Promise<void> {
  const folder = podFolder(context, sandboxID);
  await run(['umount', join(folder, 'shm')], { timeout: 30_000 });
  await rm(folder, { recursive: true, force: true });
}
