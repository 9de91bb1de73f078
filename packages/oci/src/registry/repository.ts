/** One repository of a registry as a store of content (OCI distribution specification 1.1). */
import { digestOf, isDigest, limits, StillframeError } from '@stillframe/core';
import type { BlobContent, BlobSource, ContentOptions, ContentStore, PutManifestOptions } from '../content.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { parseManifestOrIndex } from '../manifest.ts';
import { isRepository, isTag } from '../reference.ts';
import { replayable, verified, verifyBytes, verifySize } from '../verify.ts';
import { readBody } from './answer.ts';
import type { HttpAnswer } from './http.ts';
import { rangeSource } from './range-source.ts';
import type { Call, Session } from './session.ts';
import { upload } from './upload.ts';

const ACCEPTED = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerIndex].join(', ');

/** Options of RegistryRepository.push. */
export interface RegistryPushOptions extends ContentOptions {
  /** Another repository of this registry that may hold the blob: it is mounted from there without being sent. */
  mountFrom?: string | undefined;
}

/** Made by RegistryClient.repository; lives as long as its client. */
export class RegistryRepository implements ContentStore {
  /** Host and port as in references. */
  readonly registry: string;
  readonly name: string;
  readonly #session: Session;
  readonly #partSize: number;

  /** Throws ERR_OCI_REFERENCE_INVALID where `name` is no repository. */
  constructor(registry: string, name: string, session: Session, partSize: number) {
    if (!isRepository(name)) throw ociError('ERR_OCI_REFERENCE_INVALID', 'the repository is not a valid one');
    this.registry = registry;
    this.name = name;
    this.#session = session;
    this.#partSize = partSize;
  }

  async has(descriptor: Descriptor, options: ContentOptions = {}): Promise<boolean> {
    const answer = await this.#session.send({ ...this.#blob(descriptor, options), method: 'HEAD', accept: [200, 404] });
    answer.discard();
    return answer.status === 200 && (lengthOf(answer) ?? descriptor.size) === descriptor.size;
  }

