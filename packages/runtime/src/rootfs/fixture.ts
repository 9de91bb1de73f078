/** Folders for tests of root filesystems: a tree as text, for comparing. */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** One line for everything below `folder`: kind, mode, owner, name and content, sorted. */
export async function listing(folder: string, inside = ''): Promise<string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(join(folder, inside))).sort()) {
    const path = join(inside, name);
    const full = join(folder, path);
    const stat = await lstat(full);
    const owner = `${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
    if (stat.isDirectory()) lines.push(`d ${owner} ${path}`, ...(await listing(folder, path)));
    else if (stat.isSymbolicLink()) lines.push(`l ${path} -> ${await readlink(full)}`);
    else if (stat.isFile()) lines.push(`f ${owner} ${path} ${JSON.stringify(await readFile(full, 'utf8'))}`);
    else if (stat.isCharacterDevice()) lines.push(`c ${path} ${stat.rdev}`);
    else lines.push(`? ${path}`);
  }
  return lines;
}
