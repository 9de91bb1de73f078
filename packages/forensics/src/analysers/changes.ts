/** What the container had changed in its root filesystem. */
import { type RootfsChange, readChanges, readMounts } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export const changes: Analyser<readonly RootfsChange[]> = {
  title: 'changes of the root filesystem',
  async read({ checkpoint, diff, image, signal, report }) {
    const mounted = await readMounts(checkpoint.images, { signal });
    const mountpoints = new Set(mounted.map(({ mountpoint }) => mountpoint));
    return Array.fromAsync(readChanges(checkpoint, { diff, image, mountpoints, partial: true, signal }, report));
  },
};
