/** Content beside memory as one stream, so that all of it is searched in one go, and back from a place in it to whose it is. */
import type { Content, Extractable, ExtractContext, ExtractKind } from '@stillframe/checkpoint';
import { type ContentPlace, contentsOf } from '../contents.ts';

interface Stretch {
  readonly from: number;
  to: number;
  readonly offset: number;
  readonly place: ContentPlace;
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
    for await (const { content, place } of contentsOf(this.#context, KINDS, this.#wanted)) {
      yield* this.#content(content, place);
    }
  }

  async *#content(content: Content, place: ContentPlace): AsyncGenerator<Uint8Array, void, undefined> {
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
