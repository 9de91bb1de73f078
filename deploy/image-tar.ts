/** A tar that follows from its files alone: sorted, owned by root, of no time. */
import { dirname } from 'node:path/posix';
import { encodeTarHeader } from '@stillframe/checkpoint';
import type { TreeFile } from './image-files.ts';

const BLOCK = 512;

/** The layer with these files and the folders that they need. */
export function tarOf(files: readonly TreeFile[]): Uint8Array {
  const folders = new Set(files.flatMap(({ name }) => ancestorsOf(name)));
  const entries = [
    ...[...folders].map((name) => ({ name: `${name}/`, type: '5', mode: 0o755, bytes: new Uint8Array() })),
    ...files.map((file) => ({ ...file, type: '0' })),
  ].sort((a, b) => (a.name < b.name ? -1 : 1));
  const blocks = entries.flatMap(({ name, type, mode, bytes }) => [
    encodeTarHeader({ name, type, mode, size: BigInt(bytes.length) }),
    bytes,
    new Uint8Array((BLOCK - (bytes.length % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...blocks, new Uint8Array(2 * BLOCK)]);
}

function ancestorsOf(name: string): string[] {
  const folder = dirname(name);
  return folder === '.' ? [] : [...ancestorsOf(folder), folder];
}
