/** THE table of what can be taken out, in the order in which it is told. `memory` is asked for by process (memory.ts). */
import { logs, metadataFiles } from './documents.ts';
import type { Extractable, ExtractContext, Extractor } from './extractable.ts';
import { ghosts } from './ghosts.ts';
import { processTexts } from './process-texts.ts';
import { fifos, messages, pipes, terminals } from './queues.ts';
import { memfds, sharedMappings, sysvSegments } from './segments.ts';
import { tcpQueues } from './tcp-queues.ts';
import { rootfsChanges, tmpfsMounts } from './trees.ts';
import { unixQueues } from './unix-queues.ts';

/** All kinds that are listed without being asked for by name. */
export const extractors: readonly Extractor[] = [
  { kind: 'ghost', summary: 'deleted files that were held open', list: ghosts },
  { kind: 'memfd', summary: 'files in memory (memfd_create)', list: memfds },
  { kind: 'shm', summary: 'shared anonymous mappings', list: sharedMappings },
  { kind: 'ipc', summary: 'System V shared memory and messages', list: systemV },
  { kind: 'tmpfs', summary: 'files of tmpfs mounts; /dev/shm is POSIX shared memory', list: tmpfsMounts },
  { kind: 'pipe', summary: 'bytes in pipes', list: pipes },
  { kind: 'fifo', summary: 'bytes in FIFOs', list: fifos },
  { kind: 'socket', summary: 'queues of Unix sockets, a file for each datagram', list: unixQueues },
  { kind: 'tcp', summary: 'queues of TCP connections both ways, as bytes and as PCAP', list: tcpQueues },
  { kind: 'tty', summary: 'queues of terminals', list: terminals },
  { kind: 'env', summary: 'environment at the start and now, and arguments, of each process', list: processTexts },
  { kind: 'rootfs', summary: 'files that the container changed', list: rootfsChanges },
  { kind: 'log', summary: 'the container’s log and those of CRIU', list: logs },
  { kind: 'metadata', summary: 'config.dump, spec.dump and the like', list: metadataFiles },
];

async function* systemV(context: ExtractContext): AsyncGenerator<Extractable, void, undefined> {
  yield* sysvSegments(context);
  yield* messages(context);
}
