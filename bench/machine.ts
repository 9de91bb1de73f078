/** What the figures depend on: machine, kernel, disk and the versions of everything that took part. */
import { arch, cpus, release, totalmem } from 'node:os';
import { execute } from '@stillframe/demo/stage';
import { findProgram } from '@stillframe/runtime/host';
import { findPeer } from '@stillframe/testkit';
import type { Stage } from './stage.ts';

export interface Machine {
  kernel: string;
  processor: string;
  memoryMebibytes: number;
  /** Device and filesystem of the folder that was measured in. */
  disk: string;
  /** By program; `missing` where it is not there. */
  versions: Record<string, string>;
}

/** `path` where the program starts at all; undefined where it is missing or broken. */
export async function working(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  return await execute([path, '--help']).then(
    () => path,
    () => undefined,
  );
}

export async function describeMachine(stage: Stage): Promise<Machine> {
  const [runc, criu] = [stage.runc.slice(0, 3), [...stage.runc.slice(0, 2), 'criu']];
  const peer = async (found: string | undefined) => {
    const path = await working(found);
    return path === undefined ? 'missing' : firstLine([path, '--version']);
  };
  return {
    kernel: `${release()} ${arch()}`,
    processor: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
    memoryMebibytes: Math.round(totalmem() / (1 << 20)),
    disk: await firstLine(['findmnt', '--noheadings', '--output', 'SOURCE,FSTYPE', '--target', stage.lab.folder]),
    versions: {
      stillframe: await firstLine(['git', '-C', import.meta.dirname, 'describe', '--always', '--dirty']),
      node: process.version,
      runc: await firstLine([...runc, '--version']),
      criu: await firstLine([...criu, '--version']),
      checkpointctl: await peer(findPeer('checkpointctl')),
      grep: await firstLine(['grep', '--version']),
      buildah: await peer(findProgram('buildah', process.env)),
      skopeo: await peer(findProgram('skopeo', process.env)),
      podman: await peer(findProgram('podman', process.env)),
      crit: await peer(findPeer('crit')),
    },
  };
}

async function firstLine(argv: readonly string[]): Promise<string> {
  const { stdout } = await execute(argv).catch(() => ({ stdout: 'of a version that it does not tell' }));
  return stdout.trim().split('\n')[0]?.replace(/\s+/g, ' ') ?? '';
}
