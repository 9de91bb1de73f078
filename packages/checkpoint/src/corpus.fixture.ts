/** For tests: images of fixtures/corpus, of a container and of a network that hold one of everything (tests/lab/corpus.ts). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesSource } from '@stillframe/core';
import { type ImageSet, openImageSet } from '@stillframe/criu-image';

const FOLDER = join(import.meta.dirname, '../fixtures/corpus');

/** The set, with `others` in place of images of their names, or beside them. */
export function corpusImages(others: Readonly<Record<string, Uint8Array>> = {}): ImageSet {
  const names = [...new Set([...readdirSync(FOLDER), ...Object.keys(others)])];
  return openImageSet({
    names: () => names,
    open: (name) => (names.includes(name) ? bytesSource(others[name] ?? readFileSync(join(FOLDER, name))) : undefined),
  });
}

/** A set of nothing but these files. */
export function imagesOf(files: Readonly<Record<string, Uint8Array>>): ImageSet {
  return openImageSet({
    names: () => Object.keys(files),
    open: (name) => {
      const bytes = files[name];
      return bytes && bytesSource(bytes);
    },
  });
}
