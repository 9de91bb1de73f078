/**
 * A small store that speaks S3, strict where real ones differ: every request must be signed, every body have its hash and checksum,
 * parts come in order; objects are never replaced where that was asked, and locks are kept.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type S3Place, send } from './request.ts';

const KEY = { accessKeyId: 'AKTEST', secretAccessKey: 'secret' };

export interface StoredObject {
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** How often the name was written to. */
  readonly versions: number;
}

interface Begun {
  readonly key: string;
  readonly headers: Record<string, string>;
  readonly parts: Map<number, Buffer>;
}

export interface TestStore extends AsyncDisposable {
  readonly place: S3Place;
  readonly objects: Map<string, StoredObject>;
  readonly uploads: Map<string, Begun>;
  /** `PUT key?partNumber=1` and so on, as they were answered. */
  readonly requests: string[];
  /** Answers instead of the store where it gives a status. */
  meddle: (request: string) => number | undefined;
}

export async function startStore(): Promise<TestStore> {
  const store = {
    objects: new Map<string, StoredObject>(),
    uploads: new Map<string, Begun>(),
    requests: [] as string[],
    meddle: (() => undefined) as TestStore['meddle'],
  };
  const server = createServer((request, response) => {
    answer(store, request, response).catch((error: unknown) => fail(response, 500, String(error)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  return Object.assign(store, {
    place: { endpoint, region: 'test-1', bucket: 'evidence', credentials: async () => KEY },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

/** Makes the bucket of a place, of a real store too. */
export async function makeBucket(place: S3Place, { locked }: { locked: boolean }): Promise<void> {
  const headers: Record<string, string> = locked ? { 'x-amz-bucket-object-lock-enabled': 'true' } : {};
  const { signal } = new AbortController();
  await send(place, { method: 'PUT', key: '', headers, accept: [200], signal });
}

async function answer(
  store: Omit<TestStore, 'place' | typeof Symbol.asyncDispose>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
  const url = new URL(request.url ?? '/', 'http://store');
  const key = decodeURIComponent(url.pathname.replace(/^\/evidence\//, ''));
  const said = `${request.method} ${key}${url.search}`;
  const meddled = store.meddle(said);
  if (meddled !== undefined) return fail(response, meddled, 'Meddled');
  const fault = faultOf(request, url, body);
  if (fault) return fail(response, 403, fault);
  store.requests.push(said);
  const query = url.searchParams;
  const there = store.objects.get(key);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => /^x-amz-(meta|object-lock)-/.test(name)),
  ) as Record<string, string>;
  if (request.method === 'HEAD') {
    if (!there) return void response.writeHead(404).end();
    return void response.writeHead(200, { ...there.headers, 'content-length': there.bytes.length }).end();
  }
  const begun = store.uploads.get(query.get('uploadId') ?? '');
  if (query.has('uploadId') && begun?.key !== key) return fail(response, 404, 'NoSuchUpload');
  if (request.headers['if-none-match'] === '*' && there) return fail(response, 412, 'PreconditionFailed');
  const keep = (bytes: Buffer, kept: Record<string, string>) =>
    store.objects.set(key, { bytes, headers: kept, versions: (there?.versions ?? 0) + 1 });
  if (request.method === 'POST' && query.has('uploads')) {
    const id = `upload-${store.uploads.size + 1}`;
    store.uploads.set(id, { key, headers, parts: new Map() });
    return reply(response, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
  }
  if (request.method === 'GET' && begun) return listParts(response, begun, Number(query.get('part-number-marker')));
  if (request.method === 'PUT' && begun) {
    begun.parts.set(Number(query.get('partNumber')), body);
    return void response.writeHead(200, { etag: etagOf(body) }).end();
  }
  if (request.method === 'DELETE' && begun) {
    store.uploads.delete(query.get('uploadId') ?? '');
    return void response.writeHead(204).end();
  }
  if (request.method === 'POST' && begun) {
    const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]+)<\/ETag>/g)];
    const ordered = numbers.every(([, number], index) => Number(number) === index + 1);
    const same = numbers.every(([, number, etag]) => etagOf(begun.parts.get(Number(number))) === etag);
    if (!ordered || !same || numbers.length !== begun.parts.size)
      return reply(response, '<Error><Code>InvalidPartOrder</Code></Error>');
    keep(Buffer.concat(numbers.map(([, number]) => begun.parts.get(Number(number)) as Buffer)), begun.headers);
    store.uploads.delete(query.get('uploadId') ?? '');
    return reply(response, '<CompleteMultipartUploadResult><Key/></CompleteMultipartUploadResult>');
  }
  if (request.method !== 'PUT') return fail(response, 405, 'MethodNotAllowed');
  keep(body, headers);
  response.writeHead(200, { etag: etagOf(body) }).end();
}

/** Two a page, so that more than one is asked for. */
function listParts(response: ServerResponse, { parts }: Begun, marker: number): void {
  const all = [...parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const page = all.slice(0, 2);
  const listed = page.map(
    ([number, bytes]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${etagOf(bytes)}</ETag><Size>${bytes.length}</Size><ChecksumSHA256>${sha256(bytes, 'base64')}</ChecksumSHA256></Part>`,
  );
  const next = page.at(-1)?.[0] ?? marker;
  reply(
    response,
    `<ListPartsResult><NextPartNumberMarker>${next}</NextPartNumberMarker><IsTruncated>${all.length > 2}</IsTruncated>${listed.join('')}</ListPartsResult>`,
  );
}

/** What is wrong with a request; undefined for a sound one (AWS Signature Version 4). */
function faultOf({ method = '', headers }: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const hash = sha256(body, 'hex');
  if (headers['x-amz-content-sha256'] !== hash) return 'XAmzContentSHA256Mismatch';
  const checksum = headers['x-amz-checksum-sha256'];
  if (method === 'PUT' && checksum !== sha256(body, 'base64')) return 'BadDigest';
  const pattern =
    /^AWS4-HMAC-SHA256 Credential=AKTEST\/(\d{8})\/test-1\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=(\w{64})$/;
  const [, day = '', signed = '', signature = ''] = pattern.exec(headers.authorization ?? '') ?? [];
  const names = signed.split(';');
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-') && !names.includes(name)))
    return 'HeadersNotSigned';
  const query = [...url.searchParams]
    .map((pair) => pair.map(encodeURIComponent).join('='))
    .sort()
    .join('&');
  const canonical = [
    ...[method, url.pathname, query, ...names.map((name) => `${name}:${headers[name]}`), '', signed, hash],
  ].join('\n');
  const scope = `${day}/test-1/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(Buffer.from(canonical), 'hex')].join('\n');
  const key = [day, 'test-1', 's3', 'aws4_request'].reduce(
    (last: Buffer | string, word) => createHmac('sha256', last).update(word).digest(),
    `AWS4${KEY.secretAccessKey}`,
  );
  const expected = createHmac('sha256', key).update(text).digest('hex').padEnd(64);
  return timingSafeEqual(Buffer.from(expected), Buffer.from(signature.padEnd(64)))
    ? undefined
    : 'SignatureDoesNotMatch';
}

function sha256(bytes: Uint8Array, form: 'hex' | 'base64'): string {
  return createHash('sha256').update(bytes).digest(form);
}

const etagOf = (bytes: Uint8Array | undefined) => bytes && `"${createHash('md5').update(bytes).digest('hex')}"`;

function reply(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/xml' }).end(text);
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status).end(`<Error><Code>${code}</Code><Message>no &amp; no</Message></Error>`);
}
