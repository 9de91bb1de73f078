/** SPDY/3.1 frames (draft 3.1, section 2.2) as bytes. Header blocks stay compressed here; nothing waits here. */
import { serverError } from '../../errors.ts';

/** RST_STREAM status codes that are used here. */
export const resetStatus = { protocolError: 1, invalidStream: 2, refusedStream: 3, cancel: 5 } as const;
/** GOAWAY status codes. */
export const goAwayStatus = { ok: 0, protocolError: 1 } as const;
/** SETTINGS entry for the window that streams begin with. */
export const INITIAL_WINDOW_SIZE = 7;

export interface SettingsEntry {
  id: number;
  flags: number;
  value: number;
}

export type Frame =
  | { kind: 'data'; stream: number; fin: boolean; data: Uint8Array }
  | { kind: 'syn-stream'; stream: number; associated: number; fin: boolean; unidirectional: boolean; block: Uint8Array }
  | { kind: 'syn-reply'; stream: number; fin: boolean; block: Uint8Array }
  | { kind: 'headers'; stream: number; fin: boolean; block: Uint8Array }
  | { kind: 'rst-stream'; stream: number; status: number }
  | { kind: 'settings'; entries: SettingsEntry[] }
  | { kind: 'ping'; id: number }
  | { kind: 'go-away'; lastStream: number; status: number }
  | { kind: 'window-update'; stream: number; delta: number }
  /** A type that this version does not know; to be ignored. */
  | { kind: 'unknown'; type: number };

const VERSION = 3;
const TYPES = {
  'syn-stream': 1,
  'syn-reply': 2,
  'rst-stream': 3,
  settings: 4,
  ping: 6,
  'go-away': 7,
  headers: 8,
  'window-update': 9,
} as const;
const FIN = 1;
const UNIDIRECTIONAL = 2;
const HEADER = 8;
const MASK_31 = 0x7fffffff;
/** Bytes of a control frame after its header: far more than header blocks of this use need. */
export const CONTROL_LIMIT = 64 << 10;
const MOST_SETTINGS = 64;

/** The bytes of `frame`. Data is at most 2^24 - 1 bytes. */
export function encodeFrame(frame: Exclude<Frame, { kind: 'unknown' }>): Buffer {
  if (frame.kind === 'data') {
    const header = words(frame.stream, ((frame.fin ? FIN : 0) * 2 ** 24 + frame.data.byteLength) >>> 0);
    return Buffer.concat([header, frame.data]);
  }
  const body = bodyOf(frame);
  let flags = 'fin' in frame && frame.fin ? FIN : 0;
  if (frame.kind === 'syn-stream' && frame.unidirectional) flags |= UNIDIRECTIONAL;
  const first = (0x80000000 + VERSION * 2 ** 16 + TYPES[frame.kind]) >>> 0;
  return Buffer.concat([words(first, (flags * 2 ** 24 + body.byteLength) >>> 0), body]);
}

function bodyOf(frame: Exclude<Frame, { kind: 'unknown' | 'data' }>): Buffer {
  switch (frame.kind) {
    case 'syn-stream':
      return Buffer.concat([words(frame.stream, frame.associated), Buffer.from([0, 0]), frame.block]);
    case 'syn-reply':
    case 'headers':
      return Buffer.concat([words(frame.stream), frame.block]);
    case 'rst-stream':
      return words(frame.stream, frame.status);
    case 'settings':
      return words(
        frame.entries.length,
        ...frame.entries.flatMap(({ id, flags, value }) => [(flags * 2 ** 24 + id) >>> 0, value]),
      );
    case 'ping':
      return words(frame.id);
    case 'go-away':
      return words(frame.lastStream, frame.status);
    case 'window-update':
      return words(frame.stream, frame.delta);
  }
}

function words(...values: number[]): Buffer {
  const buffer = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(value, 4 * index);
  return buffer;
}

/**
 * Frames out of bytes in pieces of any size. A data frame comes in as many pieces as it arrives in, the last of them
 * with `fin`, so that its length needs no bound and nothing of it is held back.
 */
export class FrameReader {
  #held: Buffer = Buffer.alloc(0);
  /** What is left of the data frame that is coming in. */
  #data: { stream: number; fin: boolean; left: number } | undefined;

