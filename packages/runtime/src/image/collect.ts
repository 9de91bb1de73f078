/** Removing what no image needs: blobs, layers and temporary files, also those of a pull that was killed. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { TEMPORARY_PREFIX } from '@stillframe/core/file';

export interface Wanted {
  /** Hexadecimal digits of the blobs' digests. */
  blobs: ReadonlySet<string>;
  layers: ReadonlySet<string>;
}

/** Removes everything else. No pull may be under way. Returns how many files and folders went. */
export async function collect(blobsFolder: string, layersFolder: string, wanted: Wanted): Promise<number> {
  const blobs = await removeOthers(blobsFolder, wanted.blobs);
  return blobs + (await removeOthers(layersFolder, wanted.layers));
}

/** Removes only what a killed pull left half written. */
export async function collectTemporary(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    for (const name of await readdir(folder)) {
      if (name.startsWith(TEMPORARY_PREFIX)) await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

async function removeOthers(folder: string, wanted: ReadonlySet<string>): Promise<number> {
  const others = (await readdir(folder)).filter((name) => !wanted.has(name));
  for (const name of others) await rm(join(folder, name), { recursive: true, force: true });
  return others.length;
}
