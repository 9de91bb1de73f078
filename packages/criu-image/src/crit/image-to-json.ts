/** One image as the JSON that crit 4.2 prints of it. */
import { type ByteSource, type ReadOptions, readExactly, viewOf } from '@stillframe/core';
import { COMMON_MAGIC, decodeImage, type ImageEntry, type Report, SERVICE_MAGIC } from '../decode.ts';
import { criuError } from '../errors.ts';
import { type FramedKind, messageNameOf } from '../kind.ts';
import { type FramedName, kindNamed, kindsOfMagic } from '../kinds.ts';
import { shapeOf } from '../wire/shape.ts';
import { type EntryGroup, type Extra, extraOf, extraSize, PADDING, paddingText } from './extra.ts';
import { Base64, base64Pieces, type Json, quoted, separatorsAt, textOf } from './json-text.ts';
import { type JsonStyle, messageToJson } from './message-to-json.ts';
import { isPlain, plainEntries } from './plain-entries.ts';

export interface CritOptions extends JsonStyle {
  /** How many bytes there are instead of payloads, as `crit show --nopl`. */
  withoutPayloads?: boolean | undefined;
  /** Only this entry, counted from 0. */
  only?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** Characters that are gathered before a piece is handed on. */
const PIECE = 1 << 16;

/** The kind of an image, by its magic alone. Throws ERR_CRIU_IMAGE_UNRECOGNISED for an image of content only. */
async function recogniseImage(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<FramedKind & { name: FramedName }> {
  const head = await readExactly(source, 0, Math.min(8, source.size), { ...options, limit: 8 });
  const view = viewOf(head);
  const first = head.length < 4 ? 0 : view.getUint32(0, true);
  const prefixed = (first === COMMON_MAGIC || first === SERVICE_MAGIC) && head.length === 8;
  const magic = prefixed ? view.getUint32(4, true) : first;
  const [name] = kindsOfMagic(magic);
  if (name === undefined) {
    throw criuError('ERR_CRIU_IMAGE_UNRECOGNISED', `0x${magic.toString(16)} is the magic of no image kind of CRIU 4.2`);
  }
  return kindNamed(name) as FramedKind & { name: FramedName };
}

/**
 * The text of the JSON in pieces, payloads streamed. Damage goes to `report`; what could be read is a sound document all
 * the same. Throws what recogniseImage and the source throw.
 */
export async function* imageToJson(
  source: ByteSource,
  report: Report,
  options: CritOptions = {},
): AsyncGenerator<string, void, undefined> {
  const kind = await recogniseImage(source, options);
  let lost = false;
  const style: CritOptions = {
    ...options,
    onLoss: () => {
      lost = true;
    },
  };
  const depth = options.pretty ? 0 : undefined;
  const [outer, list] = [separatorsAt(depth), separatorsAt(depth === undefined ? undefined : 1)];
  let text = `{${outer.first}"magic": ${quoted(kind.symbol)}${outer.next}"entries": [`;
  if (depth === undefined && options.only === undefined && isPlain(kind)) {
    for await (const piece of plainEntries(kind, source, report, style)) {
      yield text + piece;
      text = '';
    }
    yield `${text}]}`;
    if (lost) reportLoss(report);
    return;
  }
  let entries = 0;
  let index = -1;
  for await (const group of groupsOf(decodeImage(kind, source, report, { signal: options.signal }))) {
    index += 1;
    if (options.only !== undefined && index < options.only) continue;
    if (options.only !== undefined && index > options.only) break;
    text += entries === 0 ? list.first : list.next;
    entries += 1;
    for await (const piece of entryPieces(kind, group, style)) {
      text += piece;
      if (text.length < PIECE) continue;
      yield text;
      text = '';
    }
  }
  yield `${text}${entries === 0 ? '' : list.end}]${outer.end}}`;
  if (lost) reportLoss(report);
}

function reportLoss(report: Report): void {
  const message = 'fields that are unknown, or padding, are left out; exact JSON keeps them';
  report({ id: 'image-json-not-exact', severity: 'info', message });
}

/** Magic and number of entries, as `crit info`; exact also where crit counts payload as entries. */
export async function imageInfo(
  source: ByteSource,
  report: Report,
  options: ReadOptions = {},
): Promise<{ magic: string; count: number }> {
  const kind = await recogniseImage(source, options);
  let count = 0;
  for await (const { role } of decodeImage(kind, source, report, { signal: options.signal })) {
    // The head of a pagemap is no entry to crit, that of a ghost file is.
    if (role === 'entry' || (role === 'head' && kind.name === 'ghost-file')) count += 1;
  }
  return { magic: kind.symbol, count };
}

async function* groupsOf(records: AsyncIterable<ImageEntry>): AsyncGenerator<EntryGroup> {
  let group: { entry: ImageEntry; members: ImageEntry[] } | undefined;
  for await (const record of records) {
    if (record.role === 'member') {
      group?.members.push(record);
      continue;
    }
    if (group !== undefined) yield group;
    group = { entry: record, members: [] };
  }
  if (group !== undefined) yield group;
}

async function* entryPieces(
  kind: FramedKind & { name: FramedName },
  group: EntryGroup,
  options: CritOptions,
): AsyncGenerator<string> {
  const { role, message, padding } = group.entry;
  const json = messageToJson(shapeOf(messageNameOf(kind, role)), message, options);
  const filling = await paddingText(padding, options);
  const members: [string, Extra][] = Object.entries(filling === undefined ? json : { ...json, [PADDING]: filling });
  const extra = options.withoutPayloads ? sizeText(kind.name, group) : await extraOf(kind.name, group, options);
  if (extra === undefined && filling === undefined) return yield textOf(json, options.pretty ? 2 : undefined);
  if (extra !== undefined) members.push(['extra', extra]);
  yield* objectPieces(members, options.pretty ? 2 : undefined, options.signal);
}

function sizeText(kind: FramedName, group: EntryGroup): string | undefined {
  const size = extraSize(kind, group);
  return size === undefined ? undefined : `... <${readable(size)}>`;
}

async function* objectPieces(
  members: readonly (readonly [string, Extra])[],
  depth: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  if (members.length === 0) return yield '{}';
  const { first, next, end } = separatorsAt(depth);
  let before = `{${first}`;
  for (const [name, value] of members) {
    yield `${before}${quoted(name)}: `;
    yield* valuePieces(value, depth === undefined ? undefined : depth + 1, signal);
    before = next;
  }
  yield `${end}}`;
}

async function* valuePieces(
  value: Extra,
  depth: number | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  if (value instanceof Base64) return yield* base64Pieces(value, signal);
  if (!holdsBytes(value)) return yield textOf(value as Json, depth);
  if (!Array.isArray(value)) return yield* objectPieces(Object.entries(value), depth, signal);
  const { first, next, end } = separatorsAt(depth);
  for (const [index, item] of (value as readonly Extra[]).entries()) {
    yield index === 0 ? `[${first}` : next;
    yield* valuePieces(item, depth === undefined ? undefined : depth + 1, signal);
  }
  yield `${end}]`;
}

function holdsBytes(value: Extra): boolean {
  return typeof value === 'object' && Object.values(value).some((item) => item instanceof Base64);
}

/** `1.5KB`, rounded as C's printf does: half to even. */
function readable(size: bigint): string {
  let number = Number(size);
  for (const unit of ['', 'K', 'M', 'G', 'T', 'P', 'E', 'Z']) {
    if (number < 1024) return Number.isInteger(number) ? `${number}${unit}B` : `${tenths(number)}${unit}B`;
    number /= 1024;
  }
  return `${tenths(number)}YB`;
}

function tenths(number: number): string {
  const scaled = number * 10;
  const below = Math.floor(scaled);
  const up = scaled - below > 0.5 || (scaled - below === 0.5 && below % 2 === 1);
  const rounded = below + (up ? 1 : 0);
  return `${Math.floor(rounded / 10)}.${rounded % 10}`;
}
