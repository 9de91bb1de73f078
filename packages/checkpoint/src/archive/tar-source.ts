/** A tar that is nowhere yet, as a source: what is written, compressed or sent is put together as it is read. */
import { type ByteSource, bytesSource } from '@stillframe/core';
import { ExtentList, extentSource, ZEROES } from '../extents.ts';
import type { WriterEntry } from './writer.ts';
import { encodeHeader, endOfArchive, paddingOf } from './writer-header.ts';

/** An entry whose bytes are there already. */
export interface TarSourceEntry extends WriterEntry {
  /** Bytes held in memory, those of another source, or none for a folder. */
  body: Uint8Array | ByteSource | undefined;
}

/** The tar of `entries` in their order, byte for byte as writeArchive writes it. The bodies must outlive it. */
export function tarSource(entries: readonly TarSourceEntry[], { mtime }: { mtime: number }): ByteSource {
  const extents = new ExtentList();
  // Number 0 stands for zeroes.
  const sources: ByteSource[] = [bytesSource(new Uint8Array())];
  const add = (source: ByteSource) => extents.push(sources.push(source) - 1, 0, source.size);
  for (const { name, mode, body } of entries) {
    const source = body === undefined || body instanceof Uint8Array ? bytesSource(body ?? new Uint8Array()) : body;
    const type = name.endsWith('/') ? 'folder' : 'file';
    add(bytesSource(encodeHeader({ name, type, size: source.size, mode, mtime })));
    add(source);
    extents.push(ZEROES, 0, paddingOf(source.size));
  }
  extents.push(ZEROES, 0, endOfArchive.length);
  return extentSource(extents, async (number) => sources[number] as ByteSource);
}
