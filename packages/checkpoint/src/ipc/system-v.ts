/** System V shared memory, semaphores and messages, and the limits of each IPC namespace (ipcns images). */
import { type ByteSource, readAll, sliceSource, viewOf } from '@stillframe/core';
import { type ImageSet, type SignalOptions, VmaStatus } from '@stillframe/criu-image';
import type { ipc_desc_entry, ipc_var_entry } from '@stillframe/criu-image/proto';
import type { KernelNamespace } from '../namespace/kernel-namespaces.ts';

/** What the three kinds share. Ids are those inside the user namespace. */
export interface IpcObject {
  readonly id: number;
  /** As programs ask for it; 0 for a private one. */
  readonly key: number;
  readonly uid: number;
  readonly gid: number;
  readonly creatorUid: number;
  readonly creatorGid: number;
  /** Permission bits. */
  readonly mode: number;
}

/** Where a process has a segment mapped. */
export interface Attachment {
  readonly pid: number;
  readonly start: bigint;
  readonly end: bigint;
}

/** A shared memory segment. */
export interface SharedSegment extends IpcObject {
  /** Bytes. */
  readonly bytes: bigint;
  readonly attached: readonly Attachment[];
}

/** A set of semaphores. */
export interface SemaphoreSet extends IpcObject {
  readonly count: number;
  /** Fewer than `count` where the image is cut short or claims more than the kernel allows. */
  readonly values: readonly number[];
}

/** A message in a queue. */
export interface IpcMessage {
  readonly type: bigint;
  /** Bytes as the queue counts them. */
  readonly size: number;
  /** Fewer than `size` where the image is cut short, or where so much was read of the namespace already. */
  readonly content: Uint8Array;
}

/** A message queue. */
export interface MessageQueue extends IpcObject {
  /** Bytes that it may hold. */
  readonly capacity: number;
  /** Messages that the entry claims. */
  readonly count: number;
  readonly messages: readonly IpcMessage[];
}

/** Limits of an IPC namespace, by the names of its sysctls (`kernel.shmmax`, `fs.mqueue.msg_max`). */
export type IpcLimits = Readonly<Record<string, bigint>>;

/** What an IPC namespace holds. */
export interface IpcNamespace {
  readonly id: number;
  readonly segments: readonly SharedSegment[];
  readonly semaphores: readonly SemaphoreSet[];
  readonly queues: readonly MessageQueue[];
  readonly limits: IpcLimits | undefined;
}

/** Semaphores of one set that are told: the kernel's own bound (SEMMSL). */
const SEMAPHORES = 32_000;
/** Bytes of messages that are kept of one namespace. */
const MESSAGES = 16 << 20;
const KINDS = ['ipcns-var', 'ipcns-shm', 'ipcns-sem', 'ipcns-msg'] as const;

/** Reads all IPC namespaces that the dump has images of. `namespaces`: those that readKernelNamespaces found. */
export async function readIpc(
  images: ImageSet,
  options: SignalOptions & { namespaces: readonly KernelNamespace[] },
): Promise<readonly IpcNamespace[]> {
  const found: IpcNamespace[] = [];
  for (const id of [...new Set(KINDS.flatMap((kind) => images.ids(kind)))].sort((a, b) => a - b)) {
    const variables = await images.single('ipcns-var', id, options);
    const pids = options.namespaces.find(({ nsKind, id: known }) => nsKind === 'ipc' && known === id)?.pids;
    found.push({
      id,
      segments: await readSegments(images, id, pids ?? [], options),
      semaphores: await readSemaphores(images, id, options),
      queues: await readQueues(images, id, options),
      limits: variables && limitsOf(variables),
    });
  }
  return found;
}

function objectOf(entry: ipc_desc_entry | undefined): IpcObject {
  const { id = 0, key = 0, uid = 0, gid = 0, cuid = 0, cgid = 0, mode = 0 } = entry ?? {};
  return { id, key, uid, gid, creatorUid: cuid, creatorGid: cgid, mode: mode & 0o777 };
}

