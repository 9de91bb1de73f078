/**
 * crun beside runc. It refuses a host that has both versions of control groups ("hybrid mode not supported"), which it
 * knows by the mount at /sys/fs/cgroup/unified; in a mount namespace without that it works with version 1 as runc does.
 * It cannot restore a container with a hidden folder (crun 1.28: the mount has no name that it gives back to CRIU), so
 * folders are hidden by empty filesystems, as runc does itself.
 */
import { chmod, lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@stillframe/core';
import type { OciSpec } from '../container/spec.ts';
import type { SpecMount } from '../container/spec-mounts.ts';
import type { OciRuntime } from './oci-runtime.ts';
import { openRunc, type RuncOptions } from './runc.ts';
import type { RuntimeHandler } from './runtimes.ts';

const UNIFIED = '/sys/fs/cgroup/unified';

/** Whether a cgroup2 filesystem is mounted where crun looks; of /proc/self/mountinfo. */
export function isHybrid(mountinfo: string): boolean {
  return mountinfo.split('\n').some((line) => line.split(' ')[4] === UNIFIED && / - cgroup2 /.test(line));
}

/** A program that runs the one at `path` in a mount namespace of its own; what is mounted on the host appears in it. */
export function withoutUnified(path: string): string {
  const quoted = `'${path.replaceAll("'", `'\\''`)}'`;
  const inside = `'umount ${UNIFIED} && exec "$0" "$@"'`;
  return `#!/bin/sh\nexec unshare --mount --propagation slave sh -c ${inside} ${quoted} "$@"\n`;
}

/** The crun at `options.binary` as the handler `name`, with what makes it work here in `folder`. Never throws. */
export async function openCrun(name: string, folder: string, options: RuncOptions): Promise<RuntimeHandler> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    let { binary } = options;
    const hybrid = isHybrid(await readFile('/proc/self/mountinfo', 'utf8'));
    if (hybrid) {
      const program = join(folder, name);
      await writeFile(program, withoutUnified(binary));
      await chmod(program, 0o700);
      binary = program;
    }
    const oci = { ...(await openRunc({ ...options, binary })), fit: hideFolders };
    return { name, oci: hybrid ? withUnifiedGroup(oci) : oci };
  } catch (error) {
    return { name, reason: messageOf(error) };
  }
}

/**
 * crun leaves processes where they are in version 2, which is the root: CRIU would take all that is below it for theirs,
 * and make it anew below a copy. So each container gets a group of its own there, too, as runc gives it.
 */
function withUnifiedGroup(oci: OciRuntime): OciRuntime {
  return {
    ...oci,
    async create(bundle) {
      const pid = await oci.create(bundle);
      const { linux } = JSON.parse(await readFile(join(bundle.folder, 'config.json'), 'utf8')) as SpecPart;
      const folder = join(UNIFIED, linux.cgroupsPath);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'cgroup.procs'), String(pid));
      return pid;
    },
  };
}

interface SpecPart {
  linux: { cgroupsPath: string };
}

/** Masked folders become read-only empty filesystems; files stay masked. */
export async function hideFolders(spec: OciSpec, rootfs: string): Promise<OciSpec> {
  const { mounts, linux } = spec as { mounts: SpecMount[]; linux: { maskedPaths?: string[] } };
  const files: string[] = [];
  const folders: SpecMount[] = [];
  for (const path of linux.maskedPaths ?? []) {
    // The kernel's own show in every container what the host has.
    const seen = /^\/(proc|sys)(\/|$)/.test(path) ? path : join(rootfs, path);
    if (!(await lstat(seen).catch(() => undefined))?.isDirectory()) files.push(path);
    else
      folders.push({
        destination: path,
        type: 'tmpfs',
        source: 'tmpfs',
        options: ['ro', 'nosuid', 'nodev', 'size=0k'],
      });
  }
  return {
    ...spec,
    mounts: [...mounts, ...folders],
    linux: { ...linux, ...(linux.maskedPaths ? { maskedPaths: files } : {}) },
  };
}
