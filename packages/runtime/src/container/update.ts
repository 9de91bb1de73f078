/** UpdateContainerResources: new limits for a container that is created or runs. */
import { readFile } from 'node:fs/promises';
import { writeTextAtomically } from '@stillframe/core/file';
import { Event } from '@stillframe/nri';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import { type FurtherLimits, withFurther } from '../plugins/limits.ts';
import { informPlugins } from '../plugins/tell.ts';
import { applyUpdates, askForUpdate } from '../plugins/updates.ts';
import type { ContainerRecord, Resources } from '../store/records.ts';
import { containerFolders } from './folders.ts';
import { containerOf } from './lifecycle.ts';
import { fitResources, mergeResources, resourceHost, specResources } from './spec-resources.ts';
import { statusOf } from './status.ts';

/**
 * Changes what `change` gives and leaves the rest, once plugins were asked. Throws what `changeLimits` does, and
 * ERR_NRI_REFUSED or ERR_NRI_CONFLICT.
 */
export async function updateResources(
  context: NodeContext,
  idOrPrefix: string,
  change: Resources,
): Promise<ContainerRecord> {
  const asked = await askForUpdate(context, containerOf(context, idOrPrefix), change);
  const updated = await changeLimits(context, idOrPrefix, asked.change, asked.further);
  await applyUpdates(context, asked.updates);
  await informPlugins(context, Event.POST_UPDATE_CONTAINER, updated);
  return updated;
}

/**
 * Changes limits of a container without asking anyone. `further`: those that only plugins set. Throws ERR_CONTAINER_NOT_FOUND, ERR_CONTAINER_STATE for one that has
 * ended, ERR_PROCESS_FAILED with the OCI runtime's words for a limit that the kernel refuses; nothing is recorded then.
 */
export async function changeLimits(
  context: NodeContext,
  idOrPrefix: string,
  change: Resources,
  further: FurtherLimits = {},
): Promise<ContainerRecord> {
  const { id } = containerOf(context, idOrPrefix);
  return context.locks.run(id, async () => {
    const record = containerOf(context, id);
    const { state } = await statusOf(context, record);
    if (state === 'exited') throw runtimeError('ERR_CONTAINER_STATE', `container ${id} has ended`);
    const { resources, clamped } = fitResources(change, await resourceHost(context.capabilities));
    const { oomScoreAdj: _fixed, ...limits } = mergeResources(record.resources, resources);
    for (const what of clamped) context.logger.log('warn', 'resource not set as asked', { containerID: id, what });
    // One that waits for its restore is not known to the OCI runtime yet: its specification is all there is.
    if (state === 'running' || !record.restore)
      await context.oci.update(id, withFurther(specResources(limits), further));
    await rewriteSpec(containerFolders(context, id).spec, limits, further);
    // The score of a process is set at its start and by nobody after.
    const { oomScoreAdj } = record.resources;
    const kept = oomScoreAdj === undefined ? limits : { ...limits, oomScoreAdj };
    return context.containers.put({ ...record, resources: kept });
  });
}

/** A checkpoint tells the limits from config.json, so that must follow. */
async function rewriteSpec(path: string, resources: Resources, further: FurtherLimits): Promise<void> {
  const spec = JSON.parse(await readFile(path, 'utf8')) as { linux?: { resources?: Record<string, unknown> } };
  const linux = {
    ...spec.linux,
    resources: withFurther(spec.linux?.resources ?? {}, specResources(resources), further),
  };
  await writeTextAtomically(path, JSON.stringify({ ...spec, linux }, null, 2));
}
