/** For tests of extraction: a checkpoint of given images and files, and what is taken out of it. */
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesSource, UndoStack } from '@stillframe/core';
import { openTemporaryFolder } from '@stillframe/core/file';
import { inventory_entrySchema, pstree_entrySchema } from '@stillframe/criu-image/proto';
import { entry, tarOf } from '../archive/tar.fixture.ts';
import { type Checkpoint, openCheckpoint } from '../checkpoint.ts';
import { frame, image } from '../elf-core/made-set.fixture.ts';
import { type ExtractedFile, type ExtractOptions, extractInto } from './extract.ts';
import { openExtractionFolder } from './folder.ts';
import { listExtractables, openExtractContext, type Selection } from './select.ts';

export { frame, image };

/** The inventory has but one magic. */
const INVENTORY = image(0x58313116, [frame(inventory_entrySchema, { imgVersion: 2 })]).subarray(4);
/** One process, of which nothing else is there unless a test gives it. */
const PSTREE = image(0x50273030, [frame(pstree_entrySchema, { pid: 7, ppid: 0, pgid: 7, sid: 7, threads: [7] })]);

/** A checkpoint archive with these CRIU images, and these other entries before them. */
export function madeCheckpoint(
  images: Readonly<Record<string, Uint8Array>>,
  ...others: readonly Uint8Array[]
): Promise<Checkpoint> {
  const parts = Object.entries({ 'pstree.img': PSTREE, ...images }).map(([name, bytes]) =>
    entry(`checkpoint/${name}`, bytes),
  );
  return openCheckpoint(bytesSource(tarOf(...others, entry('checkpoint/inventory.img', INVENTORY), ...parts)));
}

export interface Taken extends AsyncDisposable {
  folder: string;
  files: readonly ExtractedFile[];
  /** The bytes of a file that was written, by its name in the folder. */
  read(file: string): Promise<Buffer>;
}

/** Takes out what is selected into a folder that goes away again. */
export async function takeOut(
  checkpoint: Checkpoint,
  selection: Selection = {},
  options: Partial<ExtractOptions> = {},
): Promise<Taken> {
  await using undo = new UndoStack();
  const parent = await openTemporaryFolder(tmpdir());
  undo.push('folder', () => parent[Symbol.asyncDispose]());
  const path = join(parent.path, 'out');
  const context = await openExtractContext(checkpoint, selection);
  await using folder = await openExtractionFolder(path);
  const things = listExtractables(context, selection);
  const files = await Array.fromAsync(extractInto(folder, things, checkpoint, { limit: 1n << 30n, ...options }));
  await folder.publish();
  undo.keep();
  return {
    folder: path,
    files,
    read: (file) => readFile(join(path, file)),
    [Symbol.asyncDispose]: () => parent[Symbol.asyncDispose](),
  };
}
