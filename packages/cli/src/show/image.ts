/** `image/files.img#3`: entries of an image of CRIU, as crit shows them. */

import { imageFiles } from '@stillframe/checkpoint';
import { Diagnostics, harmless, isCode } from '@stillframe/core';
import { imageToJson } from '@stillframe/criu-image/crit';
import type { EvidenceReference } from '@stillframe/forensics';
import { absent, type ShowContext, type Shown, sourceBytes } from './shown.ts';

const FIRST = 256;

export async function showImage(
  { name, entry }: Extract<EvidenceReference, { kind: 'image' }>,
  context: ShowContext,
): Promise<Shown> {
  const { signal } = context.io;
  const source = imageFiles(context.checkpoint.archive).open(name);
  if (!source) throw absent({ kind: 'image', name, entry }, 'there is no such image');
  const bytes = sourceBytes(source, FIRST, signal);
  const faults = new Diagnostics();
  const report = (fault: Parameters<Parameters<typeof imageToJson>[1]>[0]) => faults.add({ ...fault, source: name });
  const json = (pretty: boolean) => imageToJson(source, report, { pretty, only: entry, signal });
  try {
    // What is no image of entries is told by the first piece.
    await json(false).next();
  } catch (error) {
    if (!isCode(error, 'ERR_CRIU_IMAGE_UNRECOGNISED')) throw error;
    return { facts: { image: name }, text: `${harmless(name)} holds bytes alone\n`, bytes };
  }
  async function* text() {
    for await (const piece of json(true)) yield piece.split('\n').map(harmless).join('\n');
    yield '\n';
  }
  return { facts: { image: name, entry }, text: text(), json: json(false), bytes: { ...bytes, preview: 0 } };
}
