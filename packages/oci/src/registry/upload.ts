/** Pushing one blob (distribution-spec: pushing blobs): a session by POST, then one PUT, or PATCHes that can be resumed. */
import { type ByteSource, sliceSource, streamOf } from '@stillframe/core';
import type { BlobContent, ContentOptions } from '../content.ts';
import type { Descriptor } from '../descriptor.ts';
import { ociError } from '../errors.ts';
import { chunksOf, isReplayable, isSource, verified } from '../verify.ts';
import type { Purpose } from './authorizer.ts';
import type { HttpAnswer, HttpBody } from './http.ts';
import { isPassing, pause, retrying } from './retry.ts';
import type { Session } from './session.ts';

/** A blob on its way. */
export interface Upload extends ContentOptions {
  readonly repository: string;
  readonly descriptor: Descriptor;
  readonly purpose: Purpose;
  readonly what: string;
  /** Bytes from which on a ByteSource is sent in resumable parts of this size. */
  readonly partSize: number;
}

/** Opens a session and sends `content`. Throws what BlobWriter.push throws, and registry errors. */
export async function upload(session: Session, content: BlobContent, job: Upload): Promise<void> {
  if (isSource(content) && content.size === job.descriptor.size && content.size > job.partSize) {
    return uploadInParts(session, content, job);
  }
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

/**
 * Sends parts by PATCH. After a fault the registry is asked how far it came, and the rest is sent from there. The bytes
 * are checked by the registry alone, at the closing PUT, since a resumed upload does not pass by here in one go.
 */
async function uploadInParts(session: Session, source: ByteSource, job: Upload): Promise<void> {
  let place: Place = { url: await begin(session, job), offset: 0 };
  let furthest = 0;
  for (let failures = 0; place.offset < source.size; ) {
    try {
      place = await sendPart(session, source, place, job);
      // Only new ground counts as success, or an upload that always breaks at one place would never end.
      if (place.offset > furthest) failures = 0;
      furthest = Math.max(furthest, place.offset);
    } catch (error) {
      failures += 1;
      if (failures >= session.retry.attempts || !isPassing(error)) throw error;
      await pause(session.retry, failures + 1, error, job.signal);
      place = await whereItStands(session, place, job);
    }
  }
  await finish(session, place.url, job, () => ({ size: 0, content: nothing() }));
}

interface Place {
  readonly url: URL;
  readonly offset: number;
}

async function sendPart(session: Session, source: ByteSource, { url, offset }: Place, job: Upload): Promise<Place> {
  const size = Math.min(job.partSize, source.size - offset);
  const part = sliceSource(source, offset, size);
  const answer = await session.send({
    ...shared(job),
    method: 'PATCH',
    url,
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${offset}-${offset + size - 1}` },
    body: () => ({ size, content: streamOf(part, job) }),
    accept: [202, 204],
    repeatable: false,
  });
  answer.discard();
  return { url: session.location(answer), offset: offset + size };
}

/**
 * Asks how many bytes the registry has. Some give up a session in which a part broke (distribution 2.8 does); the upload
 * then begins anew.
 */
async function whereItStands(session: Session, { url }: Place, job: Upload): Promise<Place> {
  const answer = await session.send({ ...shared(job), method: 'GET', url, accept: [204, 400, 404, 416] });
  if (answer.status !== 204) {
    answer.discard();
    return { url: await begin(session, job), offset: 0 };
  }
  answer.discard();
  const range = /^(?:bytes=)?0-(\d+)$/.exec(answer.headers.range ?? '');
  const last = Number(range?.[1] ?? Number.NaN);
  if (answer.headers.range !== undefined && !Number.isSafeInteger(last)) {
    throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${job.what}: the registry does not say how much it has`);
  }
  // Both one byte and none are written 0-0 by common registries. None is the usual case; if it was one, the closing
  // PUT finds the wrong digest.
  const offset = Number.isSafeInteger(last) && last > 0 ? last + 1 : 0;
  if (offset > job.descriptor.size) {
    throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${job.what}: the registry claims more bytes than were sent`);
  }
  return { url: answer.headers.location === undefined ? url : session.location(answer), offset };
}

async function begin(session: Session, job: Upload): Promise<URL> {
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

async function finish(session: Session, url: URL, job: Upload, body: () => HttpBody): Promise<void> {
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

function shared(job: Upload) {
  return { purpose: job.purpose, what: job.what, signal: job.signal };
}

async function* nothing(): AsyncGenerator<Uint8Array, void, undefined> {
  // No body.
}
