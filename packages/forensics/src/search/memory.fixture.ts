/** For the tests of the search: image sets of made-up processes, written byte by byte. */
import { bytesSource } from '@stillframe/core';
import { type ImageSet, openImageSet, VmaStatus } from '@stillframe/criu-image';

/** Bytes of a page. */
export const PAGE = 4096;

/** A VMA; places and sizes are in pages. `shmid`: the segment, or for a memfd the id of its file. */
export interface MadeVma {
  readonly from: number;
  readonly pages: number;
  readonly status?: number;
  readonly prot?: number;
  readonly shmid?: number;
  /** In pages. */
  readonly offset?: number;
}

/** A process with its private pages, a list a run. */
export interface MadeProcess {
  readonly pid: number;
  readonly vmas: readonly MadeVma[];
  readonly runs: readonly MadeRun[];
}

/** Pages that were captured: from which one on, and their bytes. */
export interface MadeRun {
  readonly from: number;
  readonly bytes: Uint8Array;
}

/** A segment of shared memory. `memfd`: the file by which it is mapped. */
export interface MadeSegment {
  readonly id: number;
  readonly runs: readonly MadeRun[];
  readonly memfd?: number;
}

/** The image set of these processes and segments, as CRIU would have written it. */
export function madeImages(processes: readonly MadeProcess[], segments: readonly MadeSegment[] = []): ImageSet {
  const files = madeFiles(processes, segments);
  return openImageSet({ names: () => files.keys(), open: (name) => map(files.get(name), bytesSource) });
}

function map<A, B>(value: A | undefined, change: (value: A) => B): B | undefined {
  return value === undefined ? undefined : change(value);
}

/** The files of such a set. */
export function madeFiles(
  processes: readonly MadeProcess[],
  segments: readonly MadeSegment[] = [],
): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const put = (name: string, id: number, runs: readonly MadeRun[]) => {
    const entries = runs.map(({ from, bytes }) => pagemapEntry(from, bytes.length / PAGE));
    files.set(`pagemap-${name}.img`, image(0x56084025, message([1, BigInt(id)]), ...entries));
    files.set(`pages-${id}.img`, Buffer.concat(runs.map(({ bytes }) => bytes)));
  };
  let pages = 1;
  for (const { pid, vmas, runs } of processes) {
    files.set(`mm-${pid}.img`, mmImage(vmas));
    put(`${pid}`, pages++, runs);
  }
  for (const { id, runs } of segments) put(`shmem-${id}`, pages++, runs);
  files.set('pstree.img', image(0x50273030, ...processes.map(({ pid }) => task(pid))));
  const memfds = segments.filter(({ memfd }) => memfd !== undefined);
  files.set('files.img', image(0x56303138, ...memfds.map(({ id, memfd = 0 }) => fileEntry(memfd, id))));
  files.set('memfd.img', image(0x48453499, ...memfds.map(({ id }) => memfdEntry(id))));
  return files;
}

type Field = readonly [number: number, value: bigint | Uint8Array];

/** A protobuf varint. */
function varint(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 0x80n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 0x7fn) | 0x80);
  }
}

function message(...fields: readonly Field[]): Uint8Array {
  const parts = fields.map(([number, value]) =>
    typeof value === 'bigint'
      ? Buffer.from([...varint(BigInt(number << 3)), ...varint(value)])
      : Buffer.concat([Buffer.from([...varint(BigInt((number << 3) | 2)), ...varint(BigInt(value.length))]), value]),
  );
  return Buffer.concat(parts);
}

/** A CRIU image: two magics, then messages with their lengths. */
function image(magic: number, ...messages: readonly Uint8Array[]): Uint8Array {
  const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
  return Buffer.concat([words(0x54564319, magic), ...messages.flatMap((bytes) => [words(bytes.length), bytes])]);
}

function mmImage(vmas: readonly MadeVma[]): Uint8Array {
  const required = Array.from({ length: 12 }, (_, i): Field => [i + 1, 0n]);
  const entries = vmas.map(
    ({ from, pages, status = VmaStatus.ANON_PRIVATE, prot = 3, shmid = 0, offset = 0 }): Field => [
      14,
      message(
        [1, BigInt(from * PAGE)],
        [2, BigInt((from + pages) * PAGE)],
        [3, BigInt(offset * PAGE)],
        [4, BigInt(shmid)],
        [5, BigInt(prot)],
        [6, 0n],
        [7, BigInt(status | VmaStatus.REGULAR)],
        [8, 0n],
      ),
    ],
  );
  return image(0x57492820, message(...required, ...entries));
}

function pagemapEntry(from: number, pages: number): Uint8Array {
  return message([1, BigInt(from * PAGE)], [2, 0n], [4, 4n], [5, BigInt(pages)]);
}

function task(pid: number): Uint8Array {
  const id = BigInt(pid);
  return message([1, id], [2, 0n], [3, id], [4, id], [5, id]);
}

function fileEntry(file: number, segment: number): Uint8Array {
  const owner = message([1, 0n], [2, 0n], [3, 0n], [4, 0n], [5, 0n]);
  const memfd = message([1, BigInt(file)], [2, 0n], [3, 0n], [4, owner], [5, BigInt(1000 + segment)]);
  return message([1, 18n], [2, BigInt(file)], [20, memfd]);
}

function memfdEntry(segment: number): Uint8Array {
  const name = Buffer.from('jit');
  const inode = BigInt(1000 + segment);
  return message([1, name], [2, 0n], [3, 0n], [4, BigInt(PAGE)], [5, BigInt(segment)], [6, 0n], [7, inode]);
}
