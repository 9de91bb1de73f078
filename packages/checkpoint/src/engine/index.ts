/** The table of engine dialects, in the order in which they are tried. */
import type { ArchiveEntry } from '../archive/tar-entry.ts';
import type { Documents } from '../metadata/documents.ts';
import { containerd } from './containerd.ts';
import { crio } from './crio.ts';
import { type CheckpointMetadata, type EngineDialect, presentEntry, sharedMetadata } from './dialect.ts';
import { docker } from './docker.ts';
import { podman } from './podman.ts';
import { stillframe } from './stillframe.ts';

export { baseImageReference } from './base-image-reference.ts';
export * from './dialect.ts';

/** Ours first: its archives carry CRI-O's marks as well. containerd last: it is known by what it lacks. */
const dialects: readonly EngineDialect[] = [stillframe, crio, podman, docker, containerd];

/** Entries that hold a log, where no dialect says which. */
const LOG_ENTRIES = ['container.log', 'ctr.log'];

/** Metadata in the words of whichever engine wrote the archive; the parts common to all where none is recognised. */
export function readMetadata(documents: Documents, entries: ReadonlyMap<string, ArchiveEntry>): CheckpointMetadata {
  const dialect = dialects.find((candidate) => candidate.detect(entries, documents.spec));
  if (dialect) return dialect.readMetadata(documents, entries);
  const log = LOG_ENTRIES.find((name) => presentEntry(entries, name));
  return { ...sharedMetadata(documents), logEntry: log };
}
