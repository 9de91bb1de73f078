/** Unix sockets. */
import type { core_entry_march, unix_sk_entry } from '@stillframe/criu-image/proto';
import { ownerOf } from '../fd/file-owner.ts';
import { notQueued, type Queued, queuedBytes } from '../queued.ts';
import { recorded } from '../recorded.ts';
import { shutdownName } from './inet.ts';
import { socketTypeName, stateName, unixName } from './names.ts';
import { commonOptions } from './options.ts';
import type { SocketQueues } from './queues.ts';
import type { Peer, UnixSocket } from './socket.ts';

/** tcp_states.h, which the kernel uses for these too. */
export const LISTEN = 10;
/** Bits of uflags (CRIU sk-unix.c). */
const USK_EXTERN = 1;

/** `pending`: connections that wait at a listening one. */
export function unixSocket(
  entry: unix_sk_entry,
  peer: Peer,
  pending: number,
  queues: SocketQueues,
  machine: core_entry_march,
): UnixSocket {
  const { id, type, state, ino, flags, backlog, fown, filePerms } = entry;
  const isListening = state === LISTEN;
  const external = (entry.uflags & USK_EXTERN) !== 0;
  const inbox = queues.inbox(id);
  // Of a socket that is not in the tree CRIU has the name alone.
  const receiveQueue = external ? notQueued('not-captured') : isListening ? queuedBytes(0) : queues.queued(id);
  return {
    fileId: id,
    family: 'unix',
    type: socketTypeName(type),
    state: stateName(state),
    inode: ino,
    flags,
    namespace: recorded(entry, 'nsId'),
    name: unixName(entry.name),
    folder: recorded(entry, 'nameDir'),
    deleted: recorded(entry, 'deleted') ?? false,
    permissions: filePerms && { mode: filePerms.mode, uid: filePerms.uid, gid: filePerms.gid },
    peerInode: entry.peer,
    peer,
    backlog: isListening ? backlog : undefined,
    pending,
    receiveQueue,
    sendQueue: sendQueue(peer, queues),
    messages: receiveQueue.state === 'present' ? (inbox?.messages ?? 0) : undefined,
    inFlight: inbox?.files ?? [],
    inFlightCount: inbox?.fileCount ?? 0,
    sendMemory: isListening || external ? undefined : backlog,
    shutdown: shutdownName(entry.shutdown),
    external,
    options: commonOptions(entry.opts),
    owner: fown && ownerOf(fown, machine),
  };
}

/** What was sent lies in the queue of the other end, which is to be told from what others sent only in a pair. */
function sendQueue(peer: Peer, queues: SocketQueues): Queued {
  if (peer.place === 'here') return queues.queued(peer.fileId);
  return peer.place === 'none' ? queuedBytes(0) : notQueued('not-captured');
}
