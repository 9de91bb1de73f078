/** Who uses an image: containers made of it, running or not, since their root filesystems lie on its layers. */
import type { NodeContext } from '../context.ts';
import type { ImageRecord } from './record.ts';

/** `container ID` of one that uses the image, or undefined. */
export function userOf(context: Pick<NodeContext, 'containers'>, image: ImageRecord): string | undefined {
  const found = context.containers
    .list()
    .find(({ image: used, mounts }) => used.id === image.id || mounts.some((mount) => mount.image?.id === image.id));
  return found ? `container ${found.id.slice(0, 13)}` : undefined;
}
