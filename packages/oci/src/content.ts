/** Ports: the roles of a store of OCI content. A store is one repository of a registry, or one image layout. */
import type { ByteSource, Digest } from '@stillframe/core';
import type { Descriptor } from './descriptor.ts';

/** Options of every call that may wait; an aborted call rejects with the signal's reason. */
export interface ContentOptions {
  signal?: AbortSignal | undefined;
}

/** Random access to a blob. Its size is checked against the descriptor, what is read is not: see BlobReader.open. */
export interface BlobSource extends ByteSource, AsyncDisposable {}

/**
 * Bytes to be stored. A ByteSource can be sent again from any offset after a broken connection. An iterable is started
 * again for a retry unless it is its own iterator, as generators are: those are sent once.
 */
export type BlobContent = AsyncIterable<Uint8Array> | ByteSource;

/** Reading blobs. */
export interface BlobReader {
  /** Whether reading on from the middle of an opened blob costs no more than streaming it. */
  readonly seekable?: boolean;
  /**
   * The bytes of a blob, in order and verified: the last chunk is handed on only when length and digest are right.
   * Nothing is fetched before iteration, and each iteration starts anew.
   * Iteration throws ERR_OCI_BLOB_UNKNOWN, ERR_OCI_CONTENT_SHORT, ERR_OCI_CONTENT_LONG, ERR_OCI_CONTENT_WRONG.
   */
  stream(descriptor: Descriptor, options?: ContentOptions): AsyncIterable<Uint8Array>;
  /**
   * Opens a blob for ranged reads. A range cannot be verified against a digest of the whole; whoever needs proof
   * streams. Throws ERR_OCI_BLOB_UNKNOWN, and ERR_OCI_CONTENT_SHORT or _LONG where its size is not the descriptor's.
   */
  open(descriptor: Descriptor, options?: ContentOptions): Promise<BlobSource>;
}

/** Writing blobs. */
export interface BlobWriter {
  /** Whether a ByteSource is better than a stream: after a cut a later process goes on in its middle. */
  readonly resumes?: boolean;
  /** Whether a blob of this digest and size is there. */
  has(descriptor: Descriptor, options?: ContentOptions): Promise<boolean>;
  /**
   * Stores a blob. Idempotent: where it is there already, `content` is not read. Atomic: the blob is there whole and
   * verified, or not at all, whatever fails. Concurrent pushes of one blob are safe.
   * Throws ERR_OCI_CONTENT_SHORT, ERR_OCI_CONTENT_LONG, ERR_OCI_CONTENT_WRONG where content and descriptor disagree.
   */
  push(descriptor: Descriptor, content: BlobContent, options?: ContentOptions): Promise<void>;
}

/** A writer that can take a blob over from a repository beside it, without its bytes being sent. */
export interface BlobMounter {
  /** Whether the blob is there now; false where it has to be pushed. Throws the errors of the store. */
  mount(descriptor: Descriptor, from: Place, options?: ContentOptions): Promise<boolean>;
}

/** Where a store is, of those that are a repository of a registry. */
export interface Place {
  /** Host and port as in references. */
  readonly registry: string;
  readonly name: string;
}

/** Reading manifests and indexes. */
export interface ManifestReader {
  /** The descriptor that a tag or a digest stands for at this moment. Throws ERR_OCI_MANIFEST_UNKNOWN. */
  resolve(reference: string, options?: ContentOptions): Promise<Descriptor>;
  /**
   * The verified bytes, of at most `limits.manifest`.
   * Throws ERR_OCI_MANIFEST_UNKNOWN, ERR_OCI_DOCUMENT_TOO_LARGE, ERR_OCI_CONTENT_SHORT, _LONG, _WRONG.
   */
  manifest(descriptor: Descriptor, options?: ContentOptions): Promise<Uint8Array>;
}

/** Options of putManifest. */
export interface PutManifestOptions extends ContentOptions {
  /** Moves this tag to the manifest. */
  tag?: string | undefined;
  /**
   * Moves it only where it stands for this, or for nothing (null), at that moment; throws ERR_OCI_TAG_MOVED. A registry has no lock
   * for that: it is asked just before.
   */
  replacing?: Digest | null | undefined;
  /** The manifest is reached through an index, so a layout does not list it by itself. False by default. */
  child?: boolean | undefined;
}

/** Writing manifests and indexes. */
export interface ManifestWriter {
  /**
   * Stores a manifest or index byte for byte and returns its descriptor. What it refers to should be stored before.
   * Idempotent. Atomic: a tag stands for the manifest before or the manifest after, never for nothing.
   */
  putManifest(bytes: Uint8Array, mediaType: string, options?: PutManifestOptions): Promise<Descriptor>;
}

/** What a removal gave back; undefined where the store collects by itself, later. */
export interface Removed {
  readonly blobs: number;
  /** Bytes. */
  readonly bytes: number;
  /**
   * Digests, as they stand there, of what the store lists and cannot read. What they need cannot be told, so where there
   * are some no content was removed.
   */
  readonly unreadable?: readonly string[];
}

/** Removing images. */
export interface ImageRemover {
  /**
   * Removes the image of a tag or digest, and what no other one needs. Throws ERR_OCI_MANIFEST_UNKNOWN, and
   * ERR_OCI_REMOVE_UNSUPPORTED where the store does not do that.
   */
  remove(reference: string, options?: ContentOptions): Promise<Removed | undefined>;
}

/** Options of referrers. */
export interface ReferrersOptions extends ContentOptions {
  /** Only those of this type. */
  artifactType?: string | undefined;
}

/** Finding what is said about a manifest (distribution-spec: listing referrers). */
export interface ReferrersReader {
  /** The manifests whose subject has that digest, with their artifactType and annotations; none where nobody knows of any. */
  referrers(digest: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>;
}

/** What can be copied from. */
export interface ContentReader extends BlobReader, ManifestReader, Partial<ReferrersReader> {
  /** Of a repository of a registry. */
  readonly place?: Place;
}

/** What can be copied to. */
export interface ContentWriter extends BlobWriter, ManifestWriter, Partial<BlobMounter> {}

/** A whole store. */
export interface ContentStore extends ContentReader, ContentWriter, ImageRemover {
  /** As ReferrersReader has it. */
  referrers(digest: Digest, options?: ReferrersOptions): Promise<readonly Descriptor[]>;
}
