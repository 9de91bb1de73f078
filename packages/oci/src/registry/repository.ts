/** One repository of a registry as a store of content (OCI distribution specification 1.1). */
import { type Digest, digestOf, isCode, isDigest, limits } from '@stillframe/core';
import type {
  BlobContent,
  BlobSource,
  ContentOptions,
  ContentStore,
  Place,
  PutManifestOptions,
  ReferrersOptions,
} from '../content.ts';
import { type Descriptor, mediaTypes } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { parseManifestOrIndex } from '../manifest.ts';
import { isRepository, isTag } from '../reference.ts';
import { demandStanding } from '../standing.ts';
import { replayable, verified, verifyBytes, verifySize } from '../verify.ts';
import { lengthOf, namingUnknown, readBody, typeOf } from './answer.ts';
import { rangeSource } from './range-source.ts';
import { chosen, listByTag, listedByRegistry, listedByTag, unlistByTag } from './referrers.ts';
import type { Call, Session } from './session.ts';
import { listTags } from './tags.ts';
import { type Upload, upload } from './upload.ts';

const ACCEPTED = [mediaTypes.manifest, mediaTypes.index, mediaTypes.dockerManifest, mediaTypes.dockerIndex].join(', ');

/** How large blobs are sent. */
export type Uploading = Pick<Upload, 'partSize' | 'ledger'>;

/** Made by RegistryClient.repository; lives as long as its client. */
export class RegistryRepository implements ContentStore {
  /** Host and port as in references. */
  readonly registry: string;
  readonly name: string;
  readonly #session: Session;
  readonly #uploading: Uploading;

  /** Throws ERR_OCI_REFERENCE_INVALID where `name` is no repository. */
  constructor(registry: string, name: string, session: Session, uploading: Uploading) {
    if (!isRepository(name)) throw ociError('ERR_OCI_REFERENCE_INVALID', 'the repository is not a valid one');
    this.registry = registry;
    this.name = name;
    this.#session = session;
    this.#uploading = uploading;
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

  /** With a ledger. */
  get resumes(): boolean {
    return this.#uploading.ledger !== undefined;
  }

  async push(descriptor: Descriptor, content: BlobContent, options: ContentOptions = {}): Promise<void> {
    if (await this.has(descriptor, options)) return;
    await upload(this.#session, content, {
      ...this.#uploading,
      registry: this.registry,
      repository: this.name,
      descriptor,
      purpose: this.#purpose('pull,push'),
      what: this.#blob(descriptor, options).what,
      signal: options.signal,
    });
  }

  get place(): Place {
    return { registry: this.registry, name: this.name };
  }