  /** Throws ERR_SPDY_FRAME; the reader is of no use then. */
  *push(chunk: Uint8Array): Generator<Frame> {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#held = this.#held.byteLength === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (;;) {
      const frame = this.#data ? this.#dataPiece() : this.#next();
      if (!frame) return;
      yield frame;
    }
  }

  #take(length: number): Buffer {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }

  #dataPiece(): Frame | undefined {
    const open = this.#data;
    if (!open || (open.left > 0 && this.#held.byteLength === 0)) return undefined;
    const data = this.#take(Math.min(open.left, this.#held.byteLength));
    open.left -= data.byteLength;
    if (open.left === 0) this.#data = undefined;
    return { kind: 'data', stream: open.stream, fin: open.fin && open.left === 0, data };
  }

  #next(): Frame | undefined {
    if (this.#held.byteLength < HEADER) return undefined;
    const first = this.#held.readUInt32BE(0);
    const flags = this.#held.readUInt8(4);
    const length = this.#held.readUIntBE(5, 3);
    if (first < 0x80000000) {
      if (first === 0) throw serverError('ERR_SPDY_FRAME', 'data for stream 0');
      this.#take(HEADER);
      this.#data = { stream: first, fin: (flags & FIN) !== 0, left: length };
      return this.#dataPiece();
    }
    const version = (first >>> 16) & 0x7fff;
    if (version !== VERSION) throw serverError('ERR_SPDY_FRAME', `a frame of SPDY version ${version}`);
    if (length > CONTROL_LIMIT) throw serverError('ERR_SPDY_FRAME', `a control frame of ${length} bytes`);
    if (this.#held.byteLength < HEADER + length) return undefined;
    this.#take(HEADER);
    return controlFrame(first & 0xffff, flags, this.#take(length));
  }
}

function controlFrame(type: number, flags: number, body: Buffer): Frame {
  const fin = (flags & FIN) !== 0;
  const word = (index: number) => {
    if (body.byteLength < 4 * index + 4) throw serverError('ERR_SPDY_FRAME', `a frame of type ${type} is too short`);
    return body.readUInt32BE(4 * index);
  };
  const stream = () => nonZero(word(0) & MASK_31);
  switch (type) {
    case TYPES['syn-stream']: {
      const associated = word(1) & MASK_31;
      if (body.byteLength < 10) throw serverError('ERR_SPDY_FRAME', 'a SYN_STREAM is too short');
      const unidirectional = (flags & UNIDIRECTIONAL) !== 0;
      return { kind: 'syn-stream', stream: stream(), associated, fin, unidirectional, block: body.subarray(10) };
    }
    case TYPES['syn-reply']:
      return { kind: 'syn-reply', stream: stream(), fin, block: body.subarray(4) };
    case TYPES.headers:
      return { kind: 'headers', stream: stream(), fin, block: body.subarray(4) };
    case TYPES['rst-stream']:
      return { kind: 'rst-stream', stream: stream(), status: word(1) };
    case TYPES.settings:
      return { kind: 'settings', entries: settingsOf(word(0), body.subarray(4)) };
    case TYPES.ping:
      return { kind: 'ping', id: word(0) };
    case TYPES['go-away']:
      return { kind: 'go-away', lastStream: word(0) & MASK_31, status: word(1) };
    case TYPES['window-update']:
      return { kind: 'window-update', stream: word(0) & MASK_31, delta: word(1) & MASK_31 };
    default:
      return { kind: 'unknown', type };
  }
}

function settingsOf(count: number, body: Buffer): SettingsEntry[] {
  if (count > MOST_SETTINGS || body.byteLength < 8 * count) {
    throw serverError('ERR_SPDY_FRAME', `a SETTINGS frame of ${count} entries in ${body.byteLength} bytes`);
  }
  return Array.from({ length: count }, (_entry, index) => ({
    flags: body.readUInt8(8 * index),
    id: body.readUIntBE(8 * index + 1, 3),
    value: body.readUInt32BE(8 * index + 4),
  }));
}

function nonZero(stream: number): number {
  if (stream === 0) throw serverError('ERR_SPDY_FRAME', 'a control frame for stream 0');
  return stream;
}
