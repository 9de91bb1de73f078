/**
 * An object of any size, sent in parts of which one is in memory at a time. Each has its checksum; what the store has already of an
 * upload that was cut is compared with what would be sent, and not sent again.
 */
import { createHash } from 'node:crypto';
import { isCode } from '@stillframe/core';
import { type Bucket, headersOf, type ObjectFacts } from './bucket.ts';
import { s3Error } from './errors.ts';
import { checksumOf, refusal, send } from './request.ts';
import { elements, elementText, escaped } from './xml.ts';

/** Parts that an object may have (Amazon S3: multipart upload limits). */
const MOST_PARTS = 10_000;
const MiB = 1 << 20;
/** Milliseconds that a store may take to put the parts of a large object together. */
const COMPLETION = 300_000;

export interface MultipartOptions {
  readonly facts: ObjectFacts;
  /** Bytes. */
  readonly partSize: number;
  /** An upload that was begun with parts of that size, of the same bytes. */
  readonly resume?: string | undefined;
  /** Keeps the id of an upload that was begun. */
  readonly begun: (id: string) => Promise<void>;
  readonly onProgress: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Bytes of a part for an object of that size: 16 MiB, more where there would be too many. */
export function partSizeOf(size: number): number {
  return Math.max(16 * MiB, Math.ceil(size / MOST_PARTS / MiB) * MiB);
}

/**
 * Sends it; what fits into one part goes in one request. False where an object of that name came to be meanwhile. What `content` throws
 * leaves no object. Throws ERR_S3_….
 */
export async function upload(
  bucket: Bucket,
  key: string,
  content: AsyncIterable<Uint8Array>,
  options: MultipartOptions,
): Promise<boolean> {
  const { facts, partSize, signal, onProgress } = options;
  const parts = partsOf(content, partSize)[Symbol.asyncIterator]();
  try {
    let step = await parts.next();
    if (step.done || step.value.last)
      return await bucket.put(key, step.done ? new Uint8Array() : step.value.bytes, facts, signal);
    const there = options.resume === undefined ? undefined : await partsThere(bucket, key, options.resume, signal);
    const id = there && options.resume !== undefined ? options.resume : await begin(bucket, key, options);
    const sent: SentPart[] = [];
    let done = 0;
    for (; !step.done; step = await parts.next()) {
      const { bytes } = step.value;
      const number = sent.length + 1;
      if (number > MOST_PARTS) throw s3Error('ERR_S3_PROTOCOL', `${key}: more than ${MOST_PARTS} parts`);
      const checksum = checksumOf(bytes);
      const before = there?.get(number);
      const same = before?.checksum === checksum && before.size === bytes.length;
      const etag = same ? before.etag : await sendPart(bucket, key, { id, number, bytes, checksum, signal });
      sent.push({ number, etag, checksum });
      done += bytes.length;
      onProgress(done);
    }
    return await complete(bucket, key, { id, sent, signal });
  } finally {
    await parts.return?.(undefined);
  }
}

interface SentPart {
  readonly number: number;
  readonly etag: string;
  /** Base64. */
  readonly checksum: string;
}

async function begin({ place }: Bucket, key: string, { facts, begun, signal }: MultipartOptions): Promise<string> {
  const headers = { ...headersOf(facts), 'x-amz-checksum-algorithm': 'SHA256' };
  const query = { uploads: '' };
  const { text } = await send(place, { method: 'POST', key, query, headers, accept: [200], signal });
  const id = elementText(text, 'UploadId');
  if (!id || id.length > 2000) throw s3Error('ERR_S3_PROTOCOL', `${key}: the store begins an upload without an id`);
  await begun(id);
  return id;
}

async function sendPart(
  { place }: Bucket,
  key: string,
  part: { id: string; number: number; bytes: Uint8Array; checksum: string; signal: AbortSignal },
): Promise<string> {
  const { id: uploadId, number, bytes: body, checksum, signal } = part;
  const query = { partNumber: String(number), uploadId };
  const headers = { 'x-amz-checksum-sha256': checksum };
  const answer = await send(place, { method: 'PUT', key, query, headers, body, accept: [200], signal });
  const etag = answer.headers.get('etag');
  if (etag === null) throw s3Error('ERR_S3_PROTOCOL', `${key}: the store takes a part and names none`);
  return etag;
}

async function complete(
  bucket: Bucket,
  key: string,
  { id: uploadId, sent, signal }: { id: string; sent: readonly SentPart[]; signal: AbortSignal },
): Promise<boolean> {
  const { place } = bucket;
  const listed = sent.map(
    ({ number, etag, checksum }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escaped(etag)}</ETag><ChecksumSHA256>${checksum}</ChecksumSHA256></Part>`,
  );
  const namespace = 'http://s3.amazonaws.com/doc/2006-03-01/';
  const text = `<CompleteMultipartUpload xmlns="${namespace}">${listed.join('')}</CompleteMultipartUpload>`;
  const body = new TextEncoder().encode(text);
  const headers = { 'content-type': 'application/xml', 'if-none-match': '*' };
  const query = { uploadId };
  const shared = { method: 'POST', key, query, headers, body, patience: COMPLETION } as const;
  const answer = await send(place, { ...shared, accept: [200, 412], signal });
  if (answer.status === 412) {
    // Another one was quicker.
    await bucket.abort(key, uploadId, signal);
    return false;
  }
  // The status goes out before the store has put the parts together; what came of that stands below it.
  if (/<Error[\s>]/.test(answer.text)) throw refusal(`POST ${key}`, 500, answer.text);
  const found = elementText(answer.text, 'ChecksumSHA256');
  if (found !== undefined && !isOf(found, sent))
    throw s3Error('ERR_S3_CHECKSUM', `${key}: the store has put another object together than was sent`);
  return true;
}

/** The checksum of an object in parts: that of theirs, one after the other, and how many there are. */
function isOf(found: string, sent: readonly SentPart[]): boolean {
  const hash = createHash('sha256');
  for (const { checksum } of sent) hash.update(Buffer.from(checksum, 'base64'));
  return found.replace(/-\d+$/, '') === hash.digest('base64');
}

interface PartThere {
  readonly etag: string;
  readonly size: number;
  readonly checksum: string | undefined;
}

/** The parts that the store has; undefined where it does not know the upload. */
async function partsThere(
  { place }: Bucket,
  key: string,
  uploadId: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<number, PartThere> | undefined> {
  const found = new Map<number, PartThere>();
  for (let marker = 0; marker < MOST_PARTS; ) {
    const query = { uploadId, 'max-parts': '1000', 'part-number-marker': String(marker) };
    let text: string;
    try {
      text = (await send(place, { method: 'GET', key, query, accept: [200], signal })).text;
    } catch (error) {
      if (isCode(error, 'ERR_S3_NOT_FOUND')) return undefined;
      throw error;
    }
    for (const part of elements(text, 'Part')) {
      const [etag = '', checksum] = ['ETag', 'ChecksumSHA256'].map((name) => elementText(part, name));
      const [number, size] = ['PartNumber', 'Size'].map((name) => Number(elementText(part, name)));
      if (Number.isSafeInteger(number)) found.set(number as number, { etag, size: size as number, checksum });
    }
    const next = Number(elementText(text, 'NextPartNumberMarker'));
    if (elementText(text, 'IsTruncated') !== 'true' || !(next > marker)) return found;
    marker = next;
  }
  return found;
}

/** Parts of one size, but for the last, which is told apart before it is sent. */
async function* partsOf(
  content: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<{ bytes: Uint8Array; last: boolean }, void, undefined> {
  let room = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const piece of content) {
    for (let at = 0; at < piece.length; ) {
      if (filled === size) {
        yield { bytes: room, last: false };
        room = Buffer.allocUnsafe(size);
        filled = 0;
      }
      const taken = piece.subarray(at, at + size - filled);
      room.set(taken, filled);
      filled += taken.length;
      at += taken.length;
    }
  }
  yield { bytes: room.subarray(0, filled), last: true };
}
