/** Making bind mounts of a dump read-only: CRIU gives every mount the flags that it had, whatever the runtime asks for. */
import { type ImageSet, rewriteImage, type SignalOptions } from '@stillframe/criu-image';
import type { ImageEdit } from './tasks.ts';

/** MS_RDONLY of mount(2). */
const READ_ONLY = 1;

/** Yields each mountpoints image in which an external mount at one of `destinations` was writable, with it read-only. */
export async function* readOnlyMounts(
  images: ImageSet,
  destinations: ReadonlySet<string>,
  options: SignalOptions = {},
): AsyncGenerator<ImageEdit> {
  for (const { kind, id, name } of images.images) {
    const source = kind.name === 'mountpoints' ? images.source('mountpoints', id) : undefined;
    if (!source) continue;
    const bytes = await rewriteImage(
      'mountpoints',
      source,
      (mount) => {
        const external = mount.extMount || mount.extKey !== '';
        // The key is the destination as it was asked for, the mount point where it led to.
        const meant = destinations.has(mount.mountpoint) || destinations.has(mount.extKey);
        if (!external || !meant || (mount.flags & READ_ONLY) !== 0) return false;
        mount.flags |= READ_ONLY;
        return true;
      },
      options,
    );
    if (bytes) yield { image: name, bytes };
  }
}