async function readSegments(images: ImageSet, id: number, pids: readonly number[], options: SignalOptions) {
  const segments: SharedSegment[] = [];
  const attached = new Map<number, Attachment[]>();
  for await (const { desc, size } of images.entries('ipcns-shm', id, options)) {
    const object = objectOf(desc);
    const places: Attachment[] = attached.get(object.id) ?? [];
    attached.set(object.id, places);
    segments.push({ ...object, bytes: size, attached: places });
  }
  if (attached.size === 0) return segments;
  for (const pid of pids) {
    const mm = await images.single('mm', pid, options);
    for (const { start, end, status, shmid } of mm?.vmas ?? []) {
      // The number of the segment stands where that of a file would.
      if ((status & VmaStatus.SYSVIPC) !== 0) attached.get(Number(shmid))?.push({ pid, start, end });
    }
  }
  return segments;
}

async function readSemaphores(images: ImageSet, id: number, options: SignalOptions): Promise<readonly SemaphoreSet[]> {
  const sets: SemaphoreSet[] = [];
  for await (const record of images.records('ipcns-sem', id, options)) {
    if (record.role !== 'entry') continue;
    const { desc, nsems } = record.message;
    const bytes = await headOf(record.payload['values'], SEMAPHORES * 2, options);
    const view = viewOf(bytes);
    const values = Array.from({ length: Math.min(nsems, bytes.length >> 1) }, (_, at) => view.getUint16(at * 2, true));
    sets.push({ ...objectOf(desc), count: nsems, values });
  }
  return sets;
}

async function readQueues(images: ImageSet, id: number, options: SignalOptions): Promise<readonly MessageQueue[]> {
  const queues: (MessageQueue & { messages: IpcMessage[] })[] = [];
  let left = MESSAGES;
  for await (const record of images.records('ipcns-msg', id, options)) {
    if (record.role === 'entry') {
      const { desc, qbytes, qnum } = record.message;
      queues.push({ ...objectOf(desc), capacity: qbytes, count: qnum, messages: [] });
    } else if (record.role === 'member') {
      const { mtype, msize } = record.message;
      const content = await headOf(record.payload['data'], left, options);
      left -= content.length;
      queues.at(-1)?.messages.push({ type: mtype, size: msize, content });
    }
  }
  if (left === 0) {
    const message = `only the first ${MESSAGES} bytes of messages are told`;
    images.reporter('ipcns-msg', id)({ id: 'ipc-messages-limited', severity: 'error', message });
  }
  return queues;
}

/** The first `most` bytes. */
async function headOf(source: ByteSource | undefined, most: number, options: SignalOptions): Promise<Uint8Array> {
  if (source === undefined) return new Uint8Array();
  const size = Math.min(source.size, most);
  return readAll(sliceSource(source, 0, size), { ...options, limit: most });
}

function limitsOf(entry: ipc_var_entry): IpcLimits {
  const [perSet = 0, inAll = 0, perCall = 0, sets = 0] = entry.semCtls;
  const optional = (name: string, field: keyof ipc_var_entry) =>
    Object.hasOwn(entry, field) ? { [name]: BigInt(entry[field] as number) } : {};
  return {
    'kernel.shmmax': entry.shmCtlmax,
    'kernel.shmall': entry.shmCtlall,
    'kernel.shmmni': BigInt(entry.shmCtlmni),
    'kernel.shm_rmid_forced': BigInt(entry.shmRmidForced),
    'kernel.sem.msl': BigInt(perSet),
    'kernel.sem.mns': BigInt(inAll),
    'kernel.sem.opm': BigInt(perCall),
    'kernel.sem.mni': BigInt(sets),
    'kernel.msgmax': BigInt(entry.msgCtlmax),
    'kernel.msgmnb': BigInt(entry.msgCtlmnb),
    'kernel.msgmni': BigInt(entry.msgCtlmni),
    'kernel.auto_msgmni': BigInt(entry.autoMsgmni),
    'fs.mqueue.queues_max': BigInt(entry.mqQueuesMax),
    'fs.mqueue.msg_max': BigInt(entry.mqMsgMax),
    'fs.mqueue.msgsize_max': BigInt(entry.mqMsgsizeMax),
    ...optional('fs.mqueue.msg_default', 'mqMsgDefault'),
    ...optional('fs.mqueue.msgsize_default', 'mqMsgsizeDefault'),
  };
}
