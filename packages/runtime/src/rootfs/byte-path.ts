/**
 * Paths as the kernel has them: bytes, which need not be UTF-8. A byte path is a string of one character a byte
 * (latin1), so that it can be joined, compared and kept in sets; the filesystem is given its bytes.
 */
import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';

/** The byte path of ordinary text. */
export function byteText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** What the filesystem functions of Node.js take. */
export function bytesOfPath(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}

/** The text of a byte path, or undefined where its bytes are no UTF-8. */
export function textOfPath(path: string): string | undefined {
  const bytes = bytesOfPath(path);
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : undefined;
}

/** The entries of the folder at a byte path; their names are byte paths too. */
export async function entriesAt(path: string): Promise<{ name: string; entry: Dirent<Buffer> }[]> {
  const entries = await readdir(bytesOfPath(path), { encoding: 'buffer', withFileTypes: true });
  return entries.map((entry) => ({ name: entry.name.toString('latin1'), entry }));
}
