/** Checkpoints that failed only because the container did not stand still at once. */
import { setTimeout as delay } from 'node:timers/promises';
import { orAborted } from '@stillframe/core';
import type { MethodsOf } from '../grpc/service-definition.ts';
import type { RuntimeService } from '../proto.ts';
import type { ServiceClient } from './service-client.ts';

type Checkpoint = ServiceClient<MethodsOf<typeof RuntimeService>>['checkpointContainer'];

/** How often a checkpoint is asked for, and the milliseconds between. */
const TIMES = 5;
const THAW = 200;
/** runc's word on cgroups of version 1 after a thousand looks, a few milliseconds on a busy machine; the container runs on then. */
const NOT_FROZEN = /unable to freeze/i;

/**
 * Asks again where the OCI runtime could not freeze the container: nothing was dumped or written then. `timeoutMs` bounds
 * all tries together. Throws what the last of them threw.
 */
export function freezingAgain(checkpoint: Checkpoint): Checkpoint {
  return async (request, options = {}) => {
    const { signal, timeoutMs } = options;
    const began = performance.now();
    for (let left = TIMES; ; left -= 1) {
      const rest = timeoutMs === undefined ? {} : { timeoutMs: timeoutMs - (performance.now() - began) };
      try {
        return await checkpoint(request, { ...options, ...rest });
      } catch (error) {
        const said = error instanceof Error ? error.message : '';
        if (left <= 1 || !NOT_FROZEN.test(said)) throw error;
        await orAborted(delay(THAW), signal);
      }
    }
  };
}
