/** Signatures beside their image: the layers of a manifest under a tag that is made of the image's digest, as cosign has them. */
import { setTimeout as delay } from 'node:timers/promises';
import { bytesSource, type Digest, digestOf, isCode, orAborted, orAbsent } from '@stillframe/core';
import type { ContentOptions, ContentReader, ContentWriter } from '../content.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { encodeImageConfig, encodeManifest, type Manifest, parseManifest } from '../manifest.ts';
import { readBlob } from '../read-blob.ts';
import { MAX_PAYLOAD } from './payload.ts';

/** One signature; nothing of it is trusted. */
export interface AttachedSignature {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
}

const PAYLOAD_TYPE = 'application/vnd.dev.cosign.simplesigning.v1+json';
const ANNOTATION = 'dev.cosignproject.cosign/signature';
/** Looked at, and kept when one is added: whoever can write to a registry can add more. */
const MOST = 64;
/** Times that a signature is added anew where others write at the same moment. */
const TRIES = 32;
/** Characters of a signature in base64: RSA with 16384 bits has 2732. */
const MAX_TEXT = 4096;

/** The tag of an image's signatures. */
export function signatureTag(digest: Digest): string {
  return `${digest.replace(':', '-')}.sig`;
}

/** The signatures beside an image, none where there are none. Throws the errors of the store. */
export async function readSignatures(
  store: ContentReader,
  digest: Digest,
  options: ContentOptions = {},
): Promise<AttachedSignature[]> {
  const found = await manifestAt(store, digest, options);
  const signatures: AttachedSignature[] = [];
  for (const layer of found?.manifest.layers.filter(isSignature).slice(0, MOST) ?? []) {
    const text = layer.annotations?.[ANNOTATION] ?? '';
    const payload = await readBlob(store, layer, { ...options, limit: MAX_PAYLOAD });
    signatures.push({ payload, signature: new Uint8Array(Buffer.from(text, 'base64')) });
  }
  return signatures;
}

const isSignature = ({ mediaType, size, annotations }: Descriptor) =>
  mediaType === PAYLOAD_TYPE && size <= MAX_PAYLOAD && (annotations?.[ANNOTATION]?.length ?? MAX_TEXT) < MAX_TEXT;

/** The manifest that holds the signatures; undefined where there is none. */
async function manifestAt(
  store: ContentReader,
  digest: Digest,
  options: ContentOptions,
): Promise<{ manifest: Manifest; digest: Digest } | undefined> {
  const descriptor = await orAbsent(store.resolve(signatureTag(digest), options), 'ERR_OCI_MANIFEST_UNKNOWN');
  if (!descriptor) return undefined;
  const manifest = parseManifest(await store.manifest(descriptor, options), descriptor.mediaType);
  return { manifest, digest: descriptor.digest };
}

/**
 * Adds a signature; those that are there stay, and those that others add at the same time: exactly in a layout, as far as that can be seen
 * in a registry. Throws ERR_OCI_SIGNATURES_FULL, ERR_OCI_TAG_MOVED and the errors of the store.
 */
export async function addSignature(
  store: ContentReader & ContentWriter,
  digest: Digest,
  signature: AttachedSignature,
  options: ContentOptions = {},
): Promise<Descriptor> {
  const layer = layerOf(signature);
  await store.push(layer, bytesSource(signature.payload), options);
  for (let tries = 1; ; tries += 1) {
    try {
      const put = await putWith(store, digest, layer, options);
      const now = await manifestAt(store, digest, options);
      if (now?.manifest.layers.some((each) => isSame(each, layer))) return put;
      if (tries >= TRIES) throw ociError('ERR_OCI_TAG_MOVED', `others take the new signature of ${digest} away`);
    } catch (error) {
      if (tries >= TRIES || !isCode(error, 'ERR_OCI_TAG_MOVED')) throw error;
    }
    await orAborted(delay(Math.random() * 20 * tries), options.signal);
  }
}

function layerOf({ payload, signature }: AttachedSignature): Descriptor {
  const annotations = { [ANNOTATION]: Buffer.from(signature).toString('base64') };
  return { mediaType: PAYLOAD_TYPE, digest: digestOf(payload), size: payload.length, annotations };
}

const isSame = (a: Descriptor, b: Descriptor) =>
  a.digest === b.digest && a.annotations?.[ANNOTATION] === b.annotations?.[ANNOTATION];

async function putWith(
  store: ContentReader & ContentWriter,
  digest: Digest,
  layer: Descriptor,
  options: ContentOptions,
): Promise<Descriptor> {
  const before = await manifestAt(store, digest, options);
  const layers = [...(before?.manifest.layers ?? []), layer];
  if (layers.length > MOST) {
    throw ociError('ERR_OCI_SIGNATURES_FULL', `${digest} has ${layers.length - 1} signatures already`);
  }
  // An image, as cosign has it: some registries take nothing else.
  const config = encodeImageConfig({
    architecture: '',
    os: '',
    config: {},
    diffIDs: layers.map((each) => each.digest),
  });
  const described: Descriptor = { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length };
  await store.push(described, bytesSource(config), options);
  const manifest: Manifest = { kind: 'manifest', mediaType: mediaTypes.manifest, config: described, layers };
  const place = { tag: signatureTag(digest), replacing: before?.digest ?? null };
  return store.putManifest(encodeManifest(manifest), mediaTypes.manifest, { ...options, ...place });
}
