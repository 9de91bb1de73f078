/** Looking into an unpacked layer, whose links lead wherever the image's maker liked, the host's own files included. */
import type { Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfPath } from './byte-path.ts';

/** The folder at the byte path `path` of a layer (a byte path too), or undefined where it is none or a part of the way is a link, which is never followed. */
export async function folderInLayer(layer: string, path: string): Promise<Stats | undefined> {
  let at = layer;
  let found: Stats | undefined;
  for (const part of path.split('/')) {
    at = join(at, part);
    found = await lstat(bytesOfPath(at)).catch(() => undefined);
    if (!found?.isDirectory()) return undefined;
  }
  return found;
}
