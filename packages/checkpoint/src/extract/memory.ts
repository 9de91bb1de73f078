/** Memory of single processes: a VMA each, those that are named, or a range of addresses. */
import { hexAddress } from '@stillframe/core';
import { type AddressSpace, fileNameOf, openAddressSpace } from '@stillframe/criu-image';
import type { vma_entry } from '@stillframe/criu-image/proto';
import { checkpointError } from '../errors.ts';
import { backingOf } from '../process/backing.ts';
import { memoryContent } from './content.ts';
import type { Extractable, ExtractContext } from './extractable.ts';

/** What is meant of a process's memory. `all`: every VMA of which something was captured. */
export type MemoryWish =
  | { readonly what: 'all' }
  /** `heap`, `stack`, a path: as `stillframe maps` names it. */
  | { readonly what: 'backing'; readonly backing: string }
  /** The VMA that has this address. */
  | { readonly what: 'vma'; readonly at: bigint }
  | { readonly what: 'range'; readonly start: bigint; readonly end: bigint };

/** Lists what is wished of one process. Throws ERR_EXTRACT_NO_MEMORY and ERR_EXTRACT_NOT_FOUND. */
export async function* memoryOf(
  context: ExtractContext,
  pid: number,
  wish: MemoryWish,
): AsyncGenerator<Extractable, void, undefined> {
  const space = await openAddressSpace(context.checkpoint.images, pid, context);
  if (space === undefined)
    throw checkpointError('ERR_EXTRACT_NO_MEMORY', `process ${pid} has no memory in the checkpoint`);
  if (wish.what === 'range') {
    yield memoryFile(space, wish.start, wish.end, space.vmaAt(wish.start), context);
    return;
  }
  let found = 0;
  for (const vma of space.vmas) {
    if (!(await isWished(space, vma, wish, context))) continue;
    found += 1;
    yield memoryFile(space, vma.start, vma.end, vma, context);
  }
  if (found === 0)
    throw checkpointError('ERR_EXTRACT_NOT_FOUND', `process ${pid} has no such mapping that was captured`);
}

async function isWished(
  space: AddressSpace,
  vma: vma_entry,
  wish: MemoryWish,
  context: ExtractContext,
): Promise<boolean> {
  if (wish.what === 'vma') return vma.start <= wish.at && wish.at < vma.end;
  if (wish.what === 'backing') return backingOf(vma, context.fileTable, space) === wish.backing;
  for await (const { state } of space.survey(vma.start, vma.end)) if (state === 'captured') return true;
  return false;
}

function memoryFile(
  space: AddressSpace,
  start: bigint,
  end: bigint,
  vma: vma_entry | undefined,
  context: ExtractContext,
): Extractable {
  const { pid } = space;
  const range = `${start.toString(16)}-${end.toString(16)}`;
  return {
    ...{ form: 'file', kind: 'memory', id: `${pid}-${range}`, file: `pid-${pid}-${range}.bin` },
    name: vma && backingOf(vma, context.fileTable, space),
    source: { image: fileNameOf('pagemap', pid) },
    holders: [{ pid, start, end, offset: 0n }],
    facts: { pid, start: hexAddress(start), end: hexAddress(end), ...(vma ? { protection: vma.prot } : {}) },
    content: memoryContent(space, start, end),
  };
}
