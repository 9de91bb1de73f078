/** Copying an image between stores: blobs first, then manifests, parents after children, tag last. */
import { type ByteSource, messageOf, StillframeError, typedSystemError } from '@stillframe/core';
import type { ContentOptions, ContentReader, ContentWriter } from './content.ts';
import { type Descriptor, isIndexType, isManifestType, isNondistributable } from './descriptor.ts';
import { ociError } from './errors.ts';
import { inParallel } from './in-parallel.ts';
import { type Manifest, parseManifestOrIndex } from './manifest.ts';
import { verifiedSource } from './verified-source.ts';
import { replayable } from './verify.ts';

/** What happens to one blob or manifest. */
export interface CopyProgress {
  readonly descriptor: Descriptor;
  /** `present`: it was there already. `mounted`: taken over within the registry. `advanced`: `bytes` are read so far. */
  readonly state: 'present' | 'mounted' | 'advanced' | 'copied';
  /** Bytes of this descriptor handled so far. */
  readonly bytes: number;
  /**
   * Bytes of all that is known to belong to the copy so far, also what is there already. Grows where a manifest names more, as
   * those of an index do one after another.
   */
  readonly expected: number;
  /** Of `bytes`, those that an earlier copy had sent before it was cut; only of what is `advanced` or `copied`. */
  readonly resumed?: number | undefined;
}

/** Options of copyImage. */
export interface CopyOptions extends ContentOptions {
  /** The tag that the copy gets in the target. */
  tag?: string | undefined;
  /** Whether what is said about the image goes with it: manifests that have it as their subject. False by default. */
  referrers?: boolean | undefined;
  onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/** A failure of copyImage; `side` says whose. */
export class CopyError extends StillframeError {
  readonly side: 'source' | 'target';

  /** Takes kind, hint and details from the cause. */
  constructor(side: 'source' | 'target', cause: unknown) {
    const known = StillframeError.is(cause) ? cause : typedSystemError(cause);
    const hint = known?.hint;
    super('ERR_OCI_COPY_FAILED', known?.kind ?? 'unknown', `${side} of the copy: ${messageOf(known ?? cause)}`, {
      cause,
      details: { ...known?.details, side, causeCode: known?.code },
      ...(hint === undefined ? {} : { hint }),
    });
    this.side = side;
  }
}

/** Blobs under way at once. */
const WIDTH = 3;
/** Referrers that are copied with an image; real ones have a few, and a registry must not keep us with more. */
const MAX_REFERRERS = 1000;
/** Indexes within indexes; real ones have one level. */
const MAX_DEPTH = 8;

/**
 * Copies the manifest or index `descriptor` and all it names from one store to another, byte for byte. What the target
 * has is not read; layers that may not be distributed are left out. When it fails the target may hold some of the
 * blobs, never a manifest without its blobs, and the tag is as before: calling again goes on where it stopped. Only what is said
 * about the image comes after the tag, so where that fails the image itself is there.
 * Throws CopyError (ERR_OCI_COPY_FAILED), or the reason of an aborted signal.
 */
export async function copyImage(
  from: ContentReader,
  to: ContentWriter,
  descriptor: Descriptor,
  options: CopyOptions = {},
): Promise<void> {
  const copy = new Copy(from, to, options);
  await copy.manifest(descriptor, 0, { tag: options.tag });
  if (options.referrers) await copy.referrers(descriptor);
}

class Copy {
  readonly #from: ContentReader;
  readonly #to: ContentWriter;
  readonly #options: CopyOptions;
  /** Digests of blobs and child manifests done, since images of one index share them. */
  readonly #done = new Set<string>();
  /** Bytes, see CopyProgress. */
  #expected = 0;

  constructor(from: ContentReader, to: ContentWriter, options: CopyOptions) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
  }

