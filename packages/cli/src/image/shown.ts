/** What `stillframe image inspect` shows of an image, in words. */
import type { CheckpointImage } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { type Descriptor, type Recipient, recipientsText } from '@stillframe/oci';
import { renderFacts } from '../display/facts.ts';

/** An image, with what was found out about it. */
export interface ShownImage extends CheckpointImage {
  /** For whom each encrypted layer is; null for one whose recipients cannot be read. */
  readonly encryption?: readonly { readonly layer: string; readonly recipients: readonly Recipient[] | null }[];
  readonly recorded?: Recorded | undefined;
}

/** What the image says was recorded at the capture; null where only a key could tell. */
export interface Recorded {
  readonly digest: string;
  readonly name?: string;
  readonly isLayer: boolean | null;
  readonly isArchive: boolean | null;
}

/** `target` is what the tag points at; `images` are the checkpoints behind it, none for an ordinary image. Ends with a line. */
export function shownText(reference: string, target: Descriptor, images: readonly ShownImage[]): string {
  const isIndex = images.some(({ manifest }) => manifest.digest !== target.digest);
  const head = [[isIndex ? 'index' : 'manifest', target.digest]];
  if (images.length === 0) head.push(['container', 'none: it is no checkpoint image']);
  const rows = images.flatMap((image) => [...(isIndex ? [['manifest', image.manifest.digest]] : []), ...rowsOf(image)]);
  return `${reference}\n${renderFacts([...head, ...rows], 11)}`;
}

function rowsOf(image: ShownImage): string[][] {
  const { containerName, podName, podNamespace, engineName, engineVersion } = image.facts;
  const { rootfsImageName, capturedAt, sourceDigest } = image.facts;
  const pod = podName === undefined ? '' : `${podNamespace ?? '?'}/${podName}/`;
  const { chain, recorded } = image;
  const told: [string, string | undefined][] = [
    ['container', `${pod}${containerName}`],
    ['engine', engineName && [engineName, engineVersion ?? ''].join(' ').trimEnd()],
    ['base', rootfsImageName],
    ['captured', capturedAt],
    ['made of', chain || sourceDigest === image.layers[0]?.digest ? undefined : sourceDigest],
    ['archive', chain && `${chain.digest}  ${bytesText(chain.size)}, put together of ${image.layers.length} layers`],
  ];
  const rows = told.flatMap(([name, value]) => (value === undefined ? [] : [[name, harmless(value)]]));
  const layers = chain ? [] : image.layers.map((layer) => ['layer', layerText(layer, image.encryption ?? [])]);
  return [...rows, ...layers, ['recorded', recordedText(recorded)]];
}

function layerText({ digest, size, mediaType }: Descriptor, encryption: NonNullable<ShownImage['encryption']>): string {
  const found = encryption.find(({ layer }) => layer === digest);
  const sealed = found && (found.recipients ? recipientsText(found.recipients) : 'for recipients that cannot be read');
  const type = mediaType.replace(/^.*\.tar/, 'tar').replace(/\+encrypted$/, '');
  return harmless(`${digest}  ${bytesText(size)}, ${type}${sealed === undefined ? '' : `, encrypted ${sealed}`}`);
}

function recordedText(recorded: Recorded | undefined): string {
  if (!recorded) return 'no digest at the capture';
  const { digest, isLayer, isArchive } = recorded;
  const fit =
    isArchive === null
      ? 'whether it is that archive, a key tells'
      : isLayer
        ? 'the same'
        : isArchive
          ? 'the same once it is decompressed'
          : 'ANOTHER';
  return `${harmless(digest)}, ${fit}`;
}
