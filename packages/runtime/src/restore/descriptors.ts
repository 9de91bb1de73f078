/**
 * descriptors.json: what the first process had as standard streams. The OCI runtime needs it at restore, to put pipes of
 * its own in place of those of the dump (checkpoint-spec 6.2).
 */
import { type Checkpoint, type FileTarget, readFileTable } from '@stillframe/checkpoint';
import type { ReadOptions } from '@stillframe/core';

const NULL = '/dev/null';
export const DESCRIPTORS = 'descriptors.json';

/** The file's text as the images tell it, for a dump whose engine wrote none. */
export async function describeStreams({ images }: Checkpoint, options: ReadOptions = {}): Promise<string> {
  const root = await images.single('pstree', undefined, options);
  const files = root ? await (await readFileTable(images, options)).openFiles(root.pid, options) : [];
  const streams = [0, 1, 2].map((fd) => streamOf(files.find((file) => file.fd === fd)?.target));
  return JSON.stringify(streams);
}

function streamOf(target: FileTarget | undefined): string {
  if (target?.type === 'pipe') return `pipe:[${target.pipeId}]`;
  // Files and terminals are CRIU's own to restore; this only must not look like a pipe.
  return target && 'path' in target && target.path ? target.path : NULL;
}
