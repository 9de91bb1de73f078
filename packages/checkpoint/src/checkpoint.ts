/** A checkpoint opened for reading: its archive, what it says about the container, and the CRIU images in it. */
import { type ByteSource, type Diagnostic, Diagnostics, type ReadOptions } from '@stillframe/core';
import { type ImageFiles, type ImageSet, openImageSet } from '@stillframe/criu-image';
import { type Archive, type OpenArchiveOptions, openArchive } from './archive/open.ts';
import { type CheckpointMetadata, readMetadata } from './engine/index.ts';
import { checkpointError } from './errors.ts';
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

/** The folder of the last dump, and that of the dump before it, which podman keeps beside it. */
const FOLDERS = ['checkpoint/', 'pre-checkpoint/'] as const;
/** CRIU writes its statistics to the working folder, which engines archive beside the images. */
const BESIDE = ['stats-dump'];

/**
 * Opens a checkpoint from a file, a folder or any source of bytes; reads the index and the metadata, no memory.
 * Throws what openArchive throws, and ERR_CHECKPOINT_INCOMPLETE for an archive that holds neither CRIU images nor metadata.
 */
export async function openCheckpoint(from: string | ByteSource, options: OpenArchiveOptions = {}): Promise<Checkpoint> {
  const archive = await openArchive(from, options);
  try {
    return await readCheckpoint(archive, options);
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

/** As openCheckpoint, of an archive that is open already and that the checkpoint takes over. */
export async function readCheckpoint(archive: Archive, options: ReadOptions = {}): Promise<Checkpoint> {
  const diagnostics = new Diagnostics();
  const documents = await readDocuments(archive, diagnostics, options);
  const images = openImageSet(imageFiles(archive), { diagnostics });
  if (images.images.length === 0 && !documents.config && !documents.spec) {
    throw checkpointError(
      'ERR_CHECKPOINT_INCOMPLETE',
      `${archive.label} holds neither CRIU images nor checkpoint metadata`,
    );
  }
  await images.inventory(options);
  return {
    metadata: readMetadata(documents, archive.entries),
    spec: documents.spec,
    documents,
    archive,
    images,
    diagnostics: () => [...archive.diagnostics, ...diagnostics.list],
    [Symbol.asyncDispose]: () => archive[Symbol.asyncDispose](),
  };
}

/** The image set of an archive: the files of its `checkpoint/` folder, without folders below it. */
export function imageFiles(archive: Pick<Archive, 'entries' | 'open'>): ImageFiles {
  const folder = FOLDERS.find((name) => archive.entries.has(`${name}inventory.img`)) ?? FOLDERS[0];
  const entryOf = new Map<string, string>();
  for (const name of BESIDE) if (archive.entries.get(name)?.kind === 'file') entryOf.set(name, name);
  for (const { name, kind } of archive.entries.values()) {
    if (kind !== 'file' || !name.startsWith(folder)) continue;
    const plain = name.slice(folder.length);
    if (!plain.includes('/')) entryOf.set(plain, name);
  }
  return {
    names: () => entryOf.keys(),
    open(name) {
      const entry = entryOf.get(name);
      return entry === undefined ? undefined : archive.open(entry);
    },
  };
}
