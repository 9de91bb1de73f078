/** Who holds a file, bounded: a file may be held by as many fds as a forger likes. */
import type { Descriptor } from '@stillframe/checkpoint';

/** Holders that are named; the rest is counted. */
const NAMED = 16;

export interface Holders {
  count: number;
  /** The first of them. */
  some: { pid: number; fd: Descriptor['fd'] }[];
}

export function holdersOf(descriptors: readonly Descriptor[]): Holders {
  return { count: descriptors.length, some: descriptors.slice(0, NAMED).map(({ pid, fd }) => ({ pid, fd })) };
}

/** `1/3, 6/3 and 4 more`; undefined for none. */
export function holdersText({ count, some }: Holders, named = 2): string | undefined {
  if (count === 0) return undefined;
  const shown = some.slice(0, named).map(({ pid, fd }) => `${pid}/${fd}`);
  return `${shown.join(', ')}${count > shown.length ? ` and ${count - shown.length} more` : ''}`;
}
