/** Pushing one blob (distribution-spec: pushing blobs): a session by POST, then one PUT, or PATCHes that can be resumed. */
import type { BlobContent, ContentOptions } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { chunksOf, isReplayable, isSource, verified } from '../verify.ts';
import type { Purpose } from './authorizer.ts';
import type { HttpAnswer, HttpBody } from './http.ts';
import { retrying } from './retry.ts';
import type { Session } from './session.ts';
import type { UploadLedger } from './upload-ledger.ts';
import { uploadInParts } from './upload-parts.ts';

/** A blob on its way. */
export interface Upload extends ContentOptions {
  /** Host and port as in references. */
  readonly registry: string;
  readonly repository: string;
  readonly descriptor: Descriptor;
  readonly purpose: Purpose;
  readonly what: string;
  /** Bytes from which on a ByteSource is sent in resumable parts of this size. */
  readonly partSize: number;
  /** Remembers those parts for a later process. */
  readonly ledger?: UploadLedger | undefined;
}

/** Opens a session and sends `content`. Throws what BlobWriter.push throws, and registry errors. */
export async function upload(session: Session, content: BlobContent, job: Upload): Promise<void> {
  const parted = isSource(content) && content.size === job.descriptor.size && content.size > job.partSize;
  if (parted && (await uploadInParts(session, content, job))) return;
  const whole = () => uploadWhole(session, content, job);
  await (isReplayable(content) ? retrying(session.retry, whole, job.signal) : whole());
}

async function uploadWhole(session: Session, content: BlobContent, job: Upload): Promise<void> {
  const url = await begin(session, job);
  const { descriptor } = job;
  const body = (): HttpBody => ({ size: descriptor.size, content: verified(chunksOf(content, job), descriptor) });
  // A session that broke is in an unknown state; trying again is up to the caller, with a new one.
  await finish(session, url, job, body);
}

/** Opens a session; its place. */
export async function begin(session: Session, job: Upload): Promise<URL> {
  const answer = await session.send({
    ...shared(job),
    method: 'POST',
    url: `/v2/${job.repository}/blobs/uploads/`,
    body: () => ({ size: 0, content: nothing() }),
    accept: [202],
  });
  answer.discard();
  return session.location(answer);
}

/** Closes a session with the last of its bytes. */
export async function finish(session: Session, url: URL, job: Upload, body: () => HttpBody): Promise<void> {
  const target = new URL(url);
  target.searchParams.set('digest', job.descriptor.digest);
  const headers = { 'content-type': 'application/octet-stream' };
  const accept = [201, 202, 204];
  const answer: HttpAnswer = await session.send({
    ...shared(job),
    method: 'PUT',
    url: target,
    headers,
    body,
    accept,
    repeatable: false,
  });
  answer.discard();
}

/** What all requests of an upload have. */
export function shared(job: Upload) {
  return { purpose: job.purpose, what: job.what, signal: job.signal };
}

/** No body. */
export async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // Nothing is yielded.
}
