/** `socket/12`: a socket with its other end and what waits in it. */
import { readSockets } from '@stillframe/checkpoint';
import type { EvidenceReference } from '@stillframe/forensics';
import { styleOf } from '../display/style.ts';
import { renderTree } from '../display/tree.ts';
import { socketNode } from '../sockets/text.ts';
import { showSocket as viewOf } from '../sockets/view.ts';
import { absent, type ShowContext, type Shown } from './shown.ts';

export async function showSocket(
  reference: Extract<EvidenceReference, { kind: 'socket' }>,
  context: ShowContext,
): Promise<Shown> {
  const open = await context.open();
  for await (const socket of readSockets(context.checkpoint.images, open, { signal: context.io.signal })) {
    if (socket.fileId !== reference.fileId) continue;
    const shown = viewOf(socket, open, (pid) => context.processes.find((each) => each.pid === pid)?.comm);
    return { facts: shown.view, text: renderTree(socketNode(shown, styleOf(context.io.colour))) };
  }
  throw absent(reference, `no socket has the file id ${reference.fileId}`);
}
