/** Images by policy (core/v1 PullPolicy). */
import { StillframeError } from '@stillframe/core';
import type { CriClient } from '@stillframe/cri/client';
import type { Image } from '@stillframe/cri/proto';
import type { Container } from '../manifest/pod-schema.ts';
import type { SandboxConfig } from './sandbox-config.ts';

/** Milliseconds that a pull may take. */
const PULL = 3_600_000;

/** Why a container does not come into being, in a kubelet's words. */
export class StartFailure extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.reason = reason;
  }
}

/** Always for a tag that says nothing, as Kubernetes has it by default. */
function pullPolicy({ image, imagePullPolicy }: Pick<Container, 'image' | 'imagePullPolicy'>) {
  if (imagePullPolicy !== undefined) return imagePullPolicy;
  if (image.includes('@') || /^(?:oci|docker-archive):/.test(image)) return 'IfNotPresent';
  const tag = /:([^/:]+)$/.exec(image)?.[1] ?? 'latest';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}

/** Whether an image is the path of a checkpoint archive, which a runtime reads and never pulls. */
function isArchive(image: string): boolean {
  return image.startsWith('/');
}

export interface PresentImage {
  /** By which the runtime finds it: an image of a local file has no name of its own. */
  readonly reference: string;
  /** Undefined for an archive. */
  readonly image: Image | undefined;
}

/** The image that is there now. Throws StartFailure. */
export async function presentImage(
  cri: CriClient,
  container: Pick<Container, 'image' | 'imagePullPolicy'>,
  sandboxConfig: SandboxConfig,
  signal: AbortSignal,
): Promise<PresentImage> {
  const reference = container.image;
  if (isArchive(reference)) return { reference, image: undefined };
  const image = { image: container.image, userSpecifiedImage: container.image };
  const policy = pullPolicy(container);
  const status = async (name: string) => (await cri.image.imageStatus({ image: { image: name } }, { signal })).image;
  const present = await status(reference);
  if (present && policy !== 'Always') return { reference, image: present };
  if (policy === 'Never') {
    throw new StartFailure('ErrImageNeverPull', `image ${container.image} is not there, and is never pulled`);
  }
  try {
    const { imageRef } = await cri.image.pullImage({ image, sandboxConfig }, { signal, timeoutMs: PULL });
    const pulled = await status(reference);
    return pulled ? { reference, image: pulled } : { reference: imageRef, image: await status(imageRef) };
  } catch (error) {
    signal.throwIfAborted();
    throw new StartFailure('ErrImagePull', StillframeError.is(error) ? error : String(error));
  }
}
