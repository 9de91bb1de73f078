/** What has no name in a filesystem, or not any more: deleted files that are open, memfds, shared memory, queues. */
import {
  type Extractable,
  type ExtractContext,
  type ExtractKind,
  listExtractables,
  nameOfThing,
  openExtractContext,
  streamThing,
} from '@stillframe/checkpoint';
import type { DeskCase } from '../case.ts';
import type { ThingFacts, ThingList } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import { type Opened, openReference, referenceIn } from './references.ts';
import type { AnswerRoute, Call, DownloadRoute } from './route.ts';

const KINDS: readonly ExtractKind[] = ['ghost', 'memfd', 'shm', 'pipe', 'fifo', 'socket', 'tcp', 'tty', 'log'];
/** Things that are listed, processes of one, and bytes of a preview. */
const [MOST, MOST_PIDS, FIRST] = [2000, 20, 32 << 10];
/** What claims more is refused. */
const LARGEST = 1n << 40n;

export const things: AnswerRoute<'things'> = ({ one }) =>
  one.keep('things', async (signal): Promise<ThingList> => {
    const list: ThingFacts[] = [];
    let total = 0;
    const wishes = KINDS.map((kind) => ({ kind }));
    for await (const thing of listExtractables(await contextOf(one), { wishes, signal })) {
      if (thing.form !== 'file' || thing.content?.size === 0n) continue;
      total += 1;
      if (list.length < MOST) list.push(factsOf(thing));
    }
    return { things: list, total };
  });

export const preview: AnswerRoute<'preview'> = async (call) => {
  const { name, size, bytes } = await opened(call, false);
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of bytes) {
    // A copy: a piece is valid only until the next one.
    parts.push(Buffer.from(part.subarray(0, FIRST - length)));
    length += parts.at(-1)?.length ?? 0;
    if (length >= FIRST) break;
  }
  // One that was read to its end is as long as that.
  return {
    ...{ base64: Buffer.concat(parts).toString('base64'), name },
    bytes: size ?? (length < FIRST ? length : null),
  };
};

export const download: DownloadRoute = (call) => opened(call, true);

/**
 * The thing or place of the archive that is asked for; a path of the root filesystem is one that was changed. Throws
 * ERR_DESK_QUESTION and what extracting throws.
 */
async function opened(call: Call, raw: boolean): Promise<Opened> {
  const { one, question, signal } = call;
  const reference = referenceIn(question.text('thing'));
  if (reference) return openReference(call, reference, raw);
  const [, kind = '', id = ''] = /^([a-z]+):?(.*)$/s.exec(question.text('thing')) ?? [];
  const wanted = [...KINDS, 'rootfs' as const].find((each) => each === kind);
  if (wanted === undefined) throw deskError('ERR_DESK_QUESTION', 'thing is such as ghost:5 or rootfs:/etc/passwd');
  if (wanted === 'rootfs' && id === '') throw deskError('ERR_DESK_QUESTION', 'rootfs needs the path of a file');
  const wishes = [{ kind: wanted, id: id === '' ? undefined : id }];
  for await (const thing of listExtractables(await contextOf(one), { wishes, signal })) {
    const name = (wanted === 'rootfs' ? id : (thing.name ?? thing.file)).split('/').at(-1) ?? thing.file;
    return { name, size: await sizeOf(thing, id), bytes: bytesOf(thing, signal) };
  }
  throw deskError('ERR_DESK_NOT_FOUND', 'the checkpoint has no such thing');
}

async function* bytesOf(thing: Extractable, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { bytes } of streamThing(thing, { limit: LARGEST, signal })) yield bytes;
}

async function sizeOf(thing: Extractable, path: string): Promise<number> {
  if (thing.form === 'file') return Number(thing.content?.size ?? 0);
  await using tree = await thing.open();
  return tree?.entries.get(path.replace(/^\/+/, ''))?.size ?? 0;
}

function contextOf(one: DeskCase): Promise<ExtractContext> {
  return one.keep('extract context', (signal) => openExtractContext(one.checkpoint, { signal }));
}

function factsOf(thing: Extract<Extractable, { form: 'file' }>): ThingFacts {
  const pids = new Set(thing.holders.flatMap((holder) => ('pid' in holder ? [holder.pid] : [])));
  return {
    ...{ thing: nameOfThing(thing), kind: thing.kind, name: thing.name ?? null },
    bytes: thing.content === undefined ? null : Number(thing.content.size),
    without: thing.content === undefined ? (thing.without ?? 'unknown') : null,
    pids: [...pids].slice(0, MOST_PIDS),
  };
}
