/** A store as it would be if no layer were encrypted. Only what is looked at is fetched: a key is in the manifest. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Digest, Sha256 } from '@stillframe/core';
import type { ContentOptions, ContentReader } from '../content.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { present } from '../json.ts';
import { verified } from '../verify.ts';
import {
  type ChangedLayer,
  ChangedReader,
  type ChangeOptions,
  closing,
  type LayerPlace,
  mapped,
} from './changed-reader.ts';
import { ctrFrom, ctrSource } from './ctr.ts';
import { unwrap } from './jwe.ts';
import type { DecryptionKey } from './keys.ts';
import { decryptedType, isEncryptedType, otherAnnotations } from './media-types.ts';
import { decodePrivateOptions, decodePublicOptions, type PrivateOptions, type PublicOptions } from './options.ts';

/** Asked for when the first encrypted layer is met. */
export type KeyRing = () => Promise<readonly DecryptionKey[]>;

/** What a layer is decrypted and proven with. */
type LayerKey = PrivateOptions & PublicOptions;

/**
 * Sees `store` decrypted. Layers that are not encrypted are as they are. `stream` proves HMAC and digest before its last
 * chunk; `open` reads any range and proves none, as ranges of any blob are not proven. Resolving throws
 * ERR_OCI_LAYER_ENCRYPTED where there are no keys, ERR_OCI_LAYER_KEYS_WRONG, ERR_OCI_ENCRYPTION_INVALID,
 * ERR_OCI_ENCRYPTION_UNSUPPORTED; streaming throws ERR_OCI_LAYER_FORGED.
 */
export function decryptingReader(
  store: ContentReader,
  keys: KeyRing,
  { carried }: Pick<ChangeOptions, 'carried'> = {},
): ChangedReader {
  return new ChangedReader(store, {
    carried,
    change: async (layer, place, options) =>
      isEncryptedType(layer.mediaType) ? decrypted(store, layer, { place, keys: await keys() }, options) : undefined,
  });
}

async function decrypted(
  store: ContentReader,
  layer: Descriptor,
  { place, keys }: { place: LayerPlace; keys: readonly DecryptionKey[] },
  options: ContentOptions,
): Promise<ChangedLayer> {
  const opened = await unwrap(layer, keys, place.what, options);
  const open = decodePublicOptions(layer);
  const key = { ...open, ...decodePrivateOptions(opened, open, layer.digest) };
  const mediaType = decryptedType(layer.mediaType);
  const plain = (each: ContentOptions) =>
    mapped(store.stream(layer, each), (chunks) => decryptedChunks(chunks, key, layer.digest));
  const told = await toldDigest(key, mediaType, place);
  const digest = told ?? (await digestOfStream(plain(options)));
  const { size, annotations: _annotations, ...rest } = layer;
  const descriptor: Descriptor = present({ ...rest, mediaType, digest, size, annotations: otherAnnotations(layer) });
  return {
    descriptor,
    stream: (each = {}) => verified(plain(each), descriptor),
    async open(each = {}) {
      const blob = await store.open(layer, each);
      return closing(ctrSource(blob, key), blob);
    },
  };
}

/**
 * The digest of the layer that its maker told. Where skopeo compresses a layer on its way to encryption, that is the digest
 * of the one before, which is also the layer's diff id; a compressed layer never has that.
 */
async function toldDigest({ digest }: LayerKey, mediaType: string, place: LayerPlace): Promise<Digest | undefined> {
  if (digest === undefined || mediaType === mediaTypes.layer) return digest;
  return (await place.diffIDs()).includes(digest) ? undefined : digest;
}

async function digestOfStream(chunks: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = new Sha256();
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest();
}

/** Throws ERR_OCI_LAYER_FORGED at the end; the last chunk is handed on only where it does not. */
async function* decryptedChunks(
  chunks: AsyncIterable<Uint8Array>,
  key: LayerKey,
  layer: Digest,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hmac = createHmac('sha256', key.key);
  const decrypt = ctrFrom(key);
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (held) yield decrypt(held);
    hmac.update(chunk);
    held = chunk;
  }
  if (!timingSafeEqual(hmac.digest(), key.hmac))
    throw ociError('ERR_OCI_LAYER_FORGED', `layer ${layer} is not what was encrypted with its key`);
  if (held) yield decrypt(held);
}
