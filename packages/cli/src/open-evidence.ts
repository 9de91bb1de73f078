/** Opens a checkpoint wherever the user says it lies: archive, folder, image layout or registry. */
import { stat } from 'node:fs/promises';
import { type Checkpoint, openCheckpointFile, openCheckpointImage } from '@stillframe/checkpoint';
import { UndoStack } from '@stillframe/core';
import { formatReference, Layout, parseImageLocation } from '@stillframe/oci';
import type { Io } from './io.ts';
import { connectRegistries, type RegistryFlags } from './registries/flags.ts';

/** Options of openEvidence. */
export interface EvidenceOptions extends RegistryFlags {
  partial?: boolean | undefined;
  /** Paths of the dumps before, newest first. */
  parents?: readonly string[] | undefined;
  /** Which container, where an image holds those of a pod. */
  container?: string | undefined;
}

/**
 * A path that exists is a file or folder; anything else is a reference. `partial`: a truncated or damaged archive is
 * opened as far as it can be read. Throws what the readers throw.
 */
export async function openEvidence(
  what: string,
  io: Io,
  { partial = false, parents = [], container, ...flags }: EvidenceOptions = {},
): Promise<Checkpoint> {
  const looksLikePath = isPathLike(what);
  if (looksLikePath || (await stat(what).catch(() => undefined)))
    return openCheckpointFile(what, { signal: io.signal, partial, parents, container });
  const location = parseImageLocation(what);
  if (location.kind === 'layout') {
    return openCheckpointImage(await Layout.open(location.path), location.tag ?? 'latest', {
      signal: io.signal,
      parents,
      container,
    });
  }
  const registries = await connectRegistries(io, flags);
  const undo = new UndoStack();
  undo.push('registry connections', () => registries[Symbol.asyncDispose]());
  try {
    const { tag, digest } = location.reference;
    const checkpoint = await openCheckpointImage(
      registries.mirrored(formatReference(location.reference)),
      digest ?? tag ?? 'latest',
      {
        signal: io.signal,
        parents,
        container,
      },
    );
    undo.push('checkpoint', () => checkpoint[Symbol.asyncDispose]());
    return { ...checkpoint, [Symbol.asyncDispose]: () => undo[Symbol.asyncDispose]() };
  } catch (error) {
    await undo[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Whether `what` can only be a path. A name without `/` and `:` is no reference either: taken for one, a mistyped file
 * name would be asked for at a public registry.
 */
export function isPathLike(what: string): boolean {
  return /^[./]/.test(what) || /\.(tar|tar\.gz|tgz|tar\.zst|img)$/.test(what) || !/[/:]/.test(what);
}
