/** For the tests of this package: the real image sets in fixtures/, and images made of given messages. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { bytesSource } from '@stillframe/core';
import { type ImageFiles, type ImageSet, openImageSet } from './image-set.ts';
import { VmaStatus } from './memory/vma-status.ts';
import { mm_entrySchema, pagemap_entrySchema, pagemap_headSchema } from './proto.ts';

const COMMON_MAGIC = 0x54564319;

/** The files of a real image set: `crio-counter` (CRIU 4.2.1) or `containerd-counter` (CRIU 4.1.1). */
export function fixtureFiles(name: 'crio-counter' | 'containerd-counter'): Map<string, Uint8Array> {
  const folder = join(import.meta.dirname, '../fixtures', name);
  return new Map(readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))]));
}

/** Files in memory as an image set wants them. */
export function filesOf(files: ReadonlyMap<string, Uint8Array>): ImageFiles {
  return {
    names: () => files.keys(),
    open: (name) => {
      const bytes = files.get(name);
      return bytes && bytesSource(bytes);
    },
  };
}

/** A message as it stands in an image: length, then bytes. */
export function frame<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Uint8Array {
  const bytes = toBinary(schema, create(schema, init));
  return new Uint8Array(Buffer.concat([words(bytes.length), bytes]));
}

/** Little-endian 32-bit words. */
export function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return bytes;
}

/** An image of version 1.1: both magics, then the parts. */
export function image(magic: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat([words(COMMON_MAGIC, magic), ...parts]));
}

/** Bytes of a page, where a test does not choose another size. */
export const PAGE = 4096;

/** A VMA of a made-up process; places and sizes are in pages. */
export interface Vma {
  from: number;
  pages: number;
  status: number;
  shmid?: bigint;
}

/** A pagemap entry; places and sizes are in pages. */
export interface Entry {
  from: number;
  pages: number;
  flags: number;
}

/** An mm image of these VMAs, all else zero. */
export function mmImage(vmas: readonly Vma[]): Uint8Array {
  const zero = { mmStartCode: 0n, mmEndCode: 0n, mmStartData: 0n, mmEndData: 0n, mmStartStack: 0n, mmStartBrk: 0n };
  const more = { mmBrk: 0n, mmArgStart: 0n, mmArgEnd: 0n, mmEnvStart: 0n, mmEnvEnd: 0n, exeFileId: 1 };
  const init: MessageInitShape<typeof mm_entrySchema> = {
    ...zero,
    ...more,
    vmas: vmas.map(({ from, pages, status, shmid = 0n }) => ({
      start: BigInt(from) * 4096n,
      end: BigInt(from + pages) * 4096n,
      pgoff: 0n,
      shmid,
      prot: 3,
      flags: 2,
      status: status | VmaStatus.REGULAR,
      fd: -1n,
    })),
  };
  return image(0x57492820, frame(mm_entrySchema, init));
}

/** A pagemap image as CRIU 4.2 writes it. */
export function pagemapImage(pagesId: number, entries: readonly Entry[], unitsPerPage = 1): Uint8Array {
  const frames = entries.map(({ from, pages, flags }) =>
    frame(pagemap_entrySchema, {
      vaddr: BigInt(from * unitsPerPage) * 4096n,
      compatNrPages: 0,
      nrPages: BigInt(pages),
      flags,
    }),
  );
  return image(0x56084025, frame(pagemap_headSchema, { pagesId }), ...frames);
}

/** Pages filled with 1, 2, 3… */
export function pagesImage(count: number, pageSize = PAGE): Uint8Array {
  const bytes = new Uint8Array(count * pageSize);
  for (let page = 0; page < count; page += 1) bytes.fill(page + 1, page * pageSize, (page + 1) * pageSize);
  return bytes;
}

/** An image set of these files. */
export function setOf(files: Record<string, Uint8Array>): ImageSet {
  return openImageSet(filesOf(new Map(Object.entries(files))));
}
