/**
 * Pushing one blob in parts that the registry acknowledges (distribution-spec: pushing a blob in chunks). After a fault it is
 * asked how far it came, in this process or, with a ledger, in a later one.
 */
import { type ByteSource, StillframeError, sliceSource, streamOf } from '@stillframe/core';
import { ociError } from '../errors.ts';
import { checkHop } from './origin.ts';
import { isPassing, pause } from './retry.ts';
import type { Session } from './session.ts';
import { begin, finish, nothing, shared, type Upload } from './upload.ts';
import type { UploadNote, UploadPlace } from './upload-ledger.ts';

/** Milliseconds that the part under way is given after an abort: most registries drop a session in which one broke. */
const GRACE = 3000;
/** Statuses of a registry that takes blobs only whole. */
const WHOLE_ONLY = new Set([400, 404, 405, 411, 416, 501]);

interface Place {
  readonly url: URL;
  readonly offset: number;
}

/**
 * Sends `source`, from where an earlier process was cut off if the registry still knows that session. What is wrong with such
 * a session shows at the latest at the closing PUT; the upload then begins anew, once. False where the registry takes
 * no parts, and the blob has to be sent whole. The bytes are checked by the registry alone, at the closing PUT.
 */
export async function uploadInParts(session: Session, source: ByteSource, job: Upload): Promise<boolean> {
  const { registry, repository, descriptor } = job;
  await using note = await job.ledger?.open({ registry, repository, ...descriptor });
  const left = note?.left && (await takenUp(session, note.left, job));
  if (left) {
    try {
      await sendFrom(session, source, { place: left, note, job });
      await note?.forget();
      return true;
    } catch (error) {
      // A fault that passes, an abort and wrong content are no fault of the session.
      if (!isRefusal(error) || isPassing(error)) throw error;
    }
  }
  const place = { url: await begin(session, job), offset: 0 };
  try {
    await sendFrom(session, source, { place, note, job });
  } catch (error) {
    if (!(error instanceof PartsRefused)) throw error;
    await note?.forget();
    return false;
  }
  await note?.forget();
  return true;
}

/** The registry's no to the first part. */
class PartsRefused extends Error {}

interface Sending {
  place: Place;
  note: UploadNote | undefined;
  job: Upload;
}

async function sendFrom(session: Session, source: ByteSource, { place: from, note, job }: Sending): Promise<void> {
  let place = from;
  let furthest = from.offset;
  await keep(note, place);
  for (let failures = 0; place.offset < source.size; ) {
    job.signal?.throwIfAborted();
    try {
      place = await sendPart(session, source, { place, note, job });
      await keep(note, place);
      // Only new ground counts as success, or an upload that always breaks at one place would never end.
      if (place.offset > furthest) failures = 0;
      furthest = Math.max(furthest, place.offset);
    } catch (error) {
      if (furthest === 0 && WHOLE_ONLY.has(statusOf(error))) throw new PartsRefused();
      failures += 1;
      if (failures >= session.retry.attempts || !isPassing(error)) throw error;
      await pause(session.retry, failures + 1, error, job.signal);
      place = (await whereItStands(session, place, job)) ?? { url: await begin(session, job), offset: 0 };
    }
  }
  job.signal?.throwIfAborted();
  await finish(session, place.url, job, () => ({ size: 0, content: nothing() }));
}

async function sendPart(session: Session, source: ByteSource, { place, note, job }: Sending): Promise<Place> {
  const { url, offset } = place;
  const size = Math.min(job.partSize, source.size - offset);
  const part = sliceSource(source, offset, size);
  using late = lateSignal(job.signal, note === undefined ? 0 : GRACE);
  const { signal } = late;
  const answer = await session.send({
    ...shared(job),
    signal,
    method: 'PATCH',
    url,
    headers: { 'content-type': 'application/octet-stream', 'content-range': `${offset}-${offset + size - 1}` },
    body: () => ({ size, content: streamOf(part, { signal }) }),
    accept: [202, 204],
    repeatable: false,
  });
  answer.discard();
  return { url: session.location(answer), offset: offset + size };
}

/** A signal that aborts `grace` milliseconds after `signal`, with its reason. */
function lateSignal(signal: AbortSignal | undefined, grace: number): { signal: AbortSignal | undefined } & Disposable {
  if (!signal || grace === 0) return { signal, [Symbol.dispose]: () => undefined };
  const late = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const abort = () => {
    timer = setTimeout(() => late.abort(signal.reason), grace);
  };
  signal.addEventListener('abort', abort, { once: true });
  const dispose = () => {
    signal.removeEventListener('abort', abort);
    clearTimeout(timer);
  };
  return { signal: late.signal, [Symbol.dispose]: dispose };
}

/** Whatever a registry says of a session that it does not know, or knows otherwise, is no reason not to begin anew. */
async function takenUp(session: Session, left: UploadPlace, job: Upload): Promise<Place | undefined> {
  const url = URL.parse(left.url);
  if (!url) return undefined;
  try {
    checkHop(await session.origin(job), url);
    const place = await whereItStands(session, { url, offset: left.offset }, job);
    // More than was on its way when it was cut is not of us.
    return place && place.offset > 0 && place.offset <= left.offset + job.partSize ? place : undefined;
  } catch (error) {
    job.signal?.throwIfAborted();
    if (StillframeError.is(error)) return undefined;
    throw error;
  }
}

/**
 * Asks how many bytes the registry has. Some give up a session in which a part broke (distribution 2.8 does): undefined then.
 */
async function whereItStands(session: Session, { url }: Place, job: Upload): Promise<Place | undefined> {
  const answer = await session.send({ ...shared(job), method: 'GET', url, accept: [204, 400, 404, 416] });
  answer.discard();
  if (answer.status !== 204) return undefined;
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

async function keep(note: UploadNote | undefined, { url, offset }: Place): Promise<void> {
  await note?.keep({ url: url.href, offset });
}

function isRefusal(error: unknown): boolean {
  return Number.isFinite(statusOf(error));
}

/** The registry's status behind an error; NaN where it is not about an answer. */
function statusOf(error: unknown): number {
  return StillframeError.is(error) ? Number(error.details['status'] ?? Number.NaN) : Number.NaN;
}
