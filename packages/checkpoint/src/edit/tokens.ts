/**
 * Kubernetes service-account tokens in any bytes: JSON web tokens (RFC 7519) whose claims name a service account. Nothing
 * but their form is known of them; they are looked for wherever a process may have put them.
 */
import type { ByteSource } from '@stillframe/core';

export interface TokenPlace {
  offset: number;
  bytes: number;
}

/** What every claim set begins with behind the dot: `{"` in base64url. */
const CLAIMS = Buffer.from('.eyJ');
const HEADER = Buffer.from('eyJ');
const DOT = 0x2e;
/** Bytes of the part before the claims, of claims and signature; real ones have 100, 1,000 and 350. */
const HEADER_LIMIT = 4 << 10;
const PART_LIMIT = 16 << 10;
const CHUNK = 4 << 20;
/** A token is never longer, so two neighbouring windows that share as much show every one whole. */
const LONGEST = HEADER_LIMIT + 2 * PART_LIMIT + 16;
/** Characters of claims in which a mark has room. */
const SHORTEST = 16;
/** Words of the claims: of bound tokens and of those that lie in secrets. */
const MARKS = ['system:serviceaccount:', 'kubernetes.io'];

const isTokenByte = new Uint8Array(256);
for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
  isTokenByte[character.charCodeAt(0)] = 1;
}

/** Options of findTokens. */
export interface TokenOptions {
  signal?: AbortSignal | undefined;
  /** Bytes read at once, 4 MiB by default; never less than two tokens. */
  chunkSize?: number;
}

/**
 * Yields the places of all tokens in `source`, ascending, none twice. Read once, front to back, in bounded memory; costs
 * grow with the size alone. A token that is cut off by the end of the source or before its signature is found, too.
 */
export async function* findTokens(source: ByteSource, options: TokenOptions = {}): AsyncGenerator<TokenPlace> {
  const size = Math.min(source.size, Math.max(options.chunkSize ?? CHUNK, 2 * LONGEST));
  const window = Buffer.allocUnsafe(size);
  let done = 0;
  for (let start = 0; start < source.size; start += window.length - LONGEST) {
    options.signal?.throwIfAborted();
    const part = window.subarray(0, Math.min(window.length, source.size - start));
    const chunk = part.subarray(0, await source.readInto(start, part, options));
    const last = start + chunk.length >= source.size || chunk.length < part.length;
    for (let at = chunk.indexOf(CLAIMS); at >= 0; at = chunk.indexOf(CLAIMS, at + 1)) {
      // One that begins in the last stretch is seen whole by the next window.
      if (!last && at > chunk.length - (LONGEST - HEADER_LIMIT)) break;
      const place = tokenAround(chunk, at);
      if (!place || start + place.offset < done) continue;
      done = start + place.offset + place.bytes;
      yield { offset: start + place.offset, bytes: place.bytes };
    }
    if (last) return;
  }
}

/** The token whose claims begin behind the dot at `dot`. */
function tokenAround(chunk: Buffer, dot: number): TokenPlace | undefined {
  const claimsEnd = endOfPart(chunk, dot + 1);
  if (claimsEnd - dot < SHORTEST) return undefined;
  let left = dot;
  while (left > 0 && dot - left < HEADER_LIMIT && isTokenByte[chunk[left - 1] ?? 0]) left -= 1;
  const header = chunk.subarray(left, dot).indexOf(HEADER);
  if (header < 0) return undefined;
  const claims = Buffer.from(chunk.toString('latin1', dot + 1, claimsEnd), 'base64url').toString('latin1');
  if (!MARKS.some((mark) => claims.includes(mark))) return undefined;
  const end = chunk[claimsEnd] === DOT ? endOfPart(chunk, claimsEnd + 1) : claimsEnd;
  return { offset: left + header, bytes: end - left - header };
}

function endOfPart(chunk: Buffer, from: number): number {
  let end = from;
  while (end < chunk.length && end - from < PART_LIMIT && isTokenByte[chunk[end] ?? 0]) end += 1;
  return end;
}
