/** A store that holds no bytes of its own: what is pushed stays where it is until somebody copies it. */
import { type ByteSource, bytesSource, type Digest, digestOf, limits, streamOf } from '@stillframe/core';
import { referrerOf } from './artifact.ts';
import type {
  BlobContent,
  BlobSource,
  ContentOptions,
  ContentStore,
  PutManifestOptions,
  ReferrersOptions,
} from './content.ts';
import type { Descriptor } from './descriptor.ts';
import { ociError } from './errors.ts';
import { parseManifestOrIndex } from './manifest.ts';
import { demandStanding } from './standing.ts';
import { chunksOf, isSource, replayable, verified, verifySize } from './verify.ts';

/** An image on its way, in memory but for its layers. Sources that are pushed must outlive it. */
export class StagedContent implements ContentStore {
  readonly #blobs = new Map<Digest, ByteSource>();
  readonly #manifests = new Map<Digest, { bytes: Uint8Array; descriptor: Descriptor }>();
  readonly #tags = new Map<string, Descriptor>();

  async has({ digest }: Descriptor): Promise<boolean> {
    return this.#blobs.has(digest);
  }

  /**
   * A source is kept as it is, and proven when it is streamed. Throws ERR_OCI_DOCUMENT_TOO_LARGE for anything else that is
   * large.
   */
  async push(descriptor: Descriptor, content: BlobContent, options: ContentOptions = {}): Promise<void> {
    if (isSource(content)) {
      verifySize(content.size, descriptor);
      this.#blobs.set(descriptor.digest, content);
      return;
    }
    if (descriptor.size > limits.manifest)
      throw ociError('ERR_OCI_DOCUMENT_TOO_LARGE', `blob ${descriptor.digest} is too large to be held`);
    const parts = await Array.fromAsync(verified(chunksOf(content, options), descriptor));
    this.#blobs.set(descriptor.digest, bytesSource(new Uint8Array(Buffer.concat(parts))));
  }

  stream(descriptor: Descriptor, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    const source = this.#blob(descriptor);
    return verified(
      replayable(() => streamOf(source, options)),
      descriptor,
    );
  }

  async open(descriptor: Descriptor): Promise<BlobSource> {
    return { ...this.#blob(descriptor), [Symbol.asyncDispose]: async () => undefined };
  }

  async resolve(reference: string): Promise<Descriptor> {
    const found =
      this.#tags.get(reference) ??
      [...this.#manifests.values()].find((each) => each.descriptor.digest === reference)?.descriptor;
    if (found) return found;
    throw ociError('ERR_OCI_MANIFEST_UNKNOWN', `there is no image ${JSON.stringify(reference.slice(0, 130))}`);
  }

  async manifest({ digest }: Descriptor): Promise<Uint8Array> {
    const found = this.#manifests.get(digest);
    if (found) return found.bytes;
    throw ociError('ERR_OCI_MANIFEST_UNKNOWN', `there is no manifest ${digest}`);
  }

  async putManifest(bytes: Uint8Array, mediaType: string, options: PutManifestOptions = {}): Promise<Descriptor> {
    await demandStanding(this, options);
    const { tag } = options;
    const descriptor: Descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    this.#manifests.set(descriptor.digest, { bytes, descriptor });
    if (tag !== undefined) this.#tags.set(tag, descriptor);
    return descriptor;
  }

  async referrers(digest: Digest, { artifactType }: ReferrersOptions = {}): Promise<readonly Descriptor[]> {
    return [...this.#manifests.values()].flatMap(({ bytes, descriptor }) => {
      const document = parseManifestOrIndex(bytes, descriptor.mediaType);
      if (document.subject?.digest !== digest) return [];
      const referrer = referrerOf(descriptor, document);
      return artifactType === undefined || referrer.artifactType === artifactType ? [referrer] : [];
    });
  }

  async remove(): Promise<undefined> {
    throw ociError('ERR_OCI_REMOVE_UNSUPPORTED', 'what is on its way is not removed');
  }

  #blob({ digest }: Descriptor): ByteSource {
    const source = this.#blobs.get(digest);
    if (source) return source;
    throw ociError('ERR_OCI_BLOB_UNKNOWN', `there is no blob ${digest}`);
  }
}
