/**
 * Makes an incremental dump out of a full one. Kernels without soft-dirty tracking cannot write any, so what CRIU would
 * have left out is taken out afterwards: pages that are byte for byte those of an earlier dump become PE_PARENT.
 */
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, type DescMessage, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { bytesSource } from '@stillframe/core';
import { type ImageSet, openImageSet, openStoredPages, PageFlag, type StoredPages } from '@stillframe/criu-image';
import { pagemap_entrySchema, pagemap_headSchema } from '@stillframe/criu-image/proto';

const PAGE = 4096;
const COMMON_MAGIC = 0x54564319;
const PAGEMAP_MAGIC = 0x56084025;

/** How many pages of the later dump stayed in it, and how many it now leaves to the earlier one. */
export interface Shortened {
  kept: number;
  left: number;
}

/** The image set in a folder, with the earlier one where it is given. */
export async function imagesIn(folder: string, parent?: ImageSet): Promise<ImageSet> {
  const files = new Map<string, Uint8Array>();
  for (const name of await readdir(folder))
    if (name.endsWith('.img')) files.set(name, await readFile(join(folder, name)));
  const open = (name: string) => {
    const bytes = files.get(name);
    return bytes && bytesSource(bytes);
  };
  return openImageSet({ names: () => files.keys(), open }, { parent });
}

/** Rewrites the dump in `later` in place, as an incremental one of that in `earlier`, which lies beside it. */
export async function makeIncremental(later: string, earlier: string): Promise<Shortened> {
  const [now, before] = [await imagesIn(later), await imagesIn(earlier)];
  const total: Shortened = { kept: 0, left: 0 };
  for (const kind of ['pagemap', 'pagemap-shmem'] as const) {
    for (const id of now.ids(kind)) {
      const [pages, old] = [await openStoredPages(now, kind, id), await openStoredPages(before, kind, id)];
      if (!pages || !old) continue;
      const { entries, bytes, kept, left } = await shortened(pages, old);
      const head = frame(pagemap_headSchema, { pagesId: pages.pagemap.pagesId ?? 0 });
      const magics = Buffer.from(Uint32Array.from([COMMON_MAGIC, PAGEMAP_MAGIC]).buffer);
      await writeFile(join(later, `${kind}-${id}.img`), Buffer.concat([magics, head, ...entries]));
      await writeFile(join(later, `pages-${pages.pagemap.pagesId}.img`), bytes);
      total.kept += kept;
      total.left += left;
    }
  }
  await symlink(`../${earlier.split('/').at(-1)}`, join(later, 'parent'));
  return total;
}

interface Entry {
  page: bigint;
  count: number;
  flags: number;
}

async function shortened(pages: StoredPages, old: StoredPages) {
  const entries: Entry[] = [];
  const kept: Buffer[] = [];
  const add = (vaddr: bigint, flags: number) => {
    const last = entries.at(-1);
    const page = vaddr / BigInt(PAGE);
    if (last?.flags === flags && last.page + BigInt(last.count) === page) last.count += 1;
    else entries.push({ page, count: 1, flags });
  };
  let left = 0;
  for (const run of pages.runs()) {
    for (let at = 0; at < run.bytes; at += PAGE) {
      const vaddr = run.vaddr + BigInt(at);
      const bytes = await pageAt(pages, vaddr);
      const same = bytes && (await pageAt(old, vaddr))?.equals(bytes);
      if (same) left += 1;
      else if (bytes) kept.push(bytes);
      add(vaddr, same ? PageFlag.PARENT : PageFlag.PRESENT);
    }
  }
  const frames = entries.map(({ page, count, flags }) =>
    frame(pagemap_entrySchema, { vaddr: page * BigInt(PAGE), compatNrPages: 0, nrPages: BigInt(count), flags }),
  );
  return { entries: frames, bytes: Buffer.concat(kept), kept: kept.length, left };
}

async function pageAt(pages: StoredPages, vaddr: bigint): Promise<Buffer | undefined> {
  const { state, offset } = pages.locate(vaddr);
  if (state !== 'captured') return undefined;
  const bytes = Buffer.alloc(PAGE);
  await pages.source?.readInto(offset, bytes);
  return bytes;
}

function frame<D extends DescMessage>(schema: D, init: MessageInitShape<D>): Buffer {
  const bytes = toBinary(schema, create(schema, init));
  return Buffer.concat([Buffer.from(Uint32Array.of(bytes.length).buffer), bytes]);
}
