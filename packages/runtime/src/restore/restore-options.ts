/**
 * Options of CRIU that hold for the restore alone. They stand in the configuration file that the specification names
 * while the restore lasts; a later dump of the copy reads the file without them.
 */
import { readFile, rename } from 'node:fs/promises';
import { writeTextAtomically } from '@stillframe/core/file';
import { RESTORE_CLOSE } from '../checkpoint/criu-options.ts';

interface Folders {
  criuConfig: string;
}

const laterOf = ({ criuConfig }: Folders) => `${criuConfig}.dump`;

/** Prepares the file for the coming restore: what closes connections takes the place of what keeps them. */
export async function writeRestoreOptions(folders: Folders): Promise<void> {
  const config = await readFile(folders.criuConfig, 'utf8');
  const dump = config.split('\n').filter((line) => line !== '' && line !== RESTORE_CLOSE);
  const restore = config.includes(RESTORE_CLOSE)
    ? [...dump.filter((line) => line !== 'tcp-established'), RESTORE_CLOSE.slice(2)]
    : dump;
  await writeTextAtomically(laterOf(folders), `${dump.join('\n')}\n`);
  await writeTextAtomically(folders.criuConfig, `${restore.join('\n')}\n`);
}

/** After the restore: what a dump may read. Does nothing where that was done already. */
export async function dropRestoreOptions(folders: Folders): Promise<void> {
  await rename(laterOf(folders), folders.criuConfig).catch(() => undefined);
}
