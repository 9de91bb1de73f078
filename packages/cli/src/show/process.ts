/** `process/7`: everything that CRIU wrote of it. */
import type { EvidenceReference } from '@stillframe/forensics';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { jsonOf } from '../ps/json.ts';
import { readViews } from '../ps/model.ts';
import { sectionsOf } from '../ps/sections.ts';
import { absent, type ShowContext, type Shown } from './shown.ts';

export async function showProcess(
  reference: Extract<EvidenceReference, { kind: 'process' }>,
  context: ShowContext,
): Promise<Shown> {
  const processes = [context.process(reference.pid)];
  const { images } = context.checkpoint;
  for await (const view of readViews(images, { processes, detail: true, signal: context.io.signal }))
    return { facts: jsonOf(view), text: renderTree(sectionsOf(view, styleOf(context.io.colour))) };
  throw absent(reference, 'nothing of it can be read');
}
