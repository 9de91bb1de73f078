/** A checkpoint opened for reading: its archive, what it says about the container, and the CRIU images in it. */
import { type ByteSource, type Diagnostic, Diagnostics, UndoStack } from '@stillframe/core';
import type { ImageSet } from '@stillframe/criu-image';
import { type Archive, type OpenArchiveOptions, openArchive } from './archive/open.ts';
import { type CheckpointMetadata, readMetadata } from './engine/index.ts';
import { checkpointError } from './errors.ts';
import { openImageSets } from './image-sets.ts';
import { type Documents, readDocuments } from './metadata/documents.ts';
import type { SpecDump } from './metadata/spec-dump.ts';

/** Everything in it is evidence: raw, untrusted, perhaps damaged. Disposing closes the archive. */
export interface Checkpoint extends AsyncDisposable {
  readonly metadata: CheckpointMetadata;
  /** The OCI runtime spec of the container; undefined where the archive has none that can be read. */
  readonly spec: SpecDump | undefined;
  readonly documents: Documents;
  readonly archive: Archive;
  readonly images: ImageSet;
  /** Faults met so far, of archive, metadata and images; grows while views read. */
  diagnostics(): readonly Diagnostic[];
}

/** Options of openCheckpoint. */
export interface OpenCheckpointOptions extends OpenArchiveOptions {
  /** Archives or folders of the dumps before, newest first, where the archive itself does not hold them. */
  parents?: readonly (string | ByteSource)[] | undefined;
}

/**
 * Opens a checkpoint from a file, a folder or any source of bytes; reads the index and the metadata, no memory.
 * Throws what openArchive throws, ERR_CHECKPOINT_INCOMPLETE for an archive that holds neither CRIU images nor metadata,
 * and ERR_CHECKPOINT_AMBIGUOUS for a folder with several checkpoints.
 */
export async function openCheckpoint(
  from: string | ByteSource,
  options: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const archive = await openArchive(from, options);
  try {
    return await readCheckpoint(archive, options);
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

/** As openCheckpoint, of an archive that is open already and that the checkpoint takes over where this succeeds. */
export async function readCheckpoint(archive: Archive, options: OpenCheckpointOptions = {}): Promise<Checkpoint> {
  await using closing = new UndoStack();
  const earlier: Archive[] = [];
  for (const from of options.parents ?? []) {
    const parent = await openArchive(from, { ...options, label: undefined });
    closing.push('earlier dump', () => parent[Symbol.asyncDispose]());
    earlier.push(parent);
  }
  const diagnostics = new Diagnostics();
  const documents = await readDocuments(archive, diagnostics, options);
  const images = openImageSets(archive, diagnostics, earlier);
  if (images.images.length === 0 && !documents.config && !documents.spec) {
    throw checkpointError(
      'ERR_CHECKPOINT_INCOMPLETE',
      `${archive.label} holds neither CRIU images nor checkpoint metadata`,
    );
  }
  await images.inventory(options);
  closing.keep();
  const all = [archive, ...earlier];
  return {
    metadata: readMetadata(documents, archive.entries),
    spec: documents.spec,
    documents,
    archive,
    images,
    diagnostics: () => [...all.flatMap((each) => each.diagnostics), ...diagnostics.list],
    async [Symbol.asyncDispose]() {
      await using stack = new UndoStack();
      for (const each of all) stack.push(each.label, () => each[Symbol.asyncDispose]());
    },
  };
}
