/** `process/7`: everything that CRIU wrote of it. */
import { targetName } from '@stillframe/checkpoint';
import type { EvidenceReference } from '@stillframe/forensics';
import { type Style, styleOf } from '../display/style.ts';
import { renderTree, type TreeNode } from '../display/tree.ts';
import { fact } from '../ps/facts.ts';
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
  const style = styleOf(context.io.colour);
  const paths = await pathsOf(reference.pid, context);
  for await (const view of readViews(images, { processes, detail: true, signal: context.io.signal }))
    return { facts: { ...jsonOf(view), ...paths }, text: renderTree(withPaths(sectionsOf(view, style), paths, style)) };
  throw absent(reference, 'nothing of it can be read');
}

/** What it runs, and where it stands: raw text, undefined where the dump does not tell. */
interface Paths {
  readonly executable: string | undefined;
  readonly workingFolder: string | undefined;
}

async function pathsOf(pid: number, context: ShowContext): Promise<Paths> {
  const open = await context.open();
  const path = (fd: 'exe' | 'cwd') => {
    const found = open.descriptors.find((each) => each.pid === pid && each.fd === fd);
    return found && targetName(open.files.target(found.fileId), open.files.machine);
  };
  return { executable: path('exe'), workingFolder: path('cwd') };
}

function withPaths(tree: TreeNode, { executable, workingFolder }: Paths, style: Style): TreeNode {
  const rows = [...fact('Executable', executable, style), ...fact('Working folder', workingFolder, style)];
  return { ...tree, children: [...rows, ...(tree.children ?? [])] };
}
