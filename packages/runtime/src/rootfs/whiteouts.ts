/** Deletions: OCI layers write them as `.wh.` names, overlayfs as 0:0 character devices and an opaque attribute. */
import type { Stats } from 'node:fs';
import { lstat, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { demand } from '../process/run.ts';
import { bytesOfPath, byteText, entriesAt, textOfPath } from './byte-path.ts';

const PREFIX = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** Turns every `.wh.` file under `folder` (an unpacked layer, image-spec layer.md) into what overlayfs understands. */
export async function convertWhiteouts(folder: string): Promise<void> {
  const devices: string[] = [];
  const opaque: string[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const { name, entry } of await entriesAt(at)) {
      const path = join(at, name);
      if (entry.isDirectory()) await walk(path);
      else if (name === OPAQUE) {
        await rm(bytesOfPath(path));
        opaque.push(at);
      } else if (name.startsWith(PREFIX)) {
        await rm(bytesOfPath(path));
        const hidden = name.slice(PREFIX.length);
        // `.wh...` would name the folder above; image-spec knows no such entry.
        if (hidden !== '' && hidden !== '.' && hidden !== '..') devices.push(join(at, hidden));
      }
    }
  };
  await walk(byteText(folder));
  // A whiteout hides what lower layers have of that name, not what its own layer has (image-spec layer.md, Whiteouts).
  for (const path of devices) {
    const stat = await lstat(bytesOfPath(path)).catch(() => undefined);
    const text = textOfPath(path);
    // mknod(1) is given text; deletions of names that are none are not honoured.
    if (!stat && text !== undefined) await makeWhiteout(text);
    else if (stat?.isDirectory()) opaque.push(path);
  }
  for (const path of opaque) {
    const text = textOfPath(path);
    if (text !== undefined) await markOpaque(text);
  }
}

/** Hides what lies below at `path`, inside an upper or layer folder; whatever stands there already is replaced. */
export async function makeWhiteout(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await demand(['mknod', path, 'c', '0', '0'], { timeout: 30_000 });
}

function markOpaque(folder: string): Promise<unknown> {
  return demand(['setfattr', '-n', 'trusted.overlay.opaque', '-v', 'y', folder], { timeout: 30_000 });
}

/** Whether a file of an upper folder is overlayfs' mark of a deletion. */
export async function isWhiteout(path: string | Buffer): Promise<boolean> {
  return isWhiteoutStat(await lstat(path));
}

/** The same of what lstat(2) says of it. */
export function isWhiteoutStat(stat: Stats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0;
}
