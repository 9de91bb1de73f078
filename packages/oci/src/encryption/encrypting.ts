/**
 * A store as it would be if every layer were encrypted. A layer is read twice: once for the digest and the HMAC of what it
 * becomes, which stand in the manifest, and once when it is copied. So none is ever held, in memory or on disk.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { type Digest, Sha256 } from '@stillframe/core';
import type { ContentOptions, ContentReader } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { type ChangedLayer, ChangedReader, type ChangeOptions, closing, mapped } from './changed-reader.ts';
import { type CtrKey, ctrFrom, ctrSource } from './ctr.ts';
import { wrapForRecipients } from './jwe.ts';
import type { EncryptionKey } from './keys.ts';
import { encryptedType, isEncryptedType, JWE, PUBLIC_OPTIONS } from './media-types.ts';
import { encodePrivateOptions, encodePublicOptions } from './options.ts';

/** Options of encryptingReader. */
export interface EncryptOptions extends Pick<ChangeOptions, 'carried'> {
  /** Bytes of a layer that were read for its digest so far, of all its bytes. */
  readonly onRead?: ((bytes: number, size: number) => void) | undefined;
}

/**
 * Sees `store` encrypted for `recipients`, of whom there is at least one: each layer with a key of its own, made here.
 * Resolving an image twice gives two images with two reader objects, and one with one. Throws
 * ERR_OCI_ENCRYPTION_UNSUPPORTED for layers of another type than OCI's tars, as those of chain images are, and for layers
 * that are encrypted already.
 */
export function encryptingReader(
  store: ContentReader,
  recipients: readonly EncryptionKey[],
  { carried, onRead }: EncryptOptions = {},
): ChangedReader {
  return new ChangedReader(store, {
    carried,
    // Copied as it is, it would go out in the open.
    onOther: (child) => {
      throw unsupported(child, `a part of the index (${child.digest})`);
    },
    change: async (layer, { what }, options) => {
      const mediaType = encryptedType(layer.mediaType);
      if (mediaType === undefined) throw unsupported(layer, what);
      return encrypted(store, layer, { mediaType, recipients, onRead }, options);
    },
  });
}

async function encrypted(
  store: ContentReader,
  layer: Descriptor,
  wanted: { mediaType: string; recipients: readonly EncryptionKey[]; onRead: EncryptOptions['onRead'] },
  options: ContentOptions,
): Promise<ChangedLayer> {
  const key: CtrKey = { key: randomBytes(32), nonce: randomBytes(16) };
  // The layer itself is proven as it is read, so what it becomes is the same each time.
  const stream = (each: ContentOptions) => mapped(store.stream(layer, each), (chunks) => encryptedChunks(chunks, key));
  const onRead = (bytes: number) => wanted.onRead?.(bytes, layer.size);
  const { digest, hmac } = await lookedAt(stream(options), key, onRead);
  const opened = encodePrivateOptions({ ...key, digest: layer.digest });
  const annotations = {
    ...layer.annotations,
    [JWE]: await wrapForRecipients(opened, wanted.recipients),
    [PUBLIC_OPTIONS]: encodePublicOptions({ hmac }),
  };
  return {
    descriptor: { ...layer, mediaType: wanted.mediaType, digest, annotations },
    stream: (each = {}) => stream(each),
    async open(each = {}) {
      const blob = await store.open(layer, each);
      return closing(ctrSource(blob, key), blob);
    },
  };
}

async function* encryptedChunks(
  chunks: AsyncIterable<Uint8Array>,
  key: CtrKey,
): AsyncGenerator<Uint8Array, void, undefined> {
  const encrypt = ctrFrom(key);
  for await (const chunk of chunks) yield encrypt(chunk);
}

async function lookedAt(
  chunks: AsyncIterable<Uint8Array>,
  { key }: CtrKey,
  onRead: (bytes: number) => void,
): Promise<{ digest: Digest; hmac: Uint8Array }> {
  const hash = new Sha256();
  const hmac = createHmac('sha256', key);
  for await (const chunk of chunks) {
    hash.update(chunk);
    hmac.update(chunk);
    onRead(hash.size);
  }
  return { digest: hash.digest(), hmac: hmac.digest() };
}

function unsupported({ mediaType }: Descriptor, what: string) {
  if (isEncryptedType(mediaType)) {
    return ociError('ERR_OCI_ENCRYPTION_UNSUPPORTED', `${what} is encrypted already`, {
      hint: 'with --decryption-key it is decrypted first, and then encrypted for the new recipients',
    });
  }
  const message = `${what} is of type ${JSON.stringify(mediaType.slice(0, 100))}, which has no encrypted form`;
  return ociError('ERR_OCI_ENCRYPTION_UNSUPPORTED', message);
}
