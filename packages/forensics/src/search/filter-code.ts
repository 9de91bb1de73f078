/**
 * The loop that goes through memory for all anchors at once, 16 bytes a turn, after Hyperscan's Teddy: each of three
 * neighbouring bytes is looked up, by its low and by its high digit, in tables of which anchors (in eight groups, a bit
 * each) it would suit; where a bit is left over, the three bytes must be in a set of triples.
 */
import { flow, i8x16, i32, local, moduleOf } from './wasm.ts';

/** Where in its memory the loop finds and leaves things. Offsets in bytes. */
export const PLACES = {
  /** Six tables of 16 bytes: low and high digit of the first byte, of the second, of the third. */
  digits: 0,
  /** Where the list of candidates ends. */
  listEnd: 256,
  /** A bit for each hash of three bytes that an anchor has. */
  triples: 1024,
  /** Addresses of candidates, 32 bits each. */
  list: 16 << 10,
  listSize: 64 << 10,
  /** What is gone through; whatever lies behind it for 18 bytes is read, too. */
  data: 128 << 10,
} as const;

const MULTIPLIER = 0x9e3779b1;

/** The hash, 16 bits, of three bytes. */
export function tripleHash(first: number, second: number, third: number): number {
  return Math.imul(first | (second << 8) | (third << 16), MULTIPLIER) >>> 16;
}

/** Parameters and variables of the function. */
const AT = 0;
const END = 1;
const OUT = 2;
const OUT_END = 3;
const MASK = 4;
const PLACE = 5;
const HASH = 6;
const TABLES = 7;
const LOW = 13;
const FOUND = 14;
const BYTES = 15;

/**
 * `run(at, end, out, outEnd)` goes on until it has reached `end` or filled `out`, and gives where it stopped. `exact`: there is
 * one triple only, of which each table of `digits` up to the third is one byte sixteen times; that takes half of the time.
 */
export function filterModule(exact: boolean): Uint8Array<ArrayBuffer> {
  const table = (place: number) => local.get(TABLES + place);
  const equals = (place: number) => i8x16.equal(i8x16.load(local.get(AT), place), table(place));
  const digitsSuit = (place: number) => [
    ...local.set(BYTES, i8x16.load(local.get(AT), place)),
    ...i8x16.and(
      i8x16.lookUp(table(2 * place), i8x16.and(local.get(BYTES), local.get(LOW))),
      i8x16.lookUp(table(2 * place + 1), i8x16.shiftRight(local.get(BYTES), i32.const(4))),
    ),
  ];
  const suits = exact ? equals : digitsSuit;
  const triple = i32.and(i32.load(local.get(PLACE)), i32.const(0xffffff));
  const bit = i32.shiftRight(
    i32.loadByte(i32.shiftRight(local.get(HASH), i32.const(3)), PLACES.triples),
    i32.and(local.get(HASH), i32.const(7)),
  );
  const note = [
    ...i32.store(local.get(OUT), local.get(PLACE)),
    ...local.set(OUT, i32.add(local.get(OUT), i32.const(4))),
  ];
  const lookAtEach = flow.loop(
    local.set(PLACE, i32.add(local.get(AT), i32.trailingZeros(local.get(MASK)))),
    local.set(MASK, i32.and(local.get(MASK), i32.sub(local.get(MASK), i32.const(1)))),
    local.set(HASH, i32.shiftRight(i32.mul(triple, i32.const(MULTIPLIER)), i32.const(16))),
    flow.when(i32.and(bit, i32.const(1)), note),
    flow.branchIf(0, local.get(MASK)),
  );
  return moduleOf({
    ...{ parameters: 4, integers: 3, vectors: 9 },
    body: [
      ...[0, 1, 2, 3, 4, 5].map((i) => local.set(TABLES + i, i8x16.load(i32.const(PLACES.digits), 16 * i))),
      local.set(LOW, i8x16.splat(i32.const(0x0f))),
      flow.block(
        flow.loop(
          flow.branchIf(1, i32.atLeast(local.get(AT), local.get(END))),
          flow.branchIf(1, i32.atLeast(local.get(OUT), local.get(OUT_END))),
          local.set(FOUND, i8x16.and(i8x16.and(suits(0), suits(1)), suits(2))),
          flow.when(
            i8x16.anyTrue(local.get(FOUND)),
            local.set(MASK, i8x16.bitmask(i8x16.notEqual(local.get(FOUND), i8x16.zero))),
            lookAtEach,
          ),
          local.set(AT, i32.add(local.get(AT), i32.const(16))),
          flow.branch(0),
        ),
      ),
      i32.store(i32.const(0), local.get(OUT), PLACES.listEnd),
      local.get(AT),
    ],
  });
}
