/** What the container had changed in its root filesystem between the two: by path, with the digest of the content. */
import { type Checkpoint, changesRecorded, type RootfsChange, readChanges } from '@stillframe/checkpoint';
import type { Diagnostic } from '@stillframe/core';
import { compareThings, type Thing } from './keyed.ts';
import type { DiffRow, NotCompared } from './row.ts';

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
  skip: (what: NotCompared) => void,
): Generator<DiffRow> {
  if (before === undefined && after === undefined) return;
  // An engine that found nothing to write leaves the diff out, too, so this is told and compared all the same.
  if (before === undefined || after === undefined) {
    const reason = `no changes are recorded ${before === undefined ? 'before' : 'after'}: none were made, or the engine left them out`;
    skip({ table: 'rootfs', key: '/', reason });
  }
  for (const row of compareThings('rootfs', (before ?? []).map(thingOf), (after ?? []).map(thingOf))) {
    if (row.after?.['change'] === 'deleted') yield { ...row, change: 'removed' };
    else if (row.before?.['change'] === 'deleted') yield { ...row, change: row.after ? 'added' : 'changed' };
    else yield row;
  }
}

function thingOf({ path, change, recordedBy, ...facts }: RootfsChange): Thing {
  return {
    ...{ key: path, label: path },
    facts: change === 'deleted' ? { change } : { change, ...facts },
    more: { recordedBy },
    reference: { kind: 'rootfs', path },
  };
}
