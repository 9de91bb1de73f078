/** Whether a node works with these folders, and where it is reached. */
import { join } from 'node:path';
import { type NodePaths, ownerOf } from '@stillframe/runtime/place';
import { type NodeEndpoints, readEndpoints } from './endpoints.ts';

/** Milliseconds between two looks. */
const POLL = 10;

/** Pid of the node that works with these folders, or undefined. */
export function runningNode(paths: Pick<NodePaths, 'state'>): Promise<number | undefined> {
  return ownerOf(join(paths.state, 'node.pid'));
}

/** Waits until the node that works there serves; undefined where none does within `milliseconds`. */
export async function servingNode(paths: NodePaths, milliseconds: number): Promise<NodeEndpoints | undefined> {
  for (const deadline = Date.now() + milliseconds; ; await pause()) {
    const pid = await runningNode(paths);
    // What an earlier node wrote lies there until the new one serves.
    const endpoints = pid === undefined ? undefined : await readEndpoints(paths.state);
    if (endpoints && endpoints.pid === pid) return endpoints;
    if (Date.now() >= deadline) return undefined;
  }
}

/** Until the next look. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL));
}
