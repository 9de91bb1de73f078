/** crit's JSON, plain or pretty, back to the entries of an image. */
import { bytesSource, limits, messageOf } from '@stillframe/core';
import { type EncodedEntry, encodeImage, partsOf } from '../encode.ts';
import { type FramedKind, messageNameOf, type PayloadPart } from '../kind.ts';
import { kindOfSymbol } from '../kinds.ts';
import { shapeOf } from '../wire/shape.ts';
import { PADDING } from './extra.ts';
import { bytesOfBase64, isList, isObject, type Json } from './json-text.ts';
import { invalid, messageFromJson } from './message-from-json.ts';

/** Characters of a document that is read: it is held in memory as a whole. */
const LONGEST = limits.criuImage;

/**
 * Yields the bytes of the image. Throws ERR_CRIT_JSON_INVALID for what is no such document, and what encodeImage throws
 * for one that contradicts itself.
 */
export async function* imageFromJson(
  text: string,
  options: { signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { kind, entries } = parseImage(text);
  yield* encodeImage(kind, entriesFrom(kind, entries), options);
}

function parseImage(text: string): { kind: FramedKind; entries: readonly Json[] } {
  if (text.length > LONGEST) throw invalid('document', `is longer than ${LONGEST} characters`);
  let document: unknown;
  try {
    document = JSON.parse(text, exactInteger);
  } catch (cause) {
    throw invalid('document', `is no JSON: ${messageOf(cause)}`, cause);
  }
  if (!isObject(document)) throw invalid('document', 'should be an object');
  const { magic, entries } = document;
  const kind = typeof magic === 'string' ? kindOfSymbol(magic) : undefined;
  if (kind === undefined) throw invalid('magic', 'is that of no image kind');
  if (!isList(entries)) throw invalid('entries', 'should be a list');
  return { kind, entries };
}

/** Integers that a number cannot hold exactly become a bigint. */
function exactInteger(_name: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return context?.source !== undefined && /^-?\d{1,40}$/.test(context.source) ? BigInt(context.source) : value;
}

function* entriesFrom(kind: FramedKind, list: readonly Json[]): Generator<EncodedEntry> {
  for (const [index, item] of list.entries()) {
    const place = `entries[${index}]`;
    if (!isObject(item)) throw invalid(place, 'should be an object');
    const role = index === 0 && kind.head !== undefined ? 'head' : 'entry';
    const { extra, [PADDING]: padding, ...fields } = item;
    const message = messageFromJson(shapeOf(messageNameOf(kind, role)), fields, place);
    yield withPayload(kind, role, message, bytesFrom(kind, extra, place), padding, place);
    if (role === 'entry' && kind.members !== undefined) yield* membersFrom(kind, extra, `${place}.extra`);
  }
}

/** Messages and texts by turns. */
function* membersFrom(kind: FramedKind, extra: Json | undefined, place: string): Generator<EncodedEntry> {
  if (extra === undefined) return;
  if (!isList(extra) || extra.length % 2 !== 0) throw invalid(place, 'should be a list of messages and texts');
  for (let index = 0; index < extra.length; index += 2) {
    const where = `${place}[${index}]`;
    const item = extra[index];
    if (!isObject(item)) throw invalid(where, 'should be an object');
    const { [PADDING]: padding, ...fields } = item;
    const message = messageFromJson(shapeOf(messageNameOf(kind, 'member')), fields, where);
    yield withPayload(kind, 'member', message, base64At(extra[index + 1], `${place}[${index + 1}]`), padding, where);
  }
}

/** All bytes of `extra`, in the order in which they stand in the image. */
function bytesFrom(kind: FramedKind, extra: Json | undefined, place: string): Uint8Array {
  if (extra === undefined || kind.members !== undefined) return new Uint8Array(0);
  const where = `${place}.extra`;
  if (isList(extra)) return semaphoreBytes(extra, where);
  if (!isObject(extra)) return base64At(extra, where);
  const { inq, outq } = extra;
  return new Uint8Array(Buffer.concat([base64At(inq, `${where}.inq`), base64At(outq, `${where}.outq`)]));
}

function semaphoreBytes(values: readonly Json[], place: string): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(values.length * 2));
  for (const [index, value] of values.entries()) {
    const sound = typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff;
    if (!sound) throw invalid(`${place}[${index}]`, 'should be a number of 16 bits');
    bytes.setUint16(index * 2, value, true);
  }
  return new Uint8Array(bytes.buffer);
}

function base64At(value: Json | undefined, place: string): Uint8Array {
  const bytes = typeof value === 'string' ? bytesOfBase64(value) : undefined;
  if (bytes === undefined) throw invalid(place, 'should be base64');
  return bytes;
}

/** Cuts the bytes into the parts that the message announces; the last takes what is left, for the encoder to judge. */
function withPayload(
  kind: FramedKind,
  role: EncodedEntry['role'],
  message: EncodedEntry['message'],
  bytes: Uint8Array,
  padding: Json | undefined,
  place: string,
): EncodedEntry {
  const parts = partsOf(kind, role, message);
  if (parts.length === 0 && bytes.length > 0) throw invalid(place, 'this message is followed by no bytes');
  const filling = padding === undefined ? undefined : bytesSource(base64At(padding, `${place}.${PADDING}`));
  let at = 0;
  const cut = ({ bytes: wanted }: PayloadPart, index: number) => {
    const last = index === parts.length - 1 || wanted === 'rest';
    const end = last ? bytes.length : at + Math.min(Number(wanted), bytes.length - at);
    const part = bytesSource(bytes.subarray(at, end));
    at = end;
    return part;
  };
  const named = parts.map((part, index) => [part.name, cut(part, index)] as const);
  const behind = filling === undefined ? [] : parts.map(({ name }) => [name, filling] as const);
  return { role, message, payload: Object.fromEntries(named), padding: Object.fromEntries(behind) };
}
