/** The private keys by which a node decrypts images: the files of one folder, as CRI-O and containerd have it. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Logger, messageOf, readAll, systemCode, systemFact } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { type DecryptionKey, MAX_KEY_FILE, parsePrivateKey } from '@stillframe/oci';

/** Used where the configuration names no other, and where it is there. */
export const DEFAULT_KEYS = '/etc/stillframe/keys';
/** Files that are read; each key is tried for each recipient of a layer. */
const MOST = 64;

/**
 * Read anew for each encrypted image, so that keys come and go without a restart. A file that holds no key, or one with a
 * passphrase, is told in the log and passed over.
 */
export async function readKeyFolder(folder: string, logger: Logger): Promise<DecryptionKey[]> {
  const skip = (path: string, reason: string) => logger.log('warn', 'a key of images is passed over', { path, reason });
  let names: string[] = [];
  try {
    names = (await readdir(folder)).sort();
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || folder !== DEFAULT_KEYS) skip(folder, systemFact(error));
  }
  const keys: DecryptionKey[] = [];
  for (const name of names.slice(0, MOST)) {
    const path = join(folder, name);
    try {
      keys.push(await readKey(path));
      if ((await stat(path)).mode & 0o077) logger.log('warn', 'others may read or write a key of images', { path });
    } catch (error) {
      skip(path, messageOf(error));
    }
  }
  if (names.length > MOST) skip(folder, `it holds ${names.length} files; the first ${MOST} were read`);
  return keys;
}

async function readKey(path: string): Promise<DecryptionKey> {
  await using file = await openFileSource(path);
  return await parsePrivateKey(await readAll(file, { limit: MAX_KEY_FILE }), path);
}
