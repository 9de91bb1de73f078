/** The table of what a reference may lead to. A kind that is not here does not compile. */
import type { EvidenceReference } from '@stillframe/forensics';
import { showDescriptor } from './descriptor.ts';
import { showEntry } from './entry.ts';
import { showImage } from './image.ts';
import { showMapping, showMemory } from './memory.ts';
import { showProcess } from './process.ts';
import { showMount, showRootfs } from './rootfs.ts';
import type { ShowContext, Shown } from './shown.ts';
import { showSocket } from './socket.ts';

/** Reads what `reference` leads to. Throws ERR_REFERENCE_ABSENT, ERR_PROCESS_NOT_FOUND and what the readers throw. */
export function show(reference: EvidenceReference, context: ShowContext): Promise<Shown> {
  switch (reference.kind) {
    case 'process':
      return showProcess(reference, context);
    case 'memory':
      return showMemory(reference, context);
    case 'mapping':
      return showMapping(reference, context);
    case 'fd':
      return showDescriptor(reference, context);
    case 'socket':
      return showSocket(reference, context);
    case 'image':
      return showImage(reference, context);
    case 'entry':
      return showEntry(reference, context);
    case 'rootfs':
      return showRootfs(reference, context);
    case 'mount':
      return showMount(reference, context);
  }
}
