/** Typed entries to the bytes of one CRIU image: the reverse of decodeImage. */
import { type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { type ByteSource, messageOf, streamOf } from '@stillframe/core';
import { COMMON_MAGIC, type ImageEntry, SERVICE_MAGIC } from './decode.ts';
import { criuError } from './errors.ts';
import { type FramedKind, messageNameOf, type PayloadPart } from './kind.ts';
import { schemaNamed } from './schemas.ts';
import type { AnyMessage } from './wire/shape.ts';

/** What encodeImage needs of an entry; what decodeImage yields will do. */
export type EncodedEntry = Pick<ImageEntry, 'role' | 'message'> & Partial<Pick<ImageEntry, 'payload' | 'padding'>>;

export interface EncodeOptions {
  /** Version of the image format: 2 (CRIU 2 and later, two magics) where it is not given, or 1 (one magic). */
  version?: 1 | 2 | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Yields the image in pieces; payloads are streamed, never held. Entries in the order of decodeImage: a head first where
 * the kind has one, members behind their entry. Whatever CRIU wrote comes back byte for byte, fields that are unknown
 * included: they stand behind the known ones, which is where a newer CRIU has them. Padding that is not given is zeroes.
 *
 * Throws ERR_CRIU_IMAGE_PAYLOAD_MISMATCH and ERR_CRIU_IMAGE_ENTRY_INVALID, after what came before was yielded, and what
 * a source of payload throws.
 */
export async function* encodeImage(
  kind: FramedKind,
  entries: Iterable<EncodedEntry> | AsyncIterable<EncodedEntry>,
  options: EncodeOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  yield magicsOf(kind, options.version ?? 2);
  let headed = kind.head === undefined;
  let members = 0;
  for await (const { role, message, payload = {}, padding = {} } of entries) {
    const expected = members > 0 ? 'member' : headed ? 'entry' : 'head';
    if (role !== expected) {
      throw criuError('ERR_CRIU_IMAGE_ENTRY_INVALID', `a ${role} stands where ${kind.name} has a ${expected}`);
    }
    yield frameOf(schemaNamed(messageNameOf(kind, role)), message);
    yield* payloadsOf(kind, partsOf(kind, role, message), payload, padding, options.signal);
    headed = true;
    if (role === 'member') members -= 1;
    else if (role === 'entry') members = kind.members?.count(message) ?? 0;
  }
  if (members > 0) {
    throw criuError('ERR_CRIU_IMAGE_ENTRY_INVALID', `${members} members are missing at the end of a ${kind.name}`);
  }
}

/** What payload follows a message in this role. */
export function partsOf(kind: FramedKind, role: ImageEntry['role'], message: AnyMessage): readonly PayloadPart[] {
  if (role === 'head') return kind.headPayload?.(message) ?? [];
  return (role === 'entry' ? kind.payload?.(message) : kind.members?.payload?.(message)) ?? [];
}

function magicsOf(kind: FramedKind, version: 1 | 2): Uint8Array {
  const prefix = kind.service ? SERVICE_MAGIC : COMMON_MAGIC;
  const single = version === 1 || kind.name === 'inventory';
  return words(...(single ? [kind.magic] : [prefix, kind.magic]));
}

function frameOf(schema: DescMessage, message: Message): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = toBinary(schema, message);
  } catch (cause) {
    const text = `a ${schema.typeName} cannot be encoded: ${messageOf(cause)}`;
    throw criuError('ERR_CRIU_IMAGE_ENTRY_INVALID', text, { cause });
  }
  const frame = new Uint8Array(4 + bytes.length);
  frame.set(words(bytes.length));
  frame.set(bytes, 4);
  return frame;
}

async function* payloadsOf(
  kind: FramedKind,
  parts: readonly PayloadPart[],
  payload: Readonly<Record<string, ByteSource>>,
  padding: Readonly<Record<string, ByteSource>>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const known = new Set(parts.map(({ name }) => name));
  const stray = Object.keys(payload).find((name) => !known.has(name));
  if (stray !== undefined) throw mismatch(`after this message ${kind.name} has no ${stray}`);
  for (const { name, bytes, padding: filling = 0 } of parts) {
    const source = payload[name];
    const size = source?.size ?? 0;
    if (bytes !== 'rest' && BigInt(bytes) !== BigInt(size)) {
      throw mismatch(`the message says ${bytes} bytes of ${name}, given are ${size}`);
    }
    if (source !== undefined) yield* streamOf(source, { signal });
    const behind = padding[name];
    if (behind !== undefined && behind.size === filling) yield* streamOf(behind, { signal });
    else if (filling > 0) yield new Uint8Array(filling);
  }
}

function mismatch(message: string) {
  return criuError('ERR_CRIU_IMAGE_PAYLOAD_MISMATCH', message);
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) view.setUint32(index * 4, value, true);
  return bytes;
}
