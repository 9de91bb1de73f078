/** A bucket: objects are looked at, put whole, or put in parts. Nothing that is there is ever replaced. */
import { isCode } from '@stillframe/core';
import { checksumOf, type S3Place, send } from './request.ts';

/** Until when the store refuses to remove or to change an object, and for whom. */
export interface ObjectLock {
  /** `GOVERNANCE`: who has the right may still; `COMPLIANCE`: nobody. */
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly until: Date;
}

/** What goes with an object. */
export interface ObjectFacts {
  readonly contentType: string;
  /** Names and texts in ASCII. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly lock: ObjectLock | undefined;
}

/** An object that is there. */
export interface FoundObject {
  /** Bytes. */
  readonly size: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** As the store says it to those who may see it. */
  readonly lock: ObjectLock | undefined;
}

const META = 'x-amz-meta-';

export class Bucket {
  readonly place: S3Place;

  constructor(place: S3Place) {
    this.place = place;
  }

  /** Undefined where there is none. Throws ERR_S3_…; a store that may not be listed says 403 of what is missing. */
  async head(key: string, signal: AbortSignal): Promise<FoundObject | undefined> {
    const { status, headers } = await send(this.place, { method: 'HEAD', key, accept: [200, 404], signal });
    if (status === 404) return undefined;
    const named = [...headers].filter(([name]) => name.startsWith(META));
    return {
      size: Number(headers.get('content-length') ?? Number.NaN),
      metadata: Object.fromEntries(named.map(([name, value]) => [name.slice(META.length), value])),
      lock: lockOf(headers),
    };
  }

  /** Puts a small object. False where one of that name is there already, on stores that heed the question. */
  async put(key: string, body: Uint8Array, facts: ObjectFacts, signal: AbortSignal): Promise<boolean> {
    const headers = { ...headersOf(facts), 'x-amz-checksum-sha256': checksumOf(body), 'if-none-match': '*' };
    const answer = await send(this.place, { method: 'PUT', key, headers, body, accept: [200, 412], signal });
    return answer.status === 200;
  }

  /** Lets go of an upload in parts; of one that is not known, too. */
  async abort(key: string, uploadId: string, signal: AbortSignal): Promise<void> {
    try {
      await send(this.place, { method: 'DELETE', key, query: { uploadId }, accept: [200, 204, 404], signal });
    } catch (error) {
      // Whoever may not abort leaves that to the bucket's lifecycle.
      if (!isCode(error, 'ERR_S3_DENIED')) throw error;
    }
  }
}

/** The headers by which facts are sent (PutObject, CreateMultipartUpload). */
export function headersOf({ contentType, metadata, lock }: ObjectFacts): Record<string, string> {
  const named = Object.entries(metadata).map(([name, value]) => [META + name, value]);
  return {
    'content-type': contentType,
    ...Object.fromEntries(named),
    ...(lock
      ? {
          'x-amz-object-lock-mode': lock.mode,
          // To the second: some stores read no parts of one.
          'x-amz-object-lock-retain-until-date': lock.until.toISOString().replace(/\.\d+/, ''),
        }
      : {}),
  };
}

function lockOf(headers: Headers): ObjectLock | undefined {
  const mode = headers.get('x-amz-object-lock-mode');
  const until = new Date(headers.get('x-amz-object-lock-retain-until-date') ?? Number.NaN);
  if ((mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') || Number.isNaN(until.getTime())) return undefined;
  return { mode, until };
}
