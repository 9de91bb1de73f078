/** Whether what an image does not say may have been lost with it. */
import { fileNameOf, type ImageSet, type KindName } from '@stillframe/criu-image';

/** Whether reading this image met an error so far. Ask after it was read. */
export function isDamaged(images: ImageSet, kind: KindName, id?: number): boolean {
  const name = fileNameOf(kind, id);
  return images.diagnostics.list.some(
    ({ severity, source }) => severity === 'error' && (source === name || source.endsWith(`/${name}`)),
  );
}
