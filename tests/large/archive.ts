/** A real small checkpoint that claims gigabytes of memory: its pages file goes on with a hole that no disk has to hold. */
import { open, truncate } from 'node:fs/promises';
import { create, toBinary } from '@bufbuild/protobuf';
import { encodeTarHeader, openArchive, paddedSize } from '@stillframe/checkpoint';
import { readAll } from '@stillframe/core';
import { pagemap_entrySchema } from '@stillframe/criu-image/proto';

const FIXTURE = new URL('../../packages/checkpoint/fixtures/crio-counter.tar', import.meta.url).pathname;
const PAGE = 4096;
/** Behind everything that the process had, so that the pagemap stays in order; its first page is the first of the hole. */
export const HOLE_AT = 0x7fff_0000_0000n;

/** Writes the archive to `path` and gives its size. `hole`: bytes of zeroes in the pages file, whole pages. */
export async function writeLargeArchive(path: string, hole: number): Promise<number> {
  await using fixture = await openArchive(FIXTURE);
  await using file = await open(path, 'wx');
  let at = 0;
  for (const { name, kind } of fixture.entries.values()) {
    if (kind !== 'file') continue;
    let bytes = Buffer.from(await readAll(fixture.open(name), { limit: 1 << 24 }));
    if (name === 'checkpoint/pagemap-6.img') bytes = Buffer.concat([bytes, entryOf(hole)]);
    const size = bytes.length + (name === 'checkpoint/pages-1.img' ? hole : 0);
    await file.write(encodeTarHeader({ name, size: BigInt(size), type: '0' }), 0, 512, at);
    await file.write(bytes, 0, bytes.length, at + 512);
    at += 512 + paddedSize(size);
  }
  await truncate(path, at + 1024);
  return at + 1024;
}

/** One more entry of a pagemap image. */
function entryOf(hole: number): Buffer {
  const entry = { vaddr: HOLE_AT, compatNrPages: 0, nrPages: BigInt(hole / PAGE), flags: 4 };
  const bytes = toBinary(pagemap_entrySchema, create(pagemap_entrySchema, entry));
  return Buffer.concat([Buffer.from(Uint32Array.of(bytes.length).buffer), bytes]);
}
