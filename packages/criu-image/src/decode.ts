/** One CRIU image to typed entries: magics, then head, entries, members and payloads as the row of its kind says. */
import { type ByteSource, type Diagnostic, messageOf } from '@stillframe/core';
import { type Frame, FrameReader, type FrameReaderOptions } from './frame.ts';
import { type FramedKind, MESSAGE_LIMIT, type PayloadPart } from './kind.ts';
import { kindsOfMagic } from './kinds.ts';
import { readMessage } from './wire/read-message.ts';
import type { AnyMessage, MessageName } from './wire/shape.ts';

/** First word of every image of CRIU 2 and later, except the inventory and the service images. */
export const COMMON_MAGIC = 0x54564319;
/** First word of stats-dump, stats-restore and irmap-cache. */
export const SERVICE_MAGIC = 0x55105940;

/** A decoded message with what belongs to it. `M` is its type; decodeImage itself only knows that it is a message. */
export interface ImageEntry<Role extends string = 'head' | 'entry' | 'member', M = AnyMessage> {
  role: Role;
  /** Offset of its frame in the image. */
  offset: number;
  /** Bytes of the message there. */
  size: number;
  message: M;
  /** The bytes after the message, by name, unread; empty where the kind has none. Slices of the image. */
  payload: Readonly<Record<string, ByteSource>>;
  /** What fills up behind a part of the payload, by its name. CRIU does not clear it: it can hold memory of the dumper. */
  padding: Readonly<Record<string, ByteSource>>;
}

/** Takes a fault of the evidence; `source` is filled in by whoever knows the image's name. */
export type Report = (fault: Omit<Diagnostic, 'source'>) => void;

/**
 * Yields the messages of one image in order. Damage goes to `report` and ends or thins out the result, it never throws:
 * what comes before a fault is yielded, and a message that cannot be decoded is left out.
 */
export async function* decodeImage(
  kind: FramedKind,
  source: ByteSource,
  report: Report,
  options: FrameReaderOptions = {},
): AsyncGenerator<ImageEntry, void, undefined> {
  const reader = new FrameReader(source, { messageLimit: kind.messageLimit ?? MESSAGE_LIMIT, ...options });
  if (await readMagics(reader, kind, report)) yield* entriesOf(kind, reader, report);
  reportFault(reader, report);
}

/**
 * The first entry of an image, as decodeImage yields it, for kinds that have one only: without the detour of a generator,
 * since an image of a few hundred bytes is read for every process.
 */
export async function decodeFirst(
  kind: FramedKind,
  source: ByteSource,
  report: Report,
  options: FrameReaderOptions = {},
): Promise<AnyMessage | undefined> {
  const reader = new FrameReader(source, { messageLimit: kind.messageLimit ?? MESSAGE_LIMIT, ...options });
  if (await readMagics(reader, kind, report)) {
    while (reader.fault === undefined && reader.remaining > 0) {
      const entry = await one(reader, 'entry', kind.message, report, (message) => kind.payload?.(message));
      if (entry !== undefined) return entry.message;
      if (kind.payload !== undefined || kind.members !== undefined) break;
    }
  }
  reportFault(reader, report);
  return undefined;
}

/** Hands over why the reader stopped, if it did. */
export function reportFault(reader: FrameReader, report: Report): void {
  if (reader.fault !== undefined) report({ severity: 'error', ...reader.fault });
}

/** Reads the one or two magics. False, after a report, where they are not those of the kind. */
export async function readMagics(reader: FrameReader, kind: FramedKind, report: Report): Promise<boolean> {
  const first = await reader.word();
  if (first === undefined) return false;
  let magic: number | undefined = first;
  const prefix = kind.service ? SERVICE_MAGIC : kind.name === 'inventory' ? undefined : COMMON_MAGIC;
  if (first === prefix) {
    magic = await reader.word();
    if (magic === undefined) return false;
  }
  if (magic === kind.magic) return true;
  const others = kindsOfMagic(magic);
  const what = others.length > 0 ? `that of ${others.join(' or ')}` : 'that of no kind';
  report({
    id: 'image-magic-mismatch',
    severity: 'error',
    offset: 0,
    message: `by its name the image is of kind ${kind.name}, its magic 0x${magic.toString(16).padStart(8, '0')} is ${what}`,
  });
  return false;
}

async function* entriesOf(kind: FramedKind, reader: FrameReader, report: Report): AsyncGenerator<ImageEntry> {
  const stops = kind.payload !== undefined || kind.members !== undefined;
  if (kind.head !== undefined) {
    const head = await one(reader, 'head', kind.head, report, (message) => kind.headPayload?.(message));
    if (head !== undefined) yield head;
    else if (kind.headPayload !== undefined) return;
  }
  while (reader.fault === undefined && reader.remaining > 0) {
    const entry = await one(reader, 'entry', kind.message, report, (message) => kind.payload?.(message));
    if (entry !== undefined) yield entry;
    // Without the message nobody knows how many bytes follow it.
    else if (stops) return;
    else continue;
    for (let left = kind.members?.count(entry.message) ?? 0; left > 0 && kind.members !== undefined; left -= 1) {
      if (reader.fault !== undefined) return;
      if (reader.remaining === 0) return missingMembers(reader, left, report);
      const { message, payload } = kind.members;
      const member = await one(reader, 'member', message, report, (decoded) => payload?.(decoded));
      if (member === undefined) return;
      yield member;
    }
  }
}

function missingMembers(reader: FrameReader, left: number, report: Report): void {
  report({
    id: 'image-truncated',
    severity: 'error',
    offset: reader.position,
    message: `${left} more messages should follow`,
  });
}

/** The next message with its payload; undefined, after a report, where there is none that can be decoded. */
async function one<R extends ImageEntry['role']>(
  reader: FrameReader,
  role: R,
  name: MessageName,
  report: Report,
  payloadOf: (message: AnyMessage) => readonly PayloadPart[] | undefined,
): Promise<ImageEntry<R> | undefined> {
  const frame = reader.buffered() ?? (await reader.next());
  if (frame === undefined) return undefined;
  const message = decodeMessage(name, frame, report);
  if (message === undefined) return undefined;
  const payload: Record<string, ByteSource> = {};
  const filling: Record<string, ByteSource> = {};
  for (const { name, bytes, padding } of payloadOf(message) ?? []) {
    payload[name] = reader.payload(bytes === 'rest' ? reader.remaining : bytes);
    if (padding && reader.fault === undefined) filling[name] = reader.payload(padding);
  }
  return { role, offset: frame.offset, size: frame.bytes.length, message, payload, padding: filling };
}

/** The message of a frame; undefined, after a report, where it is none. */
export function decodeMessage(name: MessageName, frame: Frame, report: Report): AnyMessage | undefined {
  try {
    return readMessage(name, frame.bytes);
  } catch (error) {
    const message = `the ${name} at this place cannot be decoded: ${messageOf(error)}`;
    report({ id: 'image-message-undecodable', severity: 'error', offset: frame.offset, message });
    return undefined;
  }
}
