/** The folders of one container. */
import { join } from 'node:path';
import type { NodeContext } from '../context.ts';

export function containerFolders(context: NodeContext, id: string) {
  const folder = join(context.folders.containers, id);
  const bundle = join(context.folders.bundles, id);
  return {
    /** Durable: upper and work folder of the root filesystem. */
    folder,
    upper: join(folder, 'upper'),
    /** Of a capture under way: the upper folder as it was in the freeze. */
    clone: join(folder, 'clone'),
    /** CRIU image set of a container that was created from a checkpoint and not started yet. */
    images: join(folder, 'restore'),
    criuConfig: join(folder, 'criu.conf'),
    bundle,
    rootfs: join(bundle, 'rootfs'),
    spec: join(bundle, 'config.json'),
  };
}
