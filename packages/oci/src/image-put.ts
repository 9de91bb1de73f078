/** Storing a built image whose layers are stored already. */
import { bytesSource } from '@stillframe/core';
import type { ContentWriter, PutManifestOptions } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import type { BuiltImage } from './image-build.ts';

/** Pushes the config, then the manifest. Idempotent. Returns the manifest's descriptor. */
export async function putImage(
  store: ContentWriter,
  image: BuiltImage,
  options: PutManifestOptions = {},
): Promise<Descriptor> {
  const { config, manifest } = image;
  await store.push(config.descriptor, bytesSource(config.bytes), options);
  await store.putManifest(manifest.bytes, manifest.descriptor.mediaType, options);
  return manifest.descriptor;
}
