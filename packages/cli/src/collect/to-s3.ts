/** A bucket as a destination: the archive, or what age made of it, under a key that follows from its digest, its evidence beside it. */
import { type AgeRecipient, sealAge } from '@stillframe/age';
import { demandRecorded } from '@stillframe/checkpoint';
import { type Digest, hexOf, Sha256, streamOf } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import { evidencePath } from '@stillframe/evidence';
import { Bucket, type FoundObject, type ObjectLock, partSizeOf, type S3Place, s3Error, upload } from '@stillframe/s3';
import { SEALED } from '../sealed.ts';
import type { Destination, PlacingOptions, ReadyArchive } from './destination.ts';
import type { BegunUpload } from './record.ts';

/** Characters of the digest in a key. */
const HASHED = 16;
/** Metadata of an object: the digest of the archive in it, in the open. */
const DIGEST = 'stillframe-archive-digest';
const SIZE = 'stillframe-archive-size';

export interface S3DestinationOptions {
  readonly place: S3Place;
  /** Before each key; empty for none. */
  readonly prefix: string;
  readonly node: string | undefined;
  /** Nobody: archives go as they are. */
  readonly recipients: readonly AgeRecipient[];
  /** Milliseconds from now on that objects are locked for. */
  readonly lock: { readonly mode: ObjectLock['mode']; readonly retain: number } | undefined;
}

export function s3Destination(options: S3DestinationOptions): Destination {
  const { place, prefix, recipients, node } = options;
  const bucket = new Bucket(place);
  const text = [place.endpoint.href.replace(/\/$/, ''), place.bucket, ...(prefix === '' ? [] : [prefix])].join('/');
  const keysOf = ({ name, digest }: { name: string; digest: Digest }) => {
    const plain = [prefix, node ?? '', hexOf(digest).slice(0, HASHED), name].filter((part) => part !== '').join('/');
    const sealed = (key: string) => (recipients.length > 0 ? key + SEALED : key);
    return { archive: sealed(plain), evidence: evidencePath(plain), findings: sealed(`${plain}.findings.json`) };
  };
  const until = () => options.lock && { mode: options.lock.mode, until: new Date(Date.now() + options.lock.retain) };
  const demand = async (key: string, digest: Digest, signal: AbortSignal): Promise<boolean> => {
    const found = await bucket.head(key, signal);
    if (!found) return false;
    demandFits(key, found, { digest, locked: options.lock !== undefined });
    return true;
  };
  return {
    text,
    async placeFindings(ready, { bytes }, signal) {
      const key = keysOf(ready).findings;
      if (await demand(key, ready.digest, signal)) return;
      // They tell of memory, so they are for whom that is for.
      const sealed =
        recipients.length > 0 ? Buffer.concat(await Array.fromAsync(sealAge(once(bytes), recipients))) : bytes;
      await bucket.put(key, sealed, factsOf(ready, 'application/json', until()), signal);
    },
    async place(ready, placing) {
      const { signal } = placing;
      const keys = keysOf(ready);
      if (!(await demand(keys.archive, ready.digest, signal))) {
        await sendArchive(bucket, keys.archive, ready, { ...placing, text, recipients, lock: until() });
        await placing.keepUpload(undefined);
      }
      if (!(await demand(keys.evidence, ready.digest, signal)))
        await bucket.put(keys.evidence, ready.evidence.bytes, factsOf(ready, 'application/json', until()), signal);
      for (const key of [keys.archive, keys.evidence])
        if (!(await demand(key, ready.digest, signal)))
          throw s3Error('ERR_S3_PROTOCOL', `${key}: the store took it and does not have it`);
      return { destination: text, reference: `s3://${place.bucket}/${keys.archive}`, at: new Date().toISOString() };
    },
    async holds(archive, signal) {
      const keys = keysOf(archive);
      for (const key of [keys.archive, keys.evidence]) if (!(await demand(key, archive.digest, signal))) return false;
      return true;
    },
    async abandon({ key, id }, signal) {
      await bucket.abort(key, id, signal);
    },
  };
}

/** Throws ERR_S3_TAKEN for another object, ERR_S3_NOT_LOCKED for one that can be removed although it was not to be. */
function demandFits(key: string, found: FoundObject, wanted: { digest: Digest; locked: boolean }): void {
  if (found.metadata[DIGEST] !== wanted.digest) throw s3Error('ERR_S3_TAKEN', `${key} is another object`);
  if (wanted.locked && !found.lock) throw s3Error('ERR_S3_NOT_LOCKED', `${key} is there, and is not locked`);
}

const factsOf = ({ digest, size }: ReadyArchive, contentType: string, lock: ObjectLock | undefined) => ({
  contentType,
  metadata: { [DIGEST]: digest, [SIZE]: String(size) },
  lock,
});

interface Sending extends PlacingOptions {
  readonly text: string;
  readonly recipients: readonly AgeRecipient[];
  readonly lock: ObjectLock | undefined;
}

/**
 * What is sealed has another key each time, so that an upload of it that was cut is let go; one of the archive's own bytes is gone on with.
 */
async function sendArchive(bucket: Bucket, key: string, ready: ReadyArchive, options: Sending): Promise<void> {
  const { recipients, signal, lock, text, onProgress, keepUpload } = options;
  const { path, size, name, digest } = ready;
  await using source = await openFileSource(path);
  const plain = hashed(streamOf(source, { signal, chunkSize: 1 << 20 }), digest, name);
  const sealed = recipients.length > 0;
  // age adds a header and 16 bytes to each 64 KiB.
  const partSize = partSizeOf(sealed ? size + (size >> 10) + (1 << 20) : size);
  const before = sameUpload(ready.upload, { text, key, partSize });
  if (ready.upload && (sealed || !before)) {
    await bucket.abort(ready.upload.key, ready.upload.id, signal);
    await keepUpload(undefined);
  }
  const contentType = sealed ? 'application/octet-stream' : 'application/x-tar';
  await upload(bucket, key, sealed ? sealAge(plain, recipients) : plain, {
    facts: factsOf(ready, contentType, lock),
    ...{ partSize, resume: sealed ? undefined : before?.id, onProgress, signal },
    begun: (id) => keepUpload({ destination: text, key, id, partSize }),
  });
}

function sameUpload(
  upload: BegunUpload | undefined,
  { text, key, partSize }: { text: string; key: string; partSize: number },
): BegunUpload | undefined {
  return upload?.destination === text && upload.key === key && upload.partSize === partSize ? upload : undefined;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Ends with ERR_CHECKPOINT_DIGEST_MISMATCH, before the last bytes are taken for good, where these are not those that were read before. */
async function* hashed(
  content: AsyncIterable<Uint8Array>,
  digest: Digest,
  name: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = new Sha256();
  for await (const chunk of content) {
    hash.update(chunk);
    yield chunk;
  }
  demandRecorded(hash.digest(), digest, name);
}
