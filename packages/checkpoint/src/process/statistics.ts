/** What CRIU measured of its own dump (stats-dump, dump_stats_entry). The true pause is longer: it is measured from outside. */
import type { ImageSet, SignalOptions } from '@stillframe/criu-image';

/** Times in microseconds, the rest in pages. */
export interface DumpStatistics {
  /** Until all tasks stood still. */
  readonly freezingTime: number;
  /** From the first frozen task to the last one released. */
  readonly frozenTime: number;
  readonly memoryDumpTime: number;
  readonly memoryWriteTime: number;
  readonly pagesScanned: bigint;
  readonly pagesSkippedParent: bigint;
  readonly pagesWritten: bigint;
  readonly pagesLazy: bigint;
  readonly sharedPagesScanned: bigint;
  readonly sharedPagesWritten: bigint;
}

/** The statistics, or undefined where the engine did not archive them. */
export async function readStatistics(
  images: ImageSet,
  options: SignalOptions = {},
): Promise<DumpStatistics | undefined> {
  const dump = (await images.single('stats-dump', undefined, options))?.dump;
  if (!dump) return undefined;
  return {
    freezingTime: dump.freezingTime,
    frozenTime: dump.frozenTime,
    memoryDumpTime: dump.memdumpTime,
    memoryWriteTime: dump.memwriteTime,
    pagesScanned: dump.pagesScanned,
    pagesSkippedParent: dump.pagesSkippedParent,
    pagesWritten: dump.pagesWritten,
    pagesLazy: dump.pagesLazy,
    sharedPagesScanned: dump.shpagesScanned,
    sharedPagesWritten: dump.shpagesWritten,
  };
}
