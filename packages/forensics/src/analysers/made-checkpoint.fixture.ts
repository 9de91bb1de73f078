/** For tests of analysers: a checkpoint whose root filesystem has these changes, and what an analysis reads of it. */

import type { Checkpoint, RootfsTree } from '@stillframe/checkpoint';
import {
  openCheckpoint,
  openRootfsDiff,
  readMounts,
  readOpenFiles,
  readProcesses,
  tarSource,
} from '@stillframe/checkpoint';
import { bytesSource, type Diagnostic } from '@stillframe/core';
import type { Analyser } from './analyser.ts';

/** Content by path, without a slash at the beginning; the mode where it is not 0644. */
export type Files = Readonly<Record<string, string | { readonly text: string | Uint8Array; readonly mode: number }>>;

function entriesOf(files: Files) {
  return Object.entries(files).map(([name, file]) => {
    const { text, mode } = typeof file === 'string' ? { text: file, mode: 0o644 } : file;
    return { name, mode, body: typeof text === 'string' ? Buffer.from(text) : text };
  });
}

const MTIME = 1_795_473_539;

/** A checkpoint without processes, with files in /dev/shm as podman puts them beside the images. */
export function checkpointOf(diff: Files, sharedMemory: Files = {}): Promise<Checkpoint> {
  const body = tarSource(entriesOf(diff), { mtime: MTIME });
  const shm = {
    name: 'devshm-checkpoint.tar',
    mode: 0o600,
    body: tarSource(entriesOf(sharedMemory), { mtime: MTIME }),
  };
  const config = { name: 'config.dump', mode: 0o600, body: Buffer.from('{"id":"made"}') };
  return openCheckpoint(tarSource([config, { name: 'rootfs-diff.tar', mode: 0o600, body }, shm], { mtime: MTIME }));
}

/** A layer of an image. */
export function layerOf(files: Readonly<Record<string, string | Uint8Array>>): RootfsTree {
  return {
    label: 'layer 1 of 1',
    async find(path) {
      const content = files[path];
      if (content === undefined) return { kind: 'unknown' };
      return { kind: 'file', source: bytesSource(typeof content === 'string' ? Buffer.from(content) : content) };
    },
  };
}

/** What an analyser reads, and what it reports. */
export async function read<Rows>(
  analyser: Analyser<Rows>,
  checkpoint: Checkpoint,
  image?: readonly RootfsTree[],
): Promise<{ rows: Rows; faults: readonly Diagnostic[] }> {
  const processes = await readProcesses(checkpoint.images);
  const open = await readOpenFiles(checkpoint.images, processes);
  const faults: Diagnostic[] = [];
  const report = (found: readonly Diagnostic[]) => void faults.push(...found);
  await using diff = await openRootfsDiff(checkpoint, { partial: true });
  const rows = await analyser.read({
    checkpoint,
    processes,
    open,
    mounts: await readMounts(checkpoint.images),
    diff,
    image,
    patterns: [],
    signal: undefined,
    report,
  });
  return { rows, faults };
}
