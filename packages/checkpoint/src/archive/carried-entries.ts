/** The entries of an archive as a new one of the same checkpoint has them, some with other content. */
import type { ByteSource } from '@stillframe/core';
import { checkpointError } from '../errors.ts';
import type { Archive } from './open.ts';
import type { TarSourceEntry } from './tar-source.ts';

/**
 * All entries in their order, names and permissions kept; the archive must stay open until they are written. Throws
 * ERR_CHECKPOINT_CONVERSION for an archive with links, devices or other entries that cannot be taken over.
 */
export function carriedEntries({ entries, open, label }: Archive): TarSourceEntry[] {
  return [...entries.values()].map(({ name, kind, mode }) => {
    if (kind === 'folder') return { name: `${name}/`, mode, body: undefined };
    if (kind === 'file') return { name, mode, body: open(name) };
    const message = `${label} holds a ${kind} that cannot be taken over into a new archive`;
    throw checkpointError('ERR_CHECKPOINT_CONVERSION', message, { hint: 'use the archive as it is' });
  });
}

/** The same entries, those named in `bodies` with that content. */
export function withBodies(
  entries: readonly TarSourceEntry[],
  bodies: ReadonlyMap<string, ByteSource>,
): TarSourceEntry[] {
  return entries.map((entry) => ({ ...entry, body: bodies.get(entry.name) ?? entry.body }));
}
