/** `fd/7/3`, `fd/7/exe`: what an open file is, who has it, and its content where the checkpoint holds it. */
import { type Descriptor, type Extractable, listExtractables, SocketPeers } from '@stillframe/checkpoint';
import type { EvidenceReference } from '@stillframe/forensics';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { FileRows } from '../open-files/row.ts';
import { processNode } from '../open-files/text.ts';
import { changedFile } from './rootfs.ts';
import { absent, type ShowContext, type Shown, type ShownBytes } from './shown.ts';

const FIRST = 256;

export async function showDescriptor(
  reference: Extract<EvidenceReference, { kind: 'fd' }>,
  context: ShowContext,
): Promise<Shown> {
  const { pid, fd } = reference;
  const process = context.process(pid);
  const open = await context.open();
  const found = open.descriptors.find((each) => each.pid === pid && each.fd === fd);
  if (!found) throw absent(reference, `process ${pid} has no ${typeof fd === 'number' ? `fd ${fd}` : fd}`);
  const row = new FileRows(open, new SocketPeers(open.files.entries())).row(process, found);
  const text = renderTree(processNode(pid, process.comm, [row], styleOf(context.io.colour)));
  return { facts: row, text, bytes: await contentOf(found, context) };
}

/** Of a deleted file, a memfd, a queue: from the images; of another, where the container had changed it. */
async function contentOf({ pid, fd, fileId }: Descriptor, context: ShowContext): Promise<ShownBytes | undefined> {
  const { signal } = context.io;
  const wishes = (['ghost', 'memfd', 'pipe', 'fifo', 'tty'] as const).map((kind) => ({ kind }));
  const holds = (thing: Extractable) =>
    thing.holders.some((holder) => {
      if ('as' in holder) return holder.pid === pid && holder.as === fd;
      return 'fd' in holder && holder.pid === pid && holder.fd === fd;
    });
  for await (const thing of listExtractables(await context.extract(), { wishes, pids: new Set([pid]), signal })) {
    if (thing.form !== 'file' || !thing.content || !holds(thing)) continue;
    return context.bytesOf(thing, 0n, thing.content.size, FIRST);
  }
  const { target } = (await context.open()).facts(fileId);
  return target.type === 'file' && !target.deleted ? changedFile(target.path, context) : undefined;
}
