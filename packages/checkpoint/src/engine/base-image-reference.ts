/** By which name the image below a checkpoint can be pulled. */
import type { CheckpointMetadata } from './dialect.ts';

/** An id names an image only where it is stored already; no registry knows it. */
const ID = /^(?:sha256:)?[0-9a-f]{64}$/;

/**
 * The reference by digest where the engine kept one, else the name that it resolved, else what was asked for: a kubelet asks
 * for the id. Raw and untrusted; undefined where there are only ids, or nothing.
 */
export function baseImageReference({ image }: Pick<CheckpointMetadata, 'image'>): string | undefined {
  const byDigest = image.ref?.includes('@') ? image.ref : undefined;
  return [byDigest, image.name, image.requested].find((name) => name !== undefined && !ID.test(name));
}
