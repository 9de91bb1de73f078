/** Checkpoints of the cluster, followed and worked on. */
import { listPath } from '../resources/names.ts';
import { decodeCheckpoint } from '../resources/object.ts';
import type { Term } from '../term.ts';
import { CheckpointWorker } from './worker.ts';

/** Captures that may be under way at once, over all nodes. */
const WORKERS = 16;

export async function attendCheckpoints(term: Term): Promise<void> {
  const { checkpoints } = term.ports;
  const worker = new CheckpointWorker(term.ports, (key) => queue.add(key));
  const queue = term.attend(
    WORKERS,
    (key, signal) => worker.work(key, signal),
    () => checkpoints.keys(),
  );
  checkpoints.listen((key) => queue.add(key));
  await term.follow(listPath('checkpoints', term.kubeNamespace), checkpoints, decodeCheckpoint);
}
