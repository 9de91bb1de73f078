/** What a finding points at in the archive itself: an entry or some bytes of it, an image of CRIU as crit shows it, a mount. */
import { imageFiles, readMounts } from '@stillframe/checkpoint';
import { type ByteSource, bytesSource, isCode, sliceSource, streamOf } from '@stillframe/core';
import { imageToJson } from '@stillframe/criu-image/crit';
import { type EvidenceReference, parseReference } from '@stillframe/forensics';
import { deskError } from '../errors.ts';
import type { Call } from './route.ts';

/** Something that is previewed or saved. */
export interface Opened {
  /** The last part of it is what it is saved as; raw text. */
  readonly name: string;
  /** Bytes of the whole; undefined where only reading it tells. */
  readonly size: number | undefined;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Undefined for what is no reference to something of the archive. */
export function referenceIn(text: string): EvidenceReference | undefined {
  return /^(?:entry|image|mount)\//.test(text) ? parseReference(text) : undefined;
}

/** `raw`: an image as its bytes. Throws ERR_DESK_NOT_FOUND and what reading throws. */
export async function openReference(call: Call, reference: EvidenceReference, raw: boolean): Promise<Opened> {
  const { signal } = call;
  const { archive, images, spec } = call.one.checkpoint;
  if (reference.kind === 'entry') {
    const { name, offset = 0, bytes } = reference;
    if (archive.entries.get(name)?.kind !== 'file') throw absent();
    const source = archive.open(name);
    const from = Math.min(offset, source.size);
    return whole(name, sliceSource(source, from, Math.min(bytes ?? source.size, source.size - from)), signal);
  }
  if (reference.kind === 'image') {
    const { name, entry } = reference;
    const source = imageFiles(archive).open(name);
    if (!source) throw absent();
    if (raw) return whole(name, source, signal);
    const json = () => imageToJson(source, () => undefined, { pretty: true, only: entry, signal });
    try {
      // What is no image of entries is told by the first piece.
      await json().next();
    } catch (error) {
      if (!isCode(error, 'ERR_CRIU_IMAGE_UNRECOGNISED')) throw error;
      return whole(name, source, signal);
    }
    return { name, size: undefined, bytes: encoded(json()) };
  }
  if (reference.kind !== 'mount') throw deskError('ERR_DESK_QUESTION', 'that has a view of its own');
  const { mountpoint } = reference;
  const mounts = (await readMounts(images, { spec, signal })).filter((each) => each.mountpoint === mountpoint);
  if (mounts.length === 0) throw absent();
  const plain = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  const text = mounts.map((mount) => JSON.stringify(mount, plain, 2)).join('\n');
  return whole(mountpoint, bytesSource(new TextEncoder().encode(text)), signal);
}

function whole(name: string, source: ByteSource, signal: AbortSignal): Opened {
  return { name, size: source.size, bytes: streamOf(source, { signal }) };
}

async function* encoded(pieces: AsyncIterable<string>): AsyncGenerator<Uint8Array, void, undefined> {
  const encoder = new TextEncoder();
  for await (const piece of pieces) yield encoder.encode(piece);
}

function absent() {
  return deskError('ERR_DESK_NOT_FOUND', 'the checkpoint has no such thing');
}
