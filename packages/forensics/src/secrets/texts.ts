/** Content beside memory as one stream, so that all of it is searched in one go, and back from a place in it to whose it is. */
import {
  type Content,
  contentOf,
  type Extractable,
  type ExtractableFile,
  type ExtractableTree,
  type ExtractContext,
  type ExtractKind,
  listExtractables,
} from '@stillframe/checkpoint';
import { messageOf, StillframeError } from '@stillframe/core';
import type { EvidenceReference } from '../reference.ts';

/** Where some of the stream comes from. */
export interface TextPlace {
  readonly where: ExtractKind;
  /** What the evidence calls it; raw. */
  readonly name: string | undefined;
  /** Who holds it. */
  readonly pids: readonly number[];
  reference(offset: number, bytes: number): EvidenceReference;
}

interface Stretch {
  readonly from: number;
  to: number;
  readonly offset: number;
  readonly place: TextPlace;
}

/** Memory is searched with its addresses, so what is memory is not read again as a file; a PCAP repeats queues. */
const KINDS: readonly ExtractKind[] = [
  ...(['metadata', 'log', 'ghost', 'rootfs', 'tmpfs', 'pipe', 'fifo', 'socket', 'tcp', 'tty', 'ipc'] as const),
];

/** Between two stretches: no detector matches over it. */
const GAP = new Uint8Array(64);
/** Stretches so far behind are let go of: blocks of the search are smaller. */
const BEHIND = 32 << 20;

/** All content beside memory. Reads once; faults go to the diagnostics of the images. */
export class TextStream {
  readonly #context: ExtractContext;
  readonly #wanted: (thing: Extractable) => boolean;
  #stretches: Stretch[] = [];
  #at = 0;

  constructor(context: ExtractContext, wanted: (thing: Extractable) => boolean = () => true) {
    this.#context = context;
    this.#wanted = wanted;
  }

  /** The place of a match; undefined for one that is in no stretch whole. `before` and `after`: bytes of the stretch around it. */
  placeOf(offset: number, bytes: number) {
    let low = 0;
    let high = this.#stretches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#stretches[middle]?.to ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    const stretch = this.#stretches[low];
    if (!stretch || offset < stretch.from || offset + bytes > stretch.to) return undefined;
    const { place, from, to } = stretch;
    const reference = place.reference(stretch.offset + offset - from, bytes);
    return { place, reference, before: offset - from, after: to - offset - bytes };
  }

  async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#context;
    const wishes = KINDS.map((kind) => ({ kind }));
    for await (const thing of listExtractables(this.#context, { wishes, signal })) {
      if (!this.#wanted(thing)) continue;
      if (thing.form === 'tree') yield* this.#tree(thing);
      else if (thing.content && !isRepeated(thing)) yield* this.#content(thing.content, filePlace(thing));
    }
  }

  async *#tree(tree: ExtractableTree): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = this.#context;
    await using open = await this.#opened(tree);
    for (const entry of open?.entries.values() ?? []) {
      // A hard link would tell the same file again.
      if (open === undefined || (entry.kind !== 'file' && entry.kind !== 'sparse')) continue;
      const content = await contentOf(open, entry, { signal });
      if (content) yield* this.#content(content, memberPlace(tree, entry.name));
    }
  }

  async #opened(tree: ExtractableTree) {
    try {
      return await tree.open({ signal: this.#context.signal });
    } catch (error) {
      if (!StillframeError.is(error)) throw error;
      const told = { id: 'secrets-tree-unreadable', severity: 'error', message: messageOf(error) } as const;
      this.#context.checkpoint.images.report({ ...told, source: tree.source.image });
      return undefined;
    }
  }

  async *#content(content: Content, place: TextPlace): AsyncGenerator<Uint8Array, void, undefined> {
    if (content.size > BigInt(Number.MAX_SAFE_INTEGER)) return;
    let stretch: Stretch | undefined;
    let next = -1;
    for await (const piece of content.pieces({ signal: this.#context.signal })) {
      if (piece.state !== 'data') continue;
      if (stretch === undefined || piece.offset !== next) {
        yield* this.#gap();
        stretch = { from: this.#at, to: this.#at, offset: piece.offset, place };
        this.#stretches.push(stretch);
      }
      next = piece.offset + piece.bytes.length;
      this.#at += piece.bytes.length;
      stretch.to = this.#at;
      yield piece.bytes;
    }
  }

  *#gap(): Generator<Uint8Array> {
    const [first] = this.#stretches;
    if (first && first.to < this.#at - 2 * BEHIND)
      this.#stretches = this.#stretches.filter(({ to }) => to >= this.#at - BEHIND);
    this.#at += GAP.length;
    yield GAP;
  }
}

function isRepeated({ kind, id, part }: ExtractableFile): boolean {
  return part === 'pcap' || (kind === 'ipc' && !id.startsWith('msg-'));
}

function filePlace({ kind, name, id, source, holders }: ExtractableFile): TextPlace {
  const pids = [...new Set(holders.flatMap((holder) => ('pid' in holder ? [holder.pid] : [])))];
  const isEntry = kind === 'metadata' || kind === 'log';
  const reference = (offset: number, bytes: number): EvidenceReference =>
    isEntry ? { kind: 'entry', name: source.image, offset, bytes } : { kind: 'image', name: source.image };
  return { where: kind, name: name ?? id, pids, reference };
}

function memberPlace({ kind, name, source }: ExtractableTree, member: string): TextPlace {
  const path = kind === 'rootfs' ? `/${member}` : `${name ?? ''}/${member}`;
  const reference = (): EvidenceReference =>
    kind === 'rootfs' ? { kind: 'rootfs', path } : { kind: 'image', name: source.image };
  return { where: kind, name: path, pids: [], reference };
}
