/** Content of a checkpoint beside memory: files, queues, logs, documents, each with where it comes from. */
import {
  type Content,
  contentOf,
  type Extractable,
  type ExtractableFile,
  type ExtractableTree,
  type ExtractContext,
  type ExtractKind,
  type Holder,
  listExtractables,
} from '@stillframe/checkpoint';
import { messageOf, StillframeError } from '@stillframe/core';
import type { EvidenceReference } from './reference.ts';

/** Where content comes from. */
export interface ContentPlace {
  readonly where: ExtractKind;
  /** What the evidence calls it; raw. */
  readonly name: string | undefined;
  /** Who holds it. */
  readonly pids: readonly number[];
  reference(offset: number, bytes: number): EvidenceReference;
}

/** Some content with its place. */
export interface PlacedContent {
  readonly content: Content;
  readonly place: ContentPlace;
}

/**
 * One after the other, so that none need be held; a PCAP, which repeats queues, is left out. What cannot be opened goes to the
 * diagnostics of the images. `kinds`: in which order.
 */
export async function* contentsOf(
  context: ExtractContext,
  kinds: readonly ExtractKind[],
  wanted: (thing: Extractable) => boolean = () => true,
): AsyncGenerator<PlacedContent, void, undefined> {
  const { signal } = context;
  const wishes = kinds.map((kind) => ({ kind }));
  for await (const thing of listExtractables(context, { wishes, signal })) {
    if (!wanted(thing)) continue;
    if (thing.form === 'tree') yield* members(thing, context);
    else if (thing.content && !isRepeated(thing)) yield { content: thing.content, place: filePlace(thing) };
  }
}

async function* members(tree: ExtractableTree, context: ExtractContext): AsyncGenerator<PlacedContent> {
  const { signal } = context;
  await using open = await opened(tree, context);
  for (const entry of open?.entries.values() ?? []) {
    // A hard link would tell the same file again.
    if (open === undefined || (entry.kind !== 'file' && entry.kind !== 'sparse')) continue;
    const content = await contentOf(open, entry, { signal });
    if (content) yield { content, place: memberPlace(tree, entry.name) };
  }
}

async function opened(tree: ExtractableTree, { checkpoint, signal }: ExtractContext) {
  try {
    return await tree.open({ signal });
  } catch (error) {
    if (!StillframeError.is(error)) throw error;
    const told = { id: 'tree-unreadable', severity: 'error', message: messageOf(error) } as const;
    checkpoint.images.report({ ...told, source: tree.source.image });
    return undefined;
  }
}

function isRepeated({ kind, id, part }: ExtractableFile): boolean {
  return part === 'pcap' || (kind === 'ipc' && !id.startsWith('msg-'));
}

function filePlace({ kind, name, id, source, holders }: ExtractableFile): ContentPlace {
  const pids = [...new Set(holders.flatMap((holder) => ('pid' in holder ? [holder.pid] : [])))];
  const isEntry = kind === 'metadata' || kind === 'log';
  // Of an image that holds several things its name tells none: who has the thing does.
  const held = source.offset === undefined ? undefined : holders.map(heldAt).find((each) => each !== undefined);
  const other: EvidenceReference = held ?? { kind: 'image', name: source.image };
  const reference = (offset: number, bytes: number): EvidenceReference =>
    isEntry ? { kind: 'entry', name: source.image, offset, bytes } : other;
  return { where: kind, name: name ?? id, pids, reference };
}

function heldAt(holder: Holder): EvidenceReference | undefined {
  if ('fd' in holder) return { kind: 'fd', pid: holder.pid, fd: holder.fd };
  if ('as' in holder) return { kind: 'fd', pid: holder.pid, fd: holder.as };
  return 'start' in holder ? { kind: 'mapping', pid: holder.pid, start: holder.start, end: holder.end } : undefined;
}

function memberPlace({ kind, name, source }: ExtractableTree, member: string): ContentPlace {
  const path = kind === 'rootfs' ? `/${member}` : `${name ?? ''}/${member}`;
  const reference = (): EvidenceReference =>
    kind === 'rootfs' ? { kind: 'rootfs', path } : { kind: 'image', name: source.image };
  return { where: kind, name: path, pids: [], reference };
}
