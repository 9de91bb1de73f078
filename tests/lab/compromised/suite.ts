/** What is asked of both checkpoints, fresh ones and those that are kept as fixtures. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type BaseImage, openBaseImageFile, openCheckpoint } from '@stillframe/checkpoint';
import {
  demandChanges,
  demandCode,
  demandCredentials,
  demandNothing,
  demandOpenFiles,
  demandProcesses,
  type Read,
  readViews,
} from './demands.ts';
import type { Truth } from './truth.ts';

/** The archives of both, and the truth about the first. */
export interface Pair {
  readonly compromised: string;
  readonly clean: string;
  readonly truth: Truth;
  /** Of the image of both, where it is at hand. */
  readonly image?: string;
}

/** Tests in the suite that calls this; `open` is done before them. */
export function testPlanted(open: () => Promise<Pair>): void {
  let truth: Truth;
  let broken: Read;
  let clean: Read;
  let image: BaseImage | undefined;
  before(async () => {
    const pair = await open();
    ({ truth } = pair);
    image = pair.image === undefined ? undefined : await openBaseImageFile(pair.image);
    broken = await readViews(await openCheckpoint(pair.compromised), image?.layers);
    clean = await readViews(await openCheckpoint(pair.clean), image?.layers);
  });
  after(async () => {
    for (const read of [broken, clean]) await read?.checkpoint[Symbol.asyncDispose]();
    await image?.[Symbol.asyncDispose]();
  });

  test('processes that pretend, run what is in no file, or were told too much', () => demandProcesses(broken, truth));
  test('files without a name, the shell of a connection, a back door and a sniffer', () =>
    demandOpenFiles(broken, truth));
  test('code that was injected, and code that is not what its file has', () => demandCode(broken, truth));
  test('files that were added, changed, emptied and given rights', () => demandChanges(broken, truth));
  test('credentials on a heap, in an environment and in files', () => demandCredentials(broken, truth));
  test('none of it is in the sibling that nobody broke into', () => demandNothing(clean, truth));
  test('both are read without a fault', () => {
    for (const { checkpoint } of [broken, clean]) assert.deepEqual(checkpoint.diagnostics(), []);
  });
}
