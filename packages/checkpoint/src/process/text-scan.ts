/** Finding runs of printable characters in bytes. Pure; memory comes in pieces, so a run at the end may be handed back. */

/** How a text is encoded in memory. */
export type Encoding = 'ascii' | 'utf8' | 'utf16le';

/** A run of printable characters. */
export interface TextRun {
  from: number;
  /** Offset behind the last byte. */
  to: number;
  characters: number;
  text: string;
  /** Whether it was cut because it is too long. */
  goesOn: boolean;
}

/** The runs of some bytes; from `rest` on a run may go on in what follows. */
export interface Scanned {
  runs: TextRun[];
  rest: number;
}

/** `last`: nothing follows, so that nothing is handed back. `longest`: bytes of a run at most. */
export type Scan = (bytes: Buffer, last: boolean, longest: number) => Scanned;

/** Length in bytes of the printable character at `at`; 0 for none, -1 where the bytes end within one. */
type Character = (bytes: Buffer, at: number) => number;

/** Tab, and everything visible. */
function isAscii(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x09;
}

const asciiCharacter: Character = (bytes, at) => (isAscii(bytes[at] ?? 0) ? 1 : 0);

const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}]$/u;

const utf8Character: Character = (bytes, at) => {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return isAscii(first) ? 1 : 0;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (let i = 1; i < length; i += 1) {
    const next = bytes[at + i];
    if (next === undefined) return -1;
    if ((next & 0xc0) !== 0x80) return 0;
  }
  // What is no well-formed sequence after all (overlong, surrogate) decodes to more than one replacement character.
  const text = bytes.toString('utf8', at, at + length);
  return text !== '\ufffd' && PRINTABLE.test(text) ? length : 0;
};

/**
 * Latin, Greek, Cyrillic and the usual punctuation: beyond them nearly every pair of bytes is some character, and all of
 * memory would be text.
 */
const utf16Character: Character = (bytes, at) => {
  const low = bytes[at] ?? 0;
  const high = bytes[at + 1];
  if (high === undefined) return -1;
  if (high === 0) return isAscii(low) || low >= 0xa1 ? 2 : 0;
  const unit = (high << 8) | low;
  return unit < 0x530 || (unit >= 0x2010 && unit <= 0x2044) ? (PRINTABLE.test(String.fromCharCode(unit)) ? 2 : 0) : 0;
};

function scanWith(character: Character, step: 1 | 2, offset: 0 | 1, nodeEncoding: 'latin1' | 'utf8' | 'utf16le'): Scan {
  return (bytes, last, longest) => {
    const runs: TextRun[] = [];
    let from = -1;
    let characters = 0;
    const end = (to: number, goesOn: boolean) => {
      const text = bytes.toString(nodeEncoding, from, to);
      runs.push({ from, to, characters, text, goesOn });
      from = -1;
      characters = 0;
    };
    let at: number = offset;
    while (at < bytes.length) {
      const length = character(bytes, at);
      if (length === -1 && !last) break;
      if (length > 0) {
        if (from < 0) from = at;
        characters += 1;
        at += length;
        if (at - from >= longest) end(at, true);
      } else {
        if (from >= 0) end(at, false);
        at += step;
      }
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
