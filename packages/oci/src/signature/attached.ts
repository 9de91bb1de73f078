/** Signatures beside their image: the layers of a manifest under a tag that is made of the image's digest, as cosign has them. */
import { bytesSource, type Digest, digestOf, isCode } from '@stillframe/core';
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
  for (const layer of found?.layers.filter(isSignature).slice(0, MOST) ?? []) {
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
): Promise<Manifest | undefined> {
  let descriptor: Descriptor;
  try {
    descriptor = await store.resolve(signatureTag(digest), options);
  } catch (error) {
    if (isCode(error, 'ERR_OCI_MANIFEST_UNKNOWN')) return undefined;
    throw error;
  }
  return parseManifest(await store.manifest(descriptor, options), descriptor.mediaType);
}

/** Adds a signature; those that are there stay. Throws ERR_OCI_SIGNATURES_FULL and the errors of the store. */
export async function addSignature(
  store: ContentReader & ContentWriter,
  digest: Digest,
  { payload, signature }: AttachedSignature,
  options: ContentOptions = {},
): Promise<Descriptor> {
  const before = (await manifestAt(store, digest, options))?.layers ?? [];
  if (before.length >= MOST) {
    throw ociError('ERR_OCI_SIGNATURES_FULL', `${digest} has ${before.length} signatures already`);
  }
  const text = Buffer.from(signature).toString('base64');
  const layer: Descriptor = {
    mediaType: PAYLOAD_TYPE,
    digest: digestOf(payload),
    size: payload.length,
    annotations: { [ANNOTATION]: text },
  };
  await store.push(layer, bytesSource(payload), options);
  const layers = [...before, layer];
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
  const tag = signatureTag(digest);
  return store.putManifest(encodeManifest(manifest), mediaTypes.manifest, { ...options, tag });
}