  /** Throws ERR_OCI_REFERENCE_INVALID where `from` is no repository, and registry errors. */
  async mount(descriptor: Descriptor, from: Place, options: ContentOptions = {}): Promise<boolean> {
    if (from.registry !== this.registry || from.name === this.name) return false;
    if (!isRepository(from.name))
      throw ociError('ERR_OCI_REFERENCE_INVALID', 'the repository to mount from is not a valid one');
    const { scopes } = this.#purpose('pull,push');
    const query = new URLSearchParams({ mount: descriptor.digest, from: from.name });
    const answer = await this.#session.send({
      ...this.#blob(descriptor, options),
      method: 'POST',
      url: `/v2/${this.name}/blobs/uploads/?${query}`,
      purpose: { repository: this.name, scopes: [...scopes, `repository:${from.name}:pull`] },
      body: () => ({ size: 0, content: whole(new Uint8Array()) }),
      // Whoever may not read over there, or meets a registry without mounts, sends the bytes.
      accept: [201, 202, 400, 401, 403, 404, 405],
    });
    answer.discard();
    return answer.status === 201;
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

  /** All tags, in the registry's order; none where the repository is not there. Throws as listTags does. */
  tags({ signal }: ContentOptions = {}): Promise<string[]> {
    const what = `tags of ${this.registry}/${this.name}`;
    const url = `/v2/${this.name}/tags/list?n=1000`;
    return listTags(this.#session, { method: 'GET', url, purpose: this.#purpose('pull'), accept: [200], what, signal });
  }

  async manifest(descriptor: Descriptor, options: ContentOptions = {}): Promise<Uint8Array> {
    const { bytes } = await this.#fetchManifest(descriptor.digest, options);
    verifyBytes(bytes, descriptor);
    return bytes;
  }

  async putManifest(bytes: Uint8Array, mediaType: string, options: PutManifestOptions = {}): Promise<Descriptor> {
    await demandStanding(this, options);
    const digest = digestOf(bytes);
    const document = parseManifestOrIndex(bytes, mediaType);
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
    const descriptor = { mediaType, digest, size: bytes.length };
    const { subject } = document;
    // A registry that keeps the list of referrers itself says so.
    if (subject && answer.headers['oci-subject'] === undefined)
      await listByTag(this, descriptor, { ...document, subject }, options);
    return descriptor;
  }

  async referrers(digest: Digest, options: ReferrersOptions = {}): Promise<readonly Descriptor[]> {
    const query =
      options.artifactType === undefined ? '' : `?${new URLSearchParams({ artifactType: options.artifactType })}`;
    const listed = await listedByRegistry(this.#session, {
      method: 'GET',
      url: `/v2/${this.name}/referrers/${digest}${query}`,
      headers: { accept: mediaTypes.index },
      purpose: this.#purpose('pull'),
      what: `referrers of ${this.#at(digest)}`,
      signal: options.signal,
    });
    return chosen(listed ?? (await listedByTag(this, digest, options)), options);
  }

  /**
   * Removes a tag, or a manifest by its digest with all tags that stand on it. Blobs are the registry's to collect. What is
   * said about an image also leaves the list of that, where it is kept by a tag. Throws
   * ERR_OCI_MANIFEST_UNKNOWN, and ERR_OCI_REMOVE_UNSUPPORTED where the registry does not do that.
   */
  async remove(reference: string, options: ContentOptions = {}): Promise<undefined> {
    const call = this.#manifest(reference, options);
    const subject = isDigest(reference) ? await this.#subjectOf(reference, options) : undefined;
    const answer = await this.#session.send({
      ...call,
      method: 'DELETE',
      // `delete` is what docker's token servers grant; others pass over what they do not know.
      purpose: { repository: this.name, scopes: [`repository:${this.name}:pull,push,delete`] },
      accept: [200, 202, 400, 404, 405],
    });
    answer.discard();
    if (answer.status === 404) throw this.#unknown(reference);
    if (answer.status < 300) {
      if (isDigest(reference) && subject) await unlistByTag(this, { digest: reference, subject }, options);
      return undefined;
    }
    const hint = isDigest(reference)
      ? 'whoever runs it must allow it to remove (docker-registry: storage.delete.enabled)'
      : `it may remove by digest, and then all tags of that manifest: ${await this.#byDigest(reference, options)}`;
    throw ociError('ERR_OCI_REMOVE_UNSUPPORTED', `${call.what}: the registry does not remove it`, { hint });
  }

  /** The reference with the digest of a tag, for a hint; where that cannot be had, how to find it. */
  async #byDigest(tag: string, options: ContentOptions): Promise<string> {
    try {
      return `${this.registry}/${this.name}@${(await this.resolve(tag, options)).digest}`;
    } catch {
      options.signal?.throwIfAborted();
      return 'see `image inspect` for the digest';
    }
  }

  /** What a manifest is about. One that nobody can read is about nothing, and may be removed all the same. */
  async #subjectOf(digest: Digest, options: ContentOptions): Promise<Digest | undefined> {
    try {
      const { bytes, mediaType } = await this.#fetchManifest(digest, options);
      return parseManifestOrIndex(bytes, mediaType).subject?.digest;
    } catch (error) {
      if (isCode(error, 'ERR_OCI_DOCUMENT_INVALID') || isCode(error, 'ERR_OCI_DOCUMENT_TOO_LARGE')) return undefined;
      throw error;
    }
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

async function* whole(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}
