/** Pages that a dump has where no mapping is: of a damaged or forged one, of which nothing is to be passed over. */
import type { AddressSpace } from '@stillframe/criu-image';
import type { MappingRow } from '../analysers/mappings.ts';

/** What of a mapping pages are compared by. */
export type ComparedMapping = Pick<MappingRow, 'pid' | 'start' | 'end' | 'prot' | 'backing'>;

/** Stretches of captured memory that lie in no VMA, ascending. Both are gone through once. */
export function* outsideMappings({ pid, vmas, chain }: AddressSpace): Generator<ComparedMapping> {
  let next = 0;
  let end = 0n;
  const covered = (address: bigint): bigint => {
    for (let vma = vmas[next]; vma !== undefined && vma.start <= address; vma = vmas[next]) {
      if (vma.end > end) end = vma.end;
      next += 1;
    }
    return end;
  };
  for (const run of chain.runs()) {
    const last = run.vaddr + BigInt(run.bytes);
    for (let at = run.vaddr; at < last; ) {
      const start = covered(at);
      if (start > at) {
        at = start;
        continue;
      }
      const from = vmas[next]?.start ?? last;
      const to = from < last ? from : last;
      yield { pid, start: at, end: to, prot: 0, backing: 'no mapping' };
      at = to;
    }
  }
}
