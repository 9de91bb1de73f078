/** What plugins ask of the node. */
import { messageOf } from '@stillframe/core';
import type { NodePort } from '@stillframe/nri';
import { stopContainer } from '../container/lifecycle.ts';
import type { NodeContext } from '../context.ts';
import { applyUpdates } from './updates.ts';
import { containerView, podView } from './views.ts';

/** Seconds that an evicted container gets to end. */
const GRACE = 10;

/** `contextOf`: the context that is made together with its plugins. */
export function nodePort(contextOf: () => NodeContext): NodePort {
  return {
    async state() {
      const context = contextOf();
      return {
        pods: context.sandboxes.list().map(podView),
        containers: await Promise.all(context.containers.list().map((record) => containerView(context, record))),
      };
    },
    update: (updates) => applyUpdates(contextOf(), updates),
    evict(evictions, plugin) {
      const { logger } = contextOf();
      for (const { containerId, reason } of evictions) {
        logger.log('warn', 'an NRI plugin evicts a container', { containerID: containerId, plugin, reason });
        stopContainer(contextOf(), containerId, GRACE).catch((error) => {
          logger.log('error', 'eviction failed', { containerID: containerId, reason: messageOf(error) });
        });
      }
    },
  };
}
