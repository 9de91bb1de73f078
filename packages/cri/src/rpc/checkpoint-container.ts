/**
 * CheckpointContainer (CRI v1). Its request has no room for options; a client of ours gives them beside it, as metadata,
 * and others by annotations of the container.
 */
import { ROOTFS_METADATA } from '../client/extensions.ts';
import { askedByOf } from './asked-by.ts';
import { invalidRequest, required } from './invalid.ts';
import { budgetOf } from './pause-budget.ts';
import type { RuntimeRpc } from './rpc.ts';

/** Seconds that a timer of Node.js can wait for; a longer one would fire at once. */
const LONGEST = 2_000_000;

export const checkpointContainer: RuntimeRpc<'checkpointContainer'> =
  (node) =>
  async ({ containerId, location, timeout }, { signal, metadata }) => {
    // Zero means no time of its own: then only the caller's deadline counts.
    await node.checkpointContainer(containerId, required(location, 'location'), {
      signal,
      timeout: timeout > 0n ? Math.min(Number(timeout), LONGEST) : undefined,
      budget: budgetOf(metadata),
      askedBy: askedByOf(metadata),
      rootfs: rootfsOf(metadata.get(ROOTFS_METADATA)),
    });
    return {};
  };

function rootfsOf(value: string | undefined): 'frozen' | 'live' | undefined {
  if (value === undefined || value === 'frozen' || value === 'live') return value;
  throw invalidRequest(`metadata ${ROOTFS_METADATA} is neither "frozen" nor "live"`);
}
