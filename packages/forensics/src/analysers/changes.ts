/** What the container had changed in its root filesystem. */
import { type RootfsChange, readChanges } from '@stillframe/checkpoint';
import type { Analyser } from './analyser.ts';

export const changes: Analyser<readonly RootfsChange[]> = {
  title: 'changes of the root filesystem',
  read({ checkpoint, diff, image, mounts, signal, report }) {
    const mountpoints = new Set(mounts.map(({ mountpoint }) => mountpoint));
    return Array.fromAsync(readChanges(checkpoint, { diff, image, mountpoints, partial: true, signal }, report));
  },
};
