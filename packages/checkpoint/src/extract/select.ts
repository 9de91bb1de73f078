/** What is wished of a checkpoint, and the things that it names. */

import type { SignalOptions } from '@stillframe/criu-image';
import type { Checkpoint } from '../checkpoint.ts';
import { checkpointError } from '../errors.ts';
import { readProcesses } from '../process/process-tree.ts';
import type { Extractable, ExtractContext, ExtractKind } from './extractable.ts';
import { extractors } from './extractors.ts';
import { readHolders } from './holders.ts';
import { type MemoryWish, memoryOf } from './memory.ts';

/** A kind, or one thing of it. */
export interface Wish {
  readonly kind: ExtractKind;
  /** As Extractable has it; for `rootfs` a path; of `memory` what is meant of it. */
  readonly id?: string | undefined;
}

/** What to list. */
export interface Selection extends SignalOptions {
  /** All kinds but memory where there are none. */
  readonly wishes?: readonly Wish[] | undefined;
  /** Only what these processes have. */
  readonly pids?: ReadonlySet<number> | undefined;
}

/** Things of one kind that are listed; a forged image claims more. */
const MOST = 1 << 17;

/** Reads once what all kinds need: processes, files, and who has them. */
export async function openExtractContext(checkpoint: Checkpoint, options: SignalOptions = {}): Promise<ExtractContext> {
  const { images } = checkpoint;
  const processes = await readProcesses(images, options);
  const holders = await readHolders(images, processes, options);
  return { checkpoint, processes, fileTable: holders.open.files, holders, signal: options.signal };
}

/**
 * Lists what is selected, kind by kind. Nothing of a kind is no error; a thing that is named and is not there is:
 * ERR_EXTRACT_NOT_FOUND. Throws ERR_EXTRACT_NO_MEMORY for `memory` of a process without any.
 */
export async function* listExtractables(
  context: ExtractContext,
  selection: Selection = {},
): AsyncGenerator<Extractable, void, undefined> {
  const { wishes, pids } = selection;
  const found = new Set<Wish>();
  for (const { kind, list } of extractors) {
    const wanted = wishes?.filter((wish) => wish.kind === kind);
    if (wanted?.length === 0) continue;
    let count = 0;
    for await (const thing of list(context)) {
      selection.signal?.throwIfAborted();
      count += 1;
      if (count > MOST) break;
      if (pids && !thing.holders.some((holder) => 'pid' in holder && pids.has(holder.pid))) continue;
      const met = wanted?.filter((wish) => meets(thing, wish));
      for (const wish of met ?? []) found.add(wish);
      if (met?.length !== 0) yield limited(thing, met);
    }
    if (count > MOST) reportTooMany(context, kind);
  }
  for (const wish of wishes ?? []) {
    if (wish.kind === 'memory') yield* memoryWished(context, wish, pids);
    else if (wish.id !== undefined && !found.has(wish)) {
      throw checkpointError('ERR_EXTRACT_NOT_FOUND', `the checkpoint has no ${wish.kind}:${wish.id}`);
    }
  }
}

/** How one thing is asked for: `tcp:1de0e-sent`; of a tree whose files are named by path the kind alone. */
export function nameOfThing({ kind, id, part }: Pick<Extractable, 'kind' | 'id' | 'part'>): string {
  const whole = part === undefined ? id : `${id}-${part}`;
  return whole === '' ? kind : `${kind}:${whole}`;
}

function meets(thing: Extractable, { id }: Wish): boolean {
  if (id === undefined || (thing.form === 'tree' && thing.byPath)) return true;
  const name = nameOfThing(thing).slice(thing.kind.length + 1);
  return name === id || name.startsWith(`${id}-`);
}

/** Of a tree whose files are named by path those that are named. */
function limited(thing: Extractable, wishes: readonly Wish[] | undefined): Extractable {
  if (thing.form !== 'tree' || !thing.byPath || !wishes || wishes.some(({ id }) => id === undefined)) return thing;
  const only = wishes.map(({ id = '' }) => id.replace(/^\/+|\/+$/g, ''));
  return { ...thing, only };
}

async function* memoryWished(context: ExtractContext, { id }: Wish, pids: ReadonlySet<number> | undefined) {
  for (const pid of pids ?? []) yield* memoryOf(context, pid, memoryWish(id));
}

/** `0x1000-0x2000`, `0x1000`, or what is behind a mapping. */
function memoryWish(id: string | undefined): MemoryWish {
  if (id === undefined) return { what: 'all' };
  const range = /^(0x[0-9a-f]{1,16})(?:-(0x[0-9a-f]{1,16}))?$/i.exec(id);
  if (!range) return { what: 'backing', backing: id };
  const start = BigInt(range[1] ?? 0);
  if (range[2] === undefined) return { what: 'vma', at: start };
  const end = BigInt(range[2]);
  if (end <= start) throw checkpointError('ERR_EXTRACT_NOT_FOUND', `${id} is no range: it ends before it begins`);
  return { what: 'range', start, end };
}

function reportTooMany({ checkpoint }: ExtractContext, kind: ExtractKind): void {
  const message = `more than ${MOST} things of kind ${kind}; the rest is left out`;
  checkpoint.images.report({ id: 'extract-too-many', severity: 'error', source: kind, message });
}
