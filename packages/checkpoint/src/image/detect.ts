/** Whether an image is a checkpoint, and its archive back from it, byte for byte. */
import { harmless } from '@stillframe/core';
import {
  type ContentReader,
  type Descriptor,
  demandDecrypted,
  type Index,
  isManifestType,
  type Manifest,
  mediaTypes,
  parseManifestOrIndex,
} from '@stillframe/oci';
import { checkpointError } from '../errors.ts';
import { type CheckpointFacts, decodeAnnotations } from '../metadata/annotations.ts';
import { type ChainConfig, isChain } from './chain/format.ts';
import { readChainConfig } from './chain/open.ts';

/** A checkpoint image as found in a store. Facts are untrusted. */
export interface CheckpointImage {
  readonly facts: CheckpointFacts;
  /** Of the manifest, also where the tag points at an index. */
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  /** Of a chain image: the archive that its layers give. */
  readonly chain?: ChainConfig;
}

/** Options of finding a checkpoint image. */
export interface DetectOptions {
  /** Which manifest of an index; by default the first that is a checkpoint. */
  architecture?: string | undefined;
  /** Which container, of an index over those of a pod. */
  container?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** Layers that are a tar, by media type. */
const TARS: readonly string[] = [
  mediaTypes.layer,
  mediaTypes.layerGzip,
  mediaTypes.layerZstd,
  mediaTypes.dockerLayerGzip,
];
/** Manifests of an index that are looked at. */
const CANDIDATES = 32;

/**
 * The checkpoint image behind a tag or digest, or undefined where the image is an ordinary one: the mark is an annotation
 * of the manifest or of the index over it. Throws the errors of the store.
 */
export async function findCheckpointImage(
  store: ContentReader,
  reference: string,
  options: DetectOptions = {},
): Promise<CheckpointImage | undefined> {
  const descriptor = await store.resolve(reference, options);
  return checkpointImageAt(store, descriptor, options);
}

/**
 * As findCheckpointImage, of a descriptor. Throws ERR_OCI_DOCUMENT_INVALID for what is neither manifest nor index,
 * ERR_IMAGE_CONTAINER_AMBIGUOUS for checkpoints of several containers where none is named, ERR_IMAGE_CONTAINER_MISSING
 * where the one named is not among them.
 */
export async function checkpointImageAt(
  store: ContentReader,
  descriptor: Descriptor,
  options: DetectOptions = {},
): Promise<CheckpointImage | undefined> {
  const images = await checkpointImagesAt(store, descriptor, options);
  const names = [...new Set(images.map(({ facts }) => facts.containerName))];
  const { container } = options;
  const told = names.map(harmless).join(', ');
  if (container !== undefined && names.length > 0) {
    const image = images.find(({ facts }) => facts.containerName === container);
    if (image) return image;
    throw checkpointError('ERR_IMAGE_CONTAINER_MISSING', `the image has no container ${harmless(container)}`, {
      hint: `it has ${told}`,
    });
  }
  if (names.length < 2) return images[0];
  const message = `the image holds the checkpoints of ${names.length} containers: ${told}`;
  throw checkpointError('ERR_IMAGE_CONTAINER_AMBIGUOUS', message);
}

/** Every checkpoint behind a descriptor, in the order of its index; none where the image is an ordinary one. */
export async function checkpointImagesAt(
  store: ContentReader,
  descriptor: Descriptor,
  options: Pick<DetectOptions, 'architecture' | 'signal'> = {},
): Promise<CheckpointImage[]> {
  const document = await read(store, descriptor, options);
  if (document.kind === 'manifest') {
    const image = await imageOf(store, document, descriptor, { options });
    return image ? [image] : [];
  }
  const inherited = document.annotations;
  const wanted = document.manifests.filter(
    ({ mediaType, platform }) =>
      isManifestType(mediaType) && (!options.architecture || platform?.architecture === options.architecture),
  );
  const images: CheckpointImage[] = [];
  for (const child of wanted.slice(0, CANDIDATES)) {
    const manifest = await read(store, child, options);
    const image =
      manifest.kind === 'manifest' ? await imageOf(store, manifest, child, { inherited, options }) : undefined;
    if (image) images.push(image);
  }
  return images;
}

async function imageOf(
  store: ContentReader,
  manifest: Manifest,
  descriptor: Descriptor,
  { inherited, options }: { inherited?: Readonly<Record<string, string>> | undefined; options: DetectOptions },
): Promise<CheckpointImage | undefined> {
  const facts = decodeAnnotations({ ...inherited, ...manifest.annotations });
  if (!facts) return undefined;
  const image = { facts, manifest: descriptor, config: manifest.config, layers: manifest.layers };
  return isChain(manifest) ? { ...image, chain: await readChainConfig(store, manifest, options) } : image;
}

async function read(store: ContentReader, descriptor: Descriptor, options: DetectOptions): Promise<Manifest | Index> {
  return parseManifestOrIndex(await store.manifest(descriptor, options), descriptor.mediaType);
}

/**
 * The archive in an image: the one layer that it is, or what a chain's layers give. Throws as archiveLayer does.
 */
export function archiveOf(image: Pick<CheckpointImage, 'layers' | 'chain'>): Descriptor {
  return image.chain ? { mediaType: mediaTypes.layer, ...image.chain } : archiveLayer(image);
}

/**
 * The one layer that is the archive. Throws ERR_IMAGE_LAYER_UNSUPPORTED where there are several, as images built step by
 * step have, or it is no tar, and ERR_OCI_LAYER_ENCRYPTED where it is encrypted.
 */
export function archiveLayer({ layers }: Pick<CheckpointImage, 'layers'>): Descriptor {
  const [layer] = layers;
  if (layers.length === 1 && layer && TARS.includes(layer.mediaType)) return layer;
  if (layer) demandDecrypted(layer, `layer 1 of ${layers.length} (${layer.digest})`);
  const found = layers.length === 1 ? `a layer of type ${harmless(layer?.mediaType ?? '')}` : `${layers.length} layers`;
  throw checkpointError('ERR_IMAGE_LAYER_UNSUPPORTED', `the checkpoint image has ${found}, not one tar`);
}

/** The error for an image without a mark. */
export function notCheckpoint(what: string) {
  return checkpointError('ERR_IMAGE_NOT_CHECKPOINT', `image ${what} is no checkpoint image`);
}
