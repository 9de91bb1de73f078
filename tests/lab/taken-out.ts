/** What `stillframe extract` takes out of a checkpoint, and where `stillframe search` finds a text in it. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stillframeHere } from './here.ts';

/** A row of extracted.json, as far as tests look at it. */
export interface TakenFile {
  kind: string;
  id: string;
  part?: string;
  state: string;
  file?: string;
  name?: string;
  holders: { pid?: number; fd?: number; start?: string; offset?: number; inQueueOf?: number }[];
  facts: Record<string, unknown>;
}

export interface TakenOut {
  files: readonly TakenFile[];
  /** Of a file that was written. */
  bytes(file: TakenFile | undefined): Promise<Buffer>;
}

/** Takes everything out into `folder`, which must not be there yet. */
export async function takeOut(checkpoint: string, folder: string): Promise<TakenOut> {
  await stillframeHere(['extract', checkpoint, '--to', folder]);
  const list = JSON.parse(await readFile(join(folder, 'extracted.json'), 'utf8'));
  assert.deepEqual(list.diagnostics, []);
  return { files: list.files, bytes: (file) => readFile(join(folder, file?.file ?? assert.fail('not written'))) };
}

/** Where a text stands, in which process and mapping. */
export interface FoundText {
  pid?: number;
  comm?: string;
  address: string;
  mapping: string;
}

/** All places of a text in memory. */
export async function findText(checkpoint: string, text: string): Promise<readonly FoundText[]> {
  const { stdout } = await stillframeHere(['search', checkpoint, text, '--output', 'json']);
  return JSON.parse(stdout).matches;
}
