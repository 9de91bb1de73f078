/** Waiting between two looks at something in the cluster. */
import { setTimeout as after } from 'node:timers/promises';

/** Throws the reason of the signal. */
export async function waitFor(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await after(milliseconds, undefined, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
