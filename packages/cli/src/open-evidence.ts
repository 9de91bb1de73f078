/** Opens a checkpoint wherever the user says it lies: archive, sealed archive, folder, image layout or registry. */
import { stat } from 'node:fs/promises';
import { type Checkpoint, openCheckpointFile, openCheckpointImage } from '@stillframe/checkpoint';
import { UndoStack } from '@stillframe/core';
import { type ContentReader, formatReference, Layout, parseImageLocation } from '@stillframe/oci';
import { noteAccess, noteOpened } from './custody/note.ts';
import type { Io } from './io.ts';
import { readDecryptionKeys, seenThrough } from './key-files.ts';
import type { DecryptionOptions, IdentityOptions } from './key-options.ts';
import { connectRegistries, type RegistryFlags } from './registries/flags.ts';
import { openSealed } from './sealed.ts';
import { type PolicyOptions, policedLayout, resolveAllowed } from './signature-policy.ts';

/** Options of openEvidence. */
export interface EvidenceOptions extends DecryptionOptions, IdentityOptions, PolicyOptions, RegistryFlags {
  partial?: boolean | undefined;
  /** Paths of the dumps before, newest first. */
  parents?: readonly string[] | undefined;
  /** Which container, where an image holds those of a pod. */
  container?: string | undefined;
}

/** An open checkpoint. */
export interface Evidence extends Checkpoint {
  /** The path of the sealed archive that it is read from. */
  readonly sealed?: string;
}

/**
 * A path that exists is a file or folder; anything else is a reference. `partial`: a truncated or damaged archive is
 * opened as far as it can be read. Throws what the readers throw.
 */
export async function openEvidence(what: string, io: Io, options: EvidenceOptions = {}): Promise<Evidence> {
  const { partial = false, parents = [], container } = options;
  const keys = await readDecryptionKeys(options.decryptionKey ?? [], io);
  const through = (store: ContentReader) => seenThrough(store, keys);
  const reading = { signal: io.signal, parents, container, through };
  const undo = new UndoStack();
  try {
    if (isPathLike(what) || (await stat(what).catch(() => undefined))) {
      const file = {
        ...reading,
        partial,
        through: (store: ContentReader) => through(policedLayout(store, what, options, io)),
      };
      const sealed = await openSealed(what, options.identity, io);
      if (!sealed) {
        const checkpoint = await openCheckpointFile(what, file);
        await noteOpened(checkpoint.archive, io);
        return checkpoint;
      }
      undo.push('sealed archive', () => sealed[Symbol.asyncDispose]());
      await noteAccess(what, io);
      return closedBy(undo, {
        ...(await openCheckpointFile(sealed, { ...file, label: what })),
        sealed: what,
      });
    }
    const location = parseImageLocation(what);
    const allowed = async (store: ContentReader, tag: string) =>
      (await resolveAllowed({ store, tag }, what, options, io)).digest;
    if (location.kind === 'layout') {
      const layout = await Layout.open(location.path);
      return await openCheckpointImage(through(layout), await allowed(layout, location.tag ?? 'latest'), reading);
    }
    const registries = await connectRegistries(io, options);
    undo.push('registry connections', () => registries[Symbol.asyncDispose]());
    const { tag, digest } = location.reference;
    const store = registries.mirrored(formatReference(location.reference));
    const found = await allowed(store, digest ?? tag ?? 'latest');
    return closedBy(undo, await openCheckpointImage(through(store), found, reading));
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

/** `checkpoint`, closed with what it lies in. */
function closedBy(undo: UndoStack, checkpoint: Evidence): Evidence {
  undo.push('checkpoint', () => checkpoint[Symbol.asyncDispose]());
  return { ...checkpoint, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
}

/**
 * Whether `what` can only be a path. A name without `/` and `:` is no reference either: taken for one, a mistyped file
 * name would be asked for at a public registry.
 */
export function isPathLike(what: string): boolean {
  return /^[./]/.test(what) || /\.(tar|tar\.gz|tgz|tar\.zst|img|age)$/.test(what) || !/[/:]/.test(what);
}
