/** What the container had changed in its root filesystem between the two: by path, with the digest of the content. */
import { type Checkpoint, changesRecorded, type RootfsChange, readChanges } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { compareThings, type Thing } from './keyed.ts';
import type { Comparison } from './process-rows.ts';
import type { DiffRow } from './row.ts';

/** Options of readRootfs. */
export interface RootfsOptions {
  /** Whether contents are read for their digests; without, files of the same size and time count as the same. */
  digests?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** The changes of one checkpoint with digests; undefined where it says nothing of changes. */
export async function readRootfs(
  checkpoint: Checkpoint,
  { digests = true, signal }: RootfsOptions,
  report: (faults: readonly Diagnostic[]) => void,
): Promise<readonly RootfsChange[] | undefined> {
  if (!changesRecorded(checkpoint)) return undefined;
  return Array.fromAsync(readChanges(checkpoint, { digests, partial: true, signal }, report));
}

/**
 * A path that one checkpoint says nothing of was then as the image has it. A deletion is a fact of its own: a path that is
 * deleted after and was there before is gone, the other way round it came.
 */
export function* rootfsRows(
  before: readonly RootfsChange[] | undefined,
  after: readonly RootfsChange[] | undefined,
  { sibling, skip }: Pick<Comparison, 'sibling' | 'skip'>,
): Generator<DiffRow> {
  if (before === undefined && after === undefined) return;
  // An engine that found nothing to write leaves the diff out, too, so this is told and compared all the same.
  if (before === undefined || after === undefined) {
    const reason = `no changes are recorded ${before === undefined ? 'before' : 'after'}: none were made, or the engine left them out`;
    skip({ table: 'rootfs', key: '/', reason });
  }
  for (const row of compareThings('rootfs', things(before, sibling), things(after, sibling))) {
    if (row.after?.['change'] === 'deleted') yield { ...row, change: 'removed' };
    else if (row.before?.['change'] === 'deleted') yield { ...row, change: row.after ? 'added' : 'changed' };
    else yield row;
  }
}

/** The same is written at other times in two containers. */
function things(changes: readonly RootfsChange[] | undefined, sibling: boolean): readonly Thing[] {
  return (changes ?? []).map(({ modified, ...change }) =>
    sibling ? { ...thingOf(change), more: { modified } } : thingOf({ ...change, modified }),
  );
}

function thingOf({ path, change, recordedBy, ...facts }: Partial<RootfsChange> & Pick<RootfsChange, 'path'>): Thing {
  return {
    ...{ key: path, label: path },
    facts: change === 'deleted' ? { change } : { change, ...facts },
    more: { recordedBy },
    reference: { kind: 'rootfs', path },
  };
}
