/**
 * Text fields of CRIU's messages hold paths and names of Linux, which are bytes of any value. A byte that is no UTF-8
 * becomes the lone surrogate U+DC00 + byte, as in Python's `surrogateescape`, and that byte again when it is encoded;
 * otherwise two files could not be told apart and an image would not come back byte for byte. Where text is shown,
 * `harmless` makes U+FFFD of it.
 */
const ESCAPE = 0xdc00;
const plain = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

/** Bytes to text, losslessly; `encodeBytes` is the way back. */
export function decodeBytes(bytes: Uint8Array): string {
  const text = plain.decode(bytes);
  if (!text.includes('\ufffd')) return text;
  let result = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceAt(bytes, at);
    if (length === 0) result += String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
    else result += plain.decode(bytes.subarray(at, at + length));
    at += length || 1;
  }
  return result;
}

/** Text to bytes: escaped bytes as they were, other lone surrogates as U+FFFD. */
export function encodeBytes(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text);
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < ESCAPE + 0x80 || unit > ESCAPE + 0xff || isHigh(text.charCodeAt(at - 1))) continue;
    parts.push(encoder.encode(text.slice(start, at)), Uint8Array.of(unit - ESCAPE));
    start = at + 1;
  }
  parts.push(encoder.encode(text.slice(start)));
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes of the sound UTF-8 sequence at `at`; 0 where there is none. */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  try {
    return [...strict.decode(bytes.subarray(at, at + length))].length === 1 ? length : 0;
  } catch {
    return 0;
  }
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < ESCAPE;
}
