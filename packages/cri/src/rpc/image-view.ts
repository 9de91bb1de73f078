/** An image as the CRI shows it. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ImageRecord } from '@stillframe/runtime';
import type { ImageSchema } from '../proto.ts';

export function imageView(image: ImageRecord, pinned: boolean) {
  return {
    id: image.id,
    repoTags: image.names,
    repoDigests: image.repoDigests,
    size: BigInt(image.size),
    ...userView(image.user ?? ''),
    spec: { image: image.names[0] ?? image.repoDigests[0] ?? image.id, annotations: image.annotations ?? {} },
    pinned,
  } satisfies MessageInitShape<typeof ImageSchema>;
}

/** The verbose part: the image's own configuration, under the names that CRI-O and containerd give. */
export function imageInfo(image: ImageRecord, config: unknown): Record<string, string> {
  return { info: JSON.stringify({ imageSpec: config, manifest: image.manifest, layers: image.layers }) };
}

/** Of `uid[:gid]` or `name[:group]` the first part, in the field of its kind; nobody named is root. */
function userView(user: string): { uid?: { value: bigint }; username?: string } {
  const [name = ''] = user.split(':');
  if (name === '') return { uid: { value: 0n } };
  return /^\d{1,10}$/.test(name) ? { uid: { value: BigInt(name) } } : { username: name };
}
