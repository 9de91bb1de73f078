/** Finding runs of printable characters in bytes. Pure; memory comes in pieces, so a run at the end may be handed back. */

/** How a text is encoded in memory. */
export type Encoding = 'ascii' | 'utf8' | 'utf16le';

/** A run of printable characters. */
export interface TextRun {
  from: number;
  /** Offset behind the last byte. */
  to: number;
  text: string;
  /** Whether it was cut because it is too long. */
  goesOn: boolean;
}

/** The runs of some bytes; from `rest` on a run may go on in what follows. */
export interface Scanned {
  runs: TextRun[];
  rest: number;
}

/** What a scan needs to know. */
export interface ScanLimits {
  /** Nothing follows, so that nothing is handed back. */
  last: boolean;
  /** Characters of a run at least, unless it was cut. */
  minimum: number;
  /** Bytes of a run at most. */
  longest: number;
}

export type Scan = (bytes: Buffer, limits: ScanLimits) => Scanned;

/** Length in bytes of the printable character at `at`; 0 for none, -1 where the bytes end within one. */
type Character = (bytes: Buffer, at: number) => number;

/** 1 for tab, and everything visible. */
const ASCII = Uint8Array.from({ length: 256 }, (_, byte) => Number((byte >= 0x20 && byte < 0x7f) || byte === 0x09));

const PATTERN = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]$/u;
/** What is known of a code point: 0 nothing yet, 1 printable, 2 not. */
const known = new Uint8Array(0x110000);

function isPrintable(point: number): boolean {
  if (known[point] === 0) known[point] = PATTERN.test(String.fromCodePoint(point)) ? 1 : 2;
  return known[point] === 1;
}

const asciiCharacter: Character = (bytes, at) => ASCII[bytes[at] ?? 0] ?? 0;

/** RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
const utf8Character: Character = (bytes, at) => {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return ASCII[first] ?? 0;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  let point = first & (0x7f >> length);
  for (let i = 1; i < length; i += 1) {
    const next = bytes[at + i];
    if (next === undefined) return -1;
    if ((next & 0xc0) !== 0x80) return 0;
    point = (point << 6) | (next & 0x3f);
  }
  const overlong = (length === 3 && point < 0x800) || (length === 4 && point < 0x10000);
  if (overlong || point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return 0;
  return isPrintable(point) ? length : 0;
};

/**
 * Latin, Greek, Cyrillic and the usual punctuation: beyond them nearly every pair of bytes is some character, and all of
 * memory would be text.
 */
const utf16Character: Character = (bytes, at) => {
  const low = bytes[at] ?? 0;
  const high = bytes[at + 1];
  if (high === undefined) return -1;
  if (high === 0) return ASCII[low] === 1 || low >= 0xa1 ? 2 : 0;
  const unit = (high << 8) | low;
  return (unit < 0x530 || (unit >= 0x2010 && unit <= 0x2044)) && isPrintable(unit) ? 2 : 0;
};

function scanWith(character: Character, step: 1 | 2, offset: 0 | 1, nodeEncoding: 'latin1' | 'utf8' | 'utf16le'): Scan {
  return (bytes, { last, minimum, longest }) => {
    const runs: TextRun[] = [];
    let from = -1;
    let characters = 0;
    const end = (to: number, goesOn: boolean) => {
      if (goesOn || characters >= minimum)
        runs.push({ from, to, text: bytes.toString(nodeEncoding, from, to), goesOn });
      from = -1;
      characters = 0;
    };
    let at: number = offset;
    while (at < bytes.length) {
      const length = character(bytes, at);
      if (length > 0) {
        if (from < 0) from = at;
        characters += 1;
        at += length;
        if (at - from >= longest) end(at, true);
        continue;
      }
      if (length < 0 && !last) break;
      if (from >= 0) end(at, false);
      at += step;
    }
    const whole = Math.min(at, bytes.length);
    if (last && from >= 0) end(whole, false);
    // What is handed back keeps its parity, so that the next piece is looked at in the same places.
    const rest = from >= 0 ? from - offset : Math.max(0, whole - offset);
    return { runs, rest: last ? bytes.length : rest };
  };
}

/** The ways to look for an encoding: UTF-16 may begin at even and at odd addresses. */
export const scanners: Readonly<Record<Encoding, readonly Scan[]>> = {
  ascii: [scanWith(asciiCharacter, 1, 0, 'latin1')],
  utf8: [scanWith(utf8Character, 1, 0, 'utf8')],
  utf16le: [scanWith(utf16Character, 2, 0, 'utf16le'), scanWith(utf16Character, 2, 1, 'utf16le')],
};
