/** What waits in sockets: messages of Unix sockets (sk-queues) with the open files that travel in them. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';
import { isDamaged } from '../fd/damage.ts';
import { notQueued, type Queued, queuedBytes } from '../queued.ts';

/** What a socket has received and nobody read yet. */
export interface Inbox {
  /** Messages, or pieces of a stream. */
  readonly messages: number;
  readonly bytes: number;
  /** Files in flight (SCM_RIGHTS), by CRIU's id; at most the first 1,000. */
  readonly files: readonly number[];
  /** How many there are. */
  readonly fileCount: number;
}

/** SCM_RIGHTS. */
const RIGHTS = 1;
/** Files in flight that are kept of one socket, and of all. The kernel takes 253 in a message. */
const KEPT = 1000;
const KEPT_OF_ALL = 1 << 20;

/** The queues of all sockets whose content CRIU dumps message by message. */
export class SocketQueues {
  readonly #inboxes: ReadonlyMap<number, Inbox>;
  readonly #carriers: ReadonlyMap<number, readonly number[]>;
  readonly #damaged: boolean;

  constructor(inboxes: ReadonlyMap<number, Inbox>, damaged: boolean) {
    this.#inboxes = inboxes;
    this.#damaged = damaged;
    const carriers = new Map<number, number[]>();
    for (const [socket, { files }] of inboxes) {
      for (const file of new Set(files)) {
        const known = carriers.get(file);
        if (known) known.push(socket);
        else carriers.set(file, [socket]);
      }
    }
    this.#carriers = carriers;
  }

  /** What waits at a socket, by its file id; undefined where the image says nothing of it. */
  inbox(fileId: number): Inbox | undefined {
    return this.#inboxes.get(fileId);
  }

  /** Bytes that wait at a socket. CRIU writes an entry only where something waits. */
  queued(fileId: number): Queued {
    const inbox = this.#inboxes.get(fileId);
    // What lies behind the place of the damage may be more for this socket, too.
    if (this.#damaged) return notQueued('unreadable');
    return queuedBytes(inbox?.bytes ?? 0);
  }

  /** The sockets with something in their queues, by file id. */
  inboxes(): Iterable<readonly [fileId: number, inbox: Inbox]> {
    return this.#inboxes;
  }

  /** The sockets that hold messages with this file in them. */
  carriersOf(fileId: number): readonly number[] {
    return this.#carriers.get(fileId) ?? [];
  }
}

/** Reads the messages' sizes and files; their content is not read. */
export async function readSocketQueues(images: ImageSet, options: SignalOptions = {}): Promise<SocketQueues> {
  const inboxes = new Map<number, { messages: number; bytes: number; files: number[]; fileCount: number }>();
  let kept = 0;
  for await (const record of images.records('sk-queues', undefined, options)) {
    const { idFor, length, scm } = record.message;
    let inbox = inboxes.get(idFor);
    if (inbox === undefined) {
      inbox = { messages: 0, bytes: 0, files: [], fileCount: 0 };
      inboxes.set(idFor, inbox);
    }
    inbox.messages += 1;
    inbox.bytes += length;
    for (const { type, rights } of scm) {
      if (type !== RIGHTS) continue;
      inbox.fileCount += rights.length;
      const some = rights.slice(0, Math.max(0, Math.min(KEPT - inbox.files.length, KEPT_OF_ALL - kept)));
      inbox.files.push(...some);
      kept += some.length;
    }
  }
  return new SocketQueues(inboxes, isDamaged(images, 'sk-queues'));
}