  stream(descriptor: Descriptor, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
    const start = () => namingUnknown(this.#session.download(this.#blob(descriptor, options), descriptor.size));
    return verified(replayable(start), descriptor);
  }

  async open(descriptor: Descriptor, options: ContentOptions = {}): Promise<BlobSource> {
    const call = this.#blob(descriptor, options);
    const answer = await this.#session.send({ ...call, method: 'HEAD', accept: [200, 404] });
    answer.discard();
    if (answer.status === 404) throw ociError('ERR_OCI_BLOB_UNKNOWN', `${call.what} is not there`);
    verifySize(lengthOf(answer) ?? descriptor.size, descriptor);
    const { digest, size } = descriptor;
    // Reads bring their own signal; the one of opening is over.
    const locator = { kind: 'blob' as const, repository: `${this.registry}/${this.name}`, digest, offset: 0, size };
    return rangeSource(this.#session, this.#blob(descriptor, {}), locator);
  }

  async push(descriptor: Descriptor, content: BlobContent, options: RegistryPushOptions = {}): Promise<void> {
    if (await this.has(descriptor, options)) return;
    if (options.mountFrom !== undefined && (await this.#mount(descriptor, options.mountFrom, options))) return;
    await upload(this.#session, content, {
      repository: this.name,
      descriptor,
      purpose: this.#purpose('pull,push'),
      what: this.#blob(descriptor, options).what,
      partSize: this.#partSize,
      signal: options.signal,
    });
  }

  async resolve(reference: string, options: ContentOptions = {}): Promise<Descriptor> {
    const head = await this.#session.send({
      ...this.#manifest(reference, options),
      method: 'HEAD',
      accept: [200, 404],
    });
    head.discard();
    if (head.status === 404) throw this.#unknown(reference);
    const digest = head.headers['docker-content-digest'];
    const mediaType = typeOf(head);
    const size = lengthOf(head);
    if (typeof digest === 'string' && isDigest(digest) && mediaType !== undefined && size !== undefined) {
      if (isDigest(reference) && digest !== reference) {
        throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${this.#at(reference)}: the registry answered with ${digest}`);
      }
      return { mediaType, digest, size };
    }
    return this.#resolveByContent(reference, options);
  }

  async manifest(descriptor: Descriptor, options: ContentOptions = {}): Promise<Uint8Array> {
    const { bytes } = await this.#fetchManifest(descriptor.digest, options);
    verifyBytes(bytes, descriptor);
    return bytes;
  }

  async putManifest(bytes: Uint8Array, mediaType: string, options: PutManifestOptions = {}): Promise<Descriptor> {
    const digest = digestOf(bytes);
    parseManifestOrIndex(bytes, mediaType);
    const call = this.#manifest(options.tag ?? digest, options);
    const answer = await this.#session.send({
      ...call,
      method: 'PUT',
      headers: { 'content-type': mediaType },
      purpose: this.#purpose('pull,push'),
      body: () => ({ size: bytes.length, content: whole(bytes) }),
      accept: [201, 202, 204],
    });
    answer.discard();
    const stored = answer.headers['docker-content-digest'];
    if (stored !== undefined && stored !== digest) {
      throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${call.what}: the registry stored it under another digest`);
    }
    return { mediaType, digest, size: bytes.length };
  }

  /** Mounts a blob of another repository; false where the registry wants it sent. */
  async #mount(descriptor: Descriptor, from: string, options: ContentOptions): Promise<boolean> {
    if (!isRepository(from))
      throw ociError('ERR_OCI_REFERENCE_INVALID', 'the repository to mount from is not a valid one');
    const { scopes } = this.#purpose('pull,push');
    const query = new URLSearchParams({ mount: descriptor.digest, from });
    const answer = await this.#session.send({
      ...this.#blob(descriptor, options),
      method: 'POST',
      url: `/v2/${this.name}/blobs/uploads/?${query}`,
      purpose: { repository: this.name, scopes: [...scopes, `repository:${from}:pull`] },
      body: () => ({ size: 0, content: whole(new Uint8Array()) }),
      accept: [201, 202],
    });
    answer.discard();
    return answer.status === 201;
  }

  async #resolveByContent(reference: string, options: ContentOptions): Promise<Descriptor> {
    const { bytes, mediaType } = await this.#fetchManifest(reference, options);
    const digest = digestOf(bytes);
    if (isDigest(reference)) verifyBytes(bytes, { digest: reference, size: bytes.length });
    return { mediaType: parseManifestOrIndex(bytes, mediaType).mediaType, digest, size: bytes.length };
  }

  async #fetchManifest(reference: string, options: ContentOptions) {
    const answer = await this.#session.send({ ...this.#manifest(reference, options), accept: [200, 404] });
    if (answer.status === 404) {
      answer.discard();
      throw this.#unknown(reference);
    }
    return { bytes: await readBody(answer, limits.manifest, this.#at(reference)), mediaType: typeOf(answer) };
  }

  #blob({ digest }: Descriptor, { signal }: ContentOptions): Call {
    const url = `/v2/${this.name}/blobs/${digest}`;
    const what = `blob ${digest} of ${this.registry}/${this.name}`;
    return { method: 'GET', url, purpose: this.#purpose('pull'), accept: [200], what, signal };
  }

  #manifest(reference: string, { signal }: ContentOptions): Call {
    if (!isDigest(reference) && !isTag(reference)) {
      throw ociError(
        'ERR_OCI_REFERENCE_INVALID',
        `neither a tag nor a digest: ${JSON.stringify(reference.slice(0, 130))}`,
      );
    }
    const url = `/v2/${this.name}/manifests/${reference}`;
    const headers = { accept: ACCEPTED };
    return {
      method: 'GET',
      url,
      headers,
      purpose: this.#purpose('pull'),
      accept: [200],
      what: this.#at(reference),
      signal,
    };
  }

  #purpose(actions: 'pull' | 'pull,push') {
    return { repository: this.name, scopes: [`repository:${this.name}:${actions}`] };
  }

  #at(reference: string): string {
    return `manifest ${this.registry}/${this.name}${isDigest(reference) ? '@' : ':'}${reference}`;
  }

  #unknown(reference: string) {
    return ociError('ERR_OCI_MANIFEST_UNKNOWN', `${this.#at(reference)} is not there`);
  }
}

/** Gives a plain 404, as storage servers answer, the code that the registry itself would have used. */
async function* namingUnknown(bytes: AsyncGenerator<Uint8Array, void, undefined>) {
  try {
    yield* bytes;
  } catch (error) {
    const missing = StillframeError.is(error) && error.details['status'] === 404;
    throw missing ? ociError('ERR_OCI_BLOB_UNKNOWN', error.message, { cause: error, details: error.details }) : error;
  }
}

function lengthOf(answer: HttpAnswer): number | undefined {
  const length = Number(answer.headers['content-length'] ?? Number.NaN);
  return Number.isSafeInteger(length) ? length : undefined;
}

function typeOf(answer: HttpAnswer): string | undefined {
  const type = answer.headers['content-type']?.split(';')[0]?.trim();
  return type === undefined || type === '' || type === 'application/json' ? undefined : type;
}

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
