/** Writing to a Checkpoint: only where it still is as it was read, so that no two processes ever do the same step. */
import { isObject, type JsonObject } from '@stillframe/core';
import type { CallOptions } from '@stillframe/kubernetes';
import type { Ports } from '../ports.ts';
import type { CheckpointStatus } from '../resources/checkpoint.ts';
import { type Fact, withFact } from '../resources/conditions.ts';
import { objectPath } from '../resources/names.ts';
import { type Checkpoint, decodeCheckpoint } from '../resources/object.ts';

/** `null` takes a field away. */
type StatusChange = { readonly [K in keyof CheckpointStatus]?: CheckpointStatus[K] | null };

/** Throws ERR_CLUSTER_CONFLICT where somebody changed it meanwhile, ERR_CLUSTER_NOT_FOUND where it went. */
export async function writeStatus(
  ports: Ports,
  checkpoint: Checkpoint,
  change: StatusChange,
  facts: readonly Fact[],
  options: CallOptions,
): Promise<Checkpoint> {
  const { generation } = checkpoint;
  const when = { now: ports.clock.now(), generation };
  const conditions = facts.reduce((all, fact) => withFact(all, fact, when), checkpoint.status.conditions ?? []);
  const status = { ...change, conditions, observedGeneration: generation };
  return await patch(ports, checkpoint, { status }, options, 'status');
}

export async function writeFinalizers(
  ports: Ports,
  checkpoint: Checkpoint,
  finalizers: readonly string[],
  options: CallOptions,
): Promise<Checkpoint> {
  return await patch(ports, checkpoint, { metadata: { finalizers } }, options);
}

async function patch(
  { api, checkpoints }: Ports,
  checkpoint: Checkpoint,
  change: JsonObject,
  options: CallOptions,
  ...below: readonly string[]
): Promise<Checkpoint> {
  const { uid, resourceVersion, key } = checkpoint;
  const metadata = { ...(isObject(change['metadata']) ? change['metadata'] : {}), uid, resourceVersion };
  const path = objectPath('checkpoints', checkpoint, ...below);
  const written = decodeCheckpoint(await api.patch(path, { ...change, metadata }, options));
  // The watch tells it as well, later. One that has gone meanwhile must not come back.
  if (checkpoints.get(key)?.uid === uid) checkpoints.put(key, written);
  return written;
}
