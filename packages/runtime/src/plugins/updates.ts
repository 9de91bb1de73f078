/** Limits that plugins want changed, of containers that are there. */
import { messageOf } from '@stillframe/core';
import { type ContainerUpdate, nriError } from '@stillframe/nri';
import { changeLimits } from '../container/update.ts';
import type { NodeContext } from '../context.ts';
import type { ContainerRecord, Resources } from '../store/records.ts';
import { type FurtherLimits, limitsFrom, limitsView } from './limits.ts';
import { podOf } from './tell.ts';
import { containerView } from './views.ts';

/** Does the updates one by one; gives those that could not be done and whose failure is not to be ignored. */
export async function applyUpdates(
  context: NodeContext,
  updates: readonly ContainerUpdate[],
): Promise<ContainerUpdate[]> {
  const failed: ContainerUpdate[] = [];
  for (const update of updates) {
    try {
      const wanted = update.linux?.resources;
      if (!wanted) continue;
      const { resources, further } = limitsFrom(wanted);
      await changeLimits(context, update.containerId, resources, further);
    } catch (error) {
      const [containerID, reason] = [update.containerId, messageOf(error)];
      context.logger.log('warn', 'an update of an NRI plugin failed', { containerID, reason });
      if (!update.ignoreFailure) failed.push(update);
    }
  }
  return failed;
}

/** The same where everything hangs on it. Throws ERR_NRI_ADJUSTMENT. */
export async function demandUpdates(context: NodeContext, updates: readonly ContainerUpdate[]): Promise<void> {
  const failed = await applyUpdates(context, updates);
  if (failed.length === 0) return;
  const ids = failed.map(({ containerId }) => containerId).join(', ');
  throw nriError('ERR_NRI_ADJUSTMENT', `NRI: plugins want other limits for ${ids}, and that failed; the log says why`);
}

/** What becomes of a change of limits when all plugins have been asked. Throws ERR_NRI_REFUSED, ERR_NRI_CONFLICT. */
export async function askForUpdate(
  context: NodeContext,
  record: ContainerRecord,
  change: Resources,
): Promise<{ change: Resources; further: FurtherLimits; updates: ContainerUpdate[] }> {
  const { plugins } = context;
  if (plugins.names.length === 0) return { change, further: {}, updates: [] };
  const view = await containerView(context, record);
  const { resources, updates } = await plugins.updateContainer(podOf(context, record), view, limitsView(change));
  const wanted = limitsFrom(resources);
  return { change: { ...change, ...wanted.resources }, further: wanted.further, updates };
}
