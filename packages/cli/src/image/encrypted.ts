/**
 * An image that is built is encrypted on its way to where it goes: nowhere does its archive lie in the open because of it.
 */
import type { ConvertedImage } from '@stillframe/checkpoint';
import {
  type ContentStore,
  copyImage,
  type Descriptor,
  type EncryptionKey,
  encryptingReader,
  parseManifest,
  StagedContent,
} from '@stillframe/oci';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { CARRIED } from './evidence.ts';

/** What was made. */
export interface BuiltImage {
  target: Descriptor;
  containers: readonly ConvertedImage[];
}

const TAG = 'built';

/**
 * Lets `build` put an image, tagged, and what is said about it into a store that it is given, and gives a function by which
 * the image, encrypted once, goes into others. The archives must outlive it. Throws what `build` and encryptingReader
 * throw.
 */
export async function encryptedImage(
  build: (stage: { store: ContentStore; tag: string }) => Promise<BuiltImage>,
  recipients: readonly EncryptionKey[],
  io: Io,
): Promise<(place: { store: ContentStore; tag: string }) => Promise<BuiltImage>> {
  const { signal } = io;
  const stage = new StagedContent();
  const built = await build({ store: stage, tag: TAG });
  using progress = showProgress(io, 'hashing');
  const reader = encryptingReader(stage, recipients, { carried: CARRIED, onRead: progress.update });
  const target = await reader.resolve(TAG, { signal });
  const containers = await Promise.all(
    built.containers.map(async (image) => {
      const manifest = await reader.changed(image.manifest, { signal });
      const [layer = image.layer] = parseManifest(await reader.manifest(manifest), manifest.mediaType).layers;
      return { ...image, target, manifest, layer };
    }),
  );
  return async ({ store, tag }) => {
    await copyImage(reader, store, target, { tag, referrers: true, signal });
    return { target, containers };
  };
}
