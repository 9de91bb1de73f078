/** Several processes in one finding. */
import type { ProcessRow } from '../analysers/processes.ts';
import type { Suspicion } from '../finding.ts';
import type { EvidenceReference } from '../reference.ts';
import { processText } from './program.ts';

/** References of one finding. */
const SHOWN = 20;

/** `process 7 (sh) and 3 more`. */
export function countedText(rows: readonly ProcessRow[]): string {
  const [first, ...more] = rows;
  return `${first ? processText(first) : '?'}${more.length === 0 ? '' : ` and ${more.length} more`}`;
}

/** A reference to each of the first processes. There must be one at least. */
export function references(
  rows: readonly { readonly pid: number }[],
  of: (pid: number) => EvidenceReference = (pid) => ({ kind: 'process', pid }),
): Suspicion['references'] {
  const [first = { pid: 0 }, ...more] = rows.slice(0, SHOWN);
  return [of(first.pid), ...more.map(({ pid }) => of(pid))];
}
