/** One pass over a block of memory for all anchors: where each of them may begin. */
import { type Anchor, rarestWindow, type Window } from './anchor.ts';
import { byteSet, bytesOf, likelihood } from './byte-set.ts';
import { filterModule, PLACES, tripleHash } from './filter-code.ts';

/** As much of WebAssembly as is used; neither ECMAScript nor Node.js declares it. */
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: { run(at: number, end: number, out: number, outEnd: number): number } };
};

const PAGE = 64 << 10;
const GROUPS = 8;
/** Bytes that the loop reads behind the end. */
const BEHIND = 18;
/** Room for what one turn of the loop may find. */
const TURN = 16 * 4;
/** Triples of one anchor that are listed; one that has more is tried at every candidate. */
const TRIPLES = 4096;

/** By whether they look for one triple only. */
const compiled = new Map<boolean, object>();

/** Anchors, told where one of them may be. */
export class Filter {
  /** What is searched is put here by whoever searches. */
  readonly bytes: Buffer;
  readonly #memory: Buffer;
  readonly #list: DataView;
  readonly #windows: readonly Window[];
  readonly #byHash = new Map<number, number[]>();
  readonly #anywhere: number[] = [];
  readonly #run: (at: number, end: number, out: number, outEnd: number) => number;

  /** `capacity`: bytes of a block at most. */
  constructor(anchors: readonly Pick<Anchor, 'sets'>[], capacity: number) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((PLACES.data + capacity + BEHIND) / PAGE) });
    this.#windows = anchors.map(rarestWindow);
    const triple = this.#windows.length === 1 ? exactOf(this.#windows[0]) : undefined;
    const isExact = triple !== undefined;
    const module = compiled.get(isExact) ?? new WebAssembly.Module(filterModule(isExact));
    compiled.set(isExact, module);
    const { exports } = new WebAssembly.Instance(module, { memory: { bytes: memory } });
    this.#run = exports.run;
    this.#memory = Buffer.from(memory.buffer);
    this.#list = new DataView(memory.buffer);
    this.bytes = Buffer.from(memory.buffer, PLACES.data, capacity);
    for (const [index, window] of this.#windows.entries()) this.#addTriples(index, window);
    for (const [place, byte] of triple?.entries() ?? [])
      this.#memory.fill(byte, PLACES.digits + 16 * place, PLACES.digits + 16 * (place + 1));
    if (triple !== undefined) return;
    for (const [group, windows] of groupsOf(this.#windows).entries()) this.#addDigits(group, windows);
  }

  /** Calls `visit` for each place, ascending but for the length of an anchor, in the first `length` bytes where an anchor may begin. */
  forEach(length: number, visit: (anchor: number, at: number) => void): void {
    if (this.#windows.length === 0) return;
    const { data, list, listSize, listEnd } = PLACES;
    const end = data + length;
    for (let at: number = data; at < end; ) {
      at = this.#run(at, end, list, list + listSize - TURN);
      const last = this.#list.getUint32(listEnd, true);
      for (let entry = list; entry < last; entry += 4) {
        const place = this.#list.getUint32(entry, true);
        if (place >= end) break;
        this.#visitAt(place - data, visit);
      }
    }
  }

  #visitAt(at: number, visit: (anchor: number, at: number) => void): void {
    const { bytes } = this;
    const hash = tripleHash(bytes[at] ?? 0, bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
    for (const index of this.#byHash.get(hash) ?? []) visit(index, at - (this.#windows[index]?.offset ?? 0));
    for (const index of this.#anywhere) visit(index, at - (this.#windows[index]?.offset ?? 0));
  }

  #addTriples(index: number, { sets }: Window): void {
    const [first, second, third] = [bytesOf(sets[0]), bytesOf(sets[1]), bytesOf(sets[2])];
    if (first.length * second.length * third.length > TRIPLES) {
      this.#anywhere.push(index);
      this.#memory.fill(0xff, PLACES.triples, PLACES.triples + (1 << 13));
      return;
    }
    for (const a of first) for (const b of second) for (const c of third) this.#addTriple(index, tripleHash(a, b, c));
  }

  #addTriple(index: number, hash: number): void {
    const place = PLACES.triples + (hash >>> 3);
    this.#memory[place] = (this.#memory[place] ?? 0) | (1 << (hash & 7));
    const known = this.#byHash.get(hash);
    if (known === undefined) this.#byHash.set(hash, [index]);
    else if (known.at(-1) !== index) known.push(index);
  }

  #addDigits(group: number, windows: readonly Window[]): void {
    const mark = (place: number) => {
      this.#memory[place] = (this.#memory[place] ?? 0) | (1 << group);
    };
    for (const { sets } of windows) {
      for (const [i, set] of sets.entries()) {
        for (const byte of bytesOf(set)) {
          mark(PLACES.digits + 32 * i + (byte & 0x0f));
          mark(PLACES.digits + 32 * i + 16 + (byte >>> 4));
        }
      }
    }
  }
}

/** The three bytes of a window that has no others; undefined for any other. */
function exactOf(window: Window | undefined): readonly number[] | undefined {
  const bytes = window?.sets.map(bytesOf) ?? [];
  return bytes.every(({ length }) => length === 1) ? bytes.flat() : undefined;
}

/** Windows in eight groups, put together so that the digits of a group suit few other bytes. */
function groupsOf(windows: readonly Window[]): readonly (readonly Window[])[] {
  const groups = Array.from({ length: GROUPS }, () => new Group());
  for (const window of windows.toSorted((a, b) => b.rate - a.rate)) {
    let best = groups[0];
    let least = Number.POSITIVE_INFINITY;
    for (const group of groups) {
      const cost = group.costOf(window);
      if (cost < least) [best, least] = [group, cost];
    }
    best?.add(window);
  }
  return groups.map(({ windows: members }) => members);
}

/** Shares of digits in memory, from those of bytes. */
const LOW = Array.from({ length: 16 }, (_, low) => likelihood(byteSet((byte) => (byte & 0x0f) === low)));
const HIGH = Array.from({ length: 16 }, (_, high) => likelihood(byteSet((byte) => byte >>> 4 === high)));

class Group {
  readonly windows: Window[] = [];
  /** Sets of digits, a bit each: low and high of three bytes. */
  #digits: readonly number[] = [0, 0, 0, 0, 0, 0];

  add(window: Window): void {
    this.windows.push(window);
    this.#digits = this.#with(window);
  }

  /** By how much more often the group would be met. */
  costOf(window: Window): number {
    return rateOf(this.#with(window)) - rateOf(this.#digits);
  }

  #with({ sets }: Window): number[] {
    const digits = [...this.#digits];
    for (const [i, set] of sets.entries()) {
      for (const byte of bytesOf(set)) {
        digits[2 * i] = (digits[2 * i] ?? 0) | (1 << (byte & 0x0f));
        digits[2 * i + 1] = (digits[2 * i + 1] ?? 0) | (1 << (byte >>> 4));
      }
    }
    return digits;
  }
}

function rateOf(digits: readonly number[]): number {
  return digits.reduce((product, bits, i) => {
    const shares = i % 2 === 0 ? LOW : HIGH;
    return product * shares.reduce((sum, share, digit) => sum + ((bits >>> digit) & 1) * share, 0);
  }, 1);
}