  async manifest(
    descriptor: Descriptor,
    depth: number,
    place: { tag?: string | undefined; child?: boolean },
  ): Promise<void> {
    const { signal } = this.#options;
    const parsed = await this.#on('source', async () => {
      if (depth > MAX_DEPTH) throw ociError('ERR_OCI_DOCUMENT_INVALID', `indexes nest deeper than ${MAX_DEPTH} levels`);
      const bytes = await this.#from.manifest(descriptor, { signal });
      return { bytes, document: parseManifestOrIndex(bytes, descriptor.mediaType) };
    });
    const { bytes, document } = parsed;
    this.#expected += descriptor.size;
    if (document.kind === 'manifest') await this.#blobs(document);
    else await this.#children(document.manifests, depth);
    await this.#on('target', () => this.#to.putManifest(bytes, descriptor.mediaType, { ...place, signal }));
    this.#report(descriptor, 'copied', descriptor.size);
  }

  /** After the image, so that a registry knows the subject; they have no tag. */
  async referrers({ digest }: Descriptor): Promise<void> {
    const { signal } = this.#options;
    const found = await this.#on('source', async () => (await this.#from.referrers?.(digest, { signal })) ?? []);
    if (found.length > MAX_REFERRERS) {
      const fault = `${found.length} manifests are about ${digest}, more than ${MAX_REFERRERS}; none of them was copied`;
      throw this.#blame('source', ociError('ERR_OCI_DOCUMENT_TOO_LARGE', fault));
    }
    for (const { mediaType, digest: one, size } of found) {
      // What is of another kind than these, nobody could show what it names.
      if (isManifestType(mediaType) || isIndexType(mediaType))
        await this.manifest({ mediaType, digest: one, size }, 1, {});
    }
  }

  /** An index may also name blobs that are no manifests; those are copied as blobs. */
  async #children(children: readonly Descriptor[], depth: number): Promise<void> {
    for (const child of children) {
      if (this.#done.has(child.digest)) continue;
      this.#done.add(child.digest);
      if (isIndexType(child.mediaType) || isManifestType(child.mediaType))
        await this.manifest(child, depth + 1, { child: true });
      else {
        this.#expected += child.size;
        await this.#blob(child, this.#options.signal);
      }
    }
  }

  async #blobs({ config, layers }: Manifest): Promise<void> {
    const wanted = [config, ...layers].filter(
      (blob) => !isNondistributable(blob.mediaType) && !this.#done.has(blob.digest),
    );
    const unique = [...new Map(wanted.map((blob) => [blob.digest, blob])).values()];
    this.#expected += unique.reduce((sum, { size }) => sum + size, 0);
    const work = (blob: Descriptor, signal: AbortSignal) => this.#blob(blob, signal);
    await inParallel(unique, WIDTH, work, this.#options.signal);
  }

  async #blob(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<void> {
    const present = await this.#on('target', () => this.#to.has(descriptor, { signal }));
    const mounted = !present && (await this.#mounted(descriptor, signal));
    const resumed = present || mounted ? undefined : await this.#push(descriptor, signal);
    this.#done.add(descriptor.digest);
    this.#report(descriptor, present ? 'present' : mounted ? 'mounted' : 'copied', descriptor.size, resumed);
  }

  /** The bytes that the target had of it before. */
  async #push(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<number> {
    if (this.#from.seekable && this.#to.resumes) return this.#pushOn(descriptor, signal);
    const content = replayable(() => this.#read(descriptor, signal));
    await this.#on('target', () => this.#to.push(descriptor, content, { signal }));
    return 0;
  }

  async #pushOn(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<number> {
    await using opened = await this.#on('source', () => this.#from.open(descriptor, { signal }));
    const { size, readInto } = verifiedSource(opened, descriptor);
    let from = size;
    const counted: ByteSource['readInto'] = async (offset, target, options) => {
      const read = await this.#on('source', () => readInto(offset, target, options));
      from = Math.min(from, offset);
      this.#report(descriptor, 'advanced', offset + read, from);
      return read;
    };
    await this.#on('target', () => this.#to.push(descriptor, { size, readInto: counted }, { signal }));
    return from;
  }

  /** Whether the target's registry took the blob over from the source, another repository of it. */
  async #mounted(descriptor: Descriptor, signal: AbortSignal | undefined): Promise<boolean> {
    const { place } = this.#from;
    if (!place) return false;
    return this.#on('target', async () => (await this.#to.mount?.(descriptor, place, { signal })) ?? false);
  }

  async *#read(descriptor: Descriptor, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    try {
      for await (const chunk of this.#from.stream(descriptor, { signal })) {
        bytes += chunk.length;
        this.#report(descriptor, 'advanced', bytes);
        yield chunk;
      }
    } catch (error) {
      throw this.#blame('source', error);
    }
  }

  async #on<T>(side: 'source' | 'target', work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#blame(side, error);
    }
  }

  #blame(side: 'source' | 'target', error: unknown): unknown {
    const { signal } = this.#options;
    if (error instanceof CopyError) return error;
    return signal?.aborted && error === signal.reason ? error : new CopyError(side, error);
  }

  #report(descriptor: Descriptor, state: CopyProgress['state'], bytes: number, resumed?: number): void {
    this.#options.onProgress?.({ descriptor, state, bytes, expected: this.#expected, resumed });
  }
}
