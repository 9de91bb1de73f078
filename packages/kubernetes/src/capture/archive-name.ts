/** Names that kubelets give archives: `checkpoint-POD_NAMESPACE-CONTAINER-TIME.tar`, in a folder that is called checkpoints. */
import { posix } from 'node:path';

export interface ArchivePlace {
  readonly folder: string;
  readonly name: string;
}

/** What a kubelet answers decides what its node shows us, so no more than such a path is one; undefined for any other. */
export function archivePlace(path: string): ArchivePlace | undefined {
  const { dir: folder, base: name } = posix.parse(path);
  const plain = posix.normalize(path) === path && posix.isAbsolute(path) && posix.basename(folder) === 'checkpoints';
  const isArchive = /^checkpoint-[A-Za-z0-9._:+-]{1,512}\.tar$/.test(name);
  return plain && isArchive && /^[\x21-\x7e]+$/.test(folder) ? { folder, name } : undefined;
}

/** What was captured when, in milliseconds since 1970. */
export interface ArchiveOrigin {
  readonly kubeNamespace: string;
  readonly pod: string;
  readonly container: string;
  readonly from: number;
  readonly to: number;
}

/** Milliseconds that the clocks of a node and of who asked may differ; names have whole seconds. */
const SKEW = 5000;

/** Whether an archive of this name can be what was asked for then. */
export function namedArchive(name: string, { kubeNamespace, pod, container, from, to }: ArchiveOrigin): boolean {
  const begin = `checkpoint-${pod}_${kubeNamespace}-${container}-`;
  if (!name.startsWith(begin) || !name.endsWith('.tar')) return false;
  const text = name.slice(begin.length, -'.tar'.length);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)$/.test(text)) return false;
  const time = Date.parse(text);
  return time >= from - SKEW && time <= to + SKEW;
}
