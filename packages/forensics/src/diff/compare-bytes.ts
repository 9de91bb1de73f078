/** Two stretches of memory, byte for byte: which of their pages differ. */
import type { ByteSource } from '@stillframe/core';
import type { PlacedBytes, SignalOptions } from '@stillframe/criu-image';
import type { PageChange } from './page-runs.ts';
import { PageWindows } from './page-window.ts';

/** What a byte is, and for how many that holds. */
export interface Place {
  readonly bytes: number;
  readonly found: PlacedBytes;
}

/** One side: what lies at an address. */
export type Placer = (address: bigint) => Place | Promise<Place>;

/** Takes what is found, by offset from the beginning of the stretch. */
export interface Sink {
  differ(offset: bigint, bytes: number, change: PageChange): void;
  /** `inherited`: known without reading, for both sides are the same bytes of the same file. */
  same(bytes: number, inherited: boolean): void;
  unknown(bytes: number, reason: string): void;
}

const ZEROES = Buffer.alloc(2 << 20);

/** Compares stretches, up to a bound of bytes read over its life. */
export class ByteComparison {
  readonly #windows = { before: new PageWindows(), after: new PageWindows() };
  readonly #options: SignalOptions;
  readonly #pageSize: number;
  #left: number;

  /** `most`: bytes read on both sides together. Forged images can make one page part of very many processes. */
  constructor({ pageSize, most, ...options }: SignalOptions & { pageSize: number; most: number }) {
    this.#options = options;
    this.#pageSize = pageSize;
    this.#left = most;
  }

  /** `steps`: parts of which the stretch may consist; what is left after that is told as unknown. Gives the steps that are left. */
  async stretch(
    [before, after]: readonly [Placer, Placer],
    [from, to]: readonly [bigint, bigint],
    length: bigint,
    sink: Sink,
    steps: number,
  ): Promise<number> {
    for (let at = 0n; at < length; steps -= 1) {
      this.#options.signal?.throwIfAborted();
      if (steps <= 0 || this.#left <= 0) {
        sink.unknown(Number(length - at), 'more than these images can hold');
        break;
      }
      const [old, now] = [await before(from + at), await after(to + at)];
      const bytes = Math.min(old.bytes, now.bytes, Number(length - at));
      await this.#part(old.found, now.found, at, bytes, sink);
      at += BigInt(bytes);
    }
    return steps;
  }

  async #part(old: PlacedBytes, now: PlacedBytes, at: bigint, bytes: number, sink: Sink): Promise<void> {
    const [was, is] = [stateOf(old), stateOf(now)];
    if (was === 'unknown' || is === 'unknown') {
      if (was !== is || old.state !== 'absent' || now.state !== 'absent' || old.reason !== 'kernel')
        sink.unknown(bytes, unknownReason(old, now));
      return;
    }
    if (old.state === 'captured' && now.state === 'captured') {
      if (sameStored(old, now)) sink.same(bytes, true);
      else await this.#compare([old, now], at, bytes, 'changed', sink);
    } else if (old.state === 'captured') {
      if (is === 'file') sink.differ(at, bytes, 'dropped');
      else await this.#compare([old, undefined], at, bytes, 'dropped', sink);
    } else if (now.state === 'captured') {
      if (was === 'zero') await this.#compare([undefined, now], at, bytes, 'written', sink);
      else sink.differ(at, bytes, was === 'file' ? 'written' : 'added');
    }
  }

  /** `undefined` stands for zeroes. */
  async #compare(
    [old, now]: readonly [Stored | undefined, Stored | undefined],
    at: bigint,
    bytes: number,
    change: PageChange,
    sink: Sink,
  ): Promise<void> {
    for (let done = 0; done < bytes; ) {
      const wanted = Math.min(bytes - done, ZEROES.length);
      let a = this.#bytes('before', old, done, wanted);
      let b = this.#bytes('after', now, done, wanted);
      if (a instanceof Promise || b instanceof Promise) [a, b] = await Promise.all([a, b]);
      let length = Math.min(a.length, b.length, wanted);
      if (length === 0) {
        sink.unknown(bytes - done, 'pages images shorter than they were');
        return;
      }
      if (length > this.#pageSize) length -= length % this.#pageSize;
      this.#left -= 2 * length;
      this.#pages(a.subarray(0, length), b.subarray(0, length), at + BigInt(done), change, sink);
      done += length;
    }
  }

  #bytes(side: 'before' | 'after', stored: Stored | undefined, at: number, wanted: number): Buffer | Promise<Buffer> {
    if (!stored) return ZEROES.subarray(0, wanted);
    const { pages, offset } = stored;
    return pages.source
      ? this.#windows[side].at(pages.source, offset + at, wanted, this.#options)
      : ZEROES.subarray(0, 0);
  }

  #pages(a: Buffer, b: Buffer, at: bigint, change: PageChange, sink: Sink): void {
    if (a.equals(b)) {
      sink.same(a.length, false);
      return;
    }
    for (let page = 0; page < a.length; page += this.#pageSize) {
      const end = Math.min(a.length, page + this.#pageSize);
      if (a.compare(b, page, end, page, end) === 0) sink.same(end - page, false);
      else sink.differ(at + BigInt(page), end - page, change);
    }
  }
}

type Stored = Extract<PlacedBytes, { state: 'captured' }>;

/** `none`: nothing was mapped there. */
function stateOf(place: PlacedBytes): 'captured' | 'zero' | 'file' | 'none' | 'unknown' {
  if (place.state !== 'absent') return place.state;
  if (place.reason === 'unmapped') return 'none';
  return place.reason === 'file' ? 'file' : 'unknown';
}

function unknownReason(old: PlacedBytes, now: PlacedBytes): string {
  const [was, is] = [old, now].map((place) => (place.state === 'absent' ? place.reason : place.state));
  return was === is ? `${was}` : `${was} before, ${is} after`;
}

/** Whether both are the same bytes of the same file, as pages are that a dump left to the one before it. */
function sameStored(a: Stored, b: Stored): boolean {
  const [one, other] = [a.pages.source, b.pages.source];
  if (one === undefined || other === undefined) return false;
  if (one === other) return a.offset === b.offset;
  return placeOf(one, a.offset) !== undefined && placeOf(one, a.offset) === placeOf(other, b.offset);
}

function placeOf({ locator }: ByteSource, offset: number): string | undefined {
  if (!locator || locator.kind === 'joined') return undefined;
  const name = locator.kind === 'file' ? locator.path : `${locator.repository}@${locator.digest}`;
  return `${locator.kind} ${name} ${locator.offset + offset}`;
}
