/** Files of the archive that are no CRIU images: logs, and what the engine wrote beside the images. */
import { kindOfFile } from '@stillframe/criu-image';
import type { ArchiveEntry } from '../archive/tar-entry.ts';
import { imageFolder } from '../image-sets.ts';
import { ROOTFS_DIFF } from '../rootfs-diff.ts';
import { sourceContent } from './content.ts';
import type { Extractable, ExtractContext } from './extractable.ts';

/** Read as trees. */
const TREES: ReadonlySet<string> = new Set([ROOTFS_DIFF, 'devshm-checkpoint.tar']);

/** Lists the container's log and those of CRIU, by name. */
export async function* logs(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  yield* documents(context, 'log');
}

/** Lists config.dump, spec.dump and what else there is, by name. */
export async function* metadataFiles(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  yield* documents(context, 'metadata');
}

async function* documents({ checkpoint }: ExtractContext, kind: 'log' | 'metadata'): AsyncGenerator<Extractable> {
  const { archive, metadata } = checkpoint;
  const folder = imageFolder(archive.entries, archive.label);
  for (const entry of archive.entries.values()) {
    const { name } = entry;
    if (entry.kind !== 'file' || TREES.has(name) || isImage(name)) continue;
    const isLog = name === metadata.logEntry || name.endsWith('.log');
    if (isLog !== (kind === 'log')) continue;
    const plain = name.startsWith(folder) ? name.slice(folder.length) : name;
    yield {
      ...{ form: 'file', kind, id: plain, file: `${kind}/${plain}`, name, source: { image: name }, holders: [] },
      facts: { modified: modifiedOf(entry), ...(entry.truncated ? { truncated: true } : {}) },
      content: sourceContent(archive.open(name)),
    };
  }
}

/** In whatever folder: an archive may hold dumps before the last one. */
function isImage(name: string): boolean {
  return kindOfFile(name.slice(name.lastIndexOf('/') + 1)) !== undefined;
}

function modifiedOf({ mtime }: ArchiveEntry): string {
  return String(mtime);
}
