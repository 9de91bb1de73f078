/** Bytes of a process as they were fetched: in pieces of one size, the ones last seen kept. */
import type { BytesAnswer } from '@stillframe/server/contract';
import { ask } from '../ask.ts';

/** Bytes of a piece, and pieces that are kept. */
export const PIECE = 16n << 10n;
const KEPT = 64;
export const ADDRESSES = 1n << 64n;

/** Bytes at an aligned address; `states`: what each of them is, by its number in `names`. */
export interface Piece {
  readonly at: bigint;
  readonly bytes: Uint8Array;
  readonly states: Uint8Array;
  readonly names: readonly string[];
}

/** Pieces of one process. */
export class Pieces {
  readonly #one: string;
  readonly #pid: number;
  readonly #kept = new Map<bigint, Piece>();
  /** What is on its way, with what calls it off. */
  readonly #asked = new Map<bigint, AbortSignal>();

  constructor(one: string, pid: number) {
    this.#one = one;
    this.#pid = pid;
  }

  /** The piece that holds `address`, where it is here already. */
  at(address: bigint): Piece | undefined {
    return this.#kept.get(address - (address % PIECE));
  }

  /** Fetches what is missing of the addresses from `from` to `to`; `done` is told of each piece that comes. */
  async want(from: bigint, to: bigint, done: () => void, signal: AbortSignal): Promise<void> {
    const missing: bigint[] = [];
    for (let at = from - (from % PIECE); at < to && at < ADDRESSES; at += PIECE)
      if (at >= 0n && !this.#kept.has(at) && !this.#isComing(at)) missing.push(at);
    await Promise.all(missing.map((at) => this.#bring(at, done, signal)));
  }

  async #bring(at: bigint, done: () => void, signal: AbortSignal): Promise<void> {
    this.#asked.set(at, signal);
    try {
      const asked = { pid: this.#pid, at: `0x${at.toString(16)}`, bytes: Number(PIECE) };
      this.#keep(pieceOf(at, await ask(this.#one, 'memory', asked, signal)));
      done();
    } finally {
      if (this.#asked.get(at) === signal) this.#asked.delete(at);
    }
  }

  /** What was called off does not come, though it has not ended yet. */
  #isComing(at: bigint): boolean {
    return this.#asked.get(at)?.aborted === false;
  }

  #keep(piece: Piece): void {
    this.#kept.set(piece.at, piece);
    for (const [first] of this.#kept) {
      if (this.#kept.size <= KEPT) return;
      this.#kept.delete(first);
    }
  }
}

function pieceOf(at: bigint, { base64, ranges }: BytesAnswer): Piece {
  const text = atob(base64);
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const states = new Uint8Array(bytes.length);
  const names: string[] = [];
  for (const range of ranges) {
    if (!names.includes(range.state)) names.push(range.state);
    states.fill(names.indexOf(range.state), range.offset, range.offset + range.bytes);
  }
  return { at, bytes, states, names };
}
