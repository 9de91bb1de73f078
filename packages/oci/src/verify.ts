/** Holding content to its descriptor while it streams by. */
import { type ByteSource, Sha256, streamOf } from '@stillframe/core';
import type { BlobContent, ContentOptions } from './content.ts';
import type { Descriptor } from './descriptor.ts';
import { ociError } from './errors.ts';

type Expected = Pick<Descriptor, 'digest' | 'size'>;

/**
 * Hands `content` on and checks it. Each chunk is held back until the next one arrives, so the last is handed on only
 * when length and digest are right: whoever got `size` bytes got the right ones. Each iteration starts `content` anew.
 * Throws ERR_OCI_CONTENT_SHORT, ERR_OCI_CONTENT_LONG (at the first byte too many) or ERR_OCI_CONTENT_WRONG.
 */
export function verified(content: AsyncIterable<Uint8Array>, expected: Expected): AsyncIterable<Uint8Array> {
  return replayable(() => verify(content, expected));
}

/** Checks bytes in memory. Throws as `verified` does. */
export function verifyBytes(bytes: Uint8Array, expected: Expected): void {
  if (bytes.length < expected.size) throw short(bytes.length, expected);
  if (bytes.length > expected.size) throw long(expected);
  verifyHash(new Sha256().update(bytes), expected);
}

/** Fails unless content that claims `size` bytes has as many as expected. Throws ERR_OCI_CONTENT_SHORT, ERR_OCI_CONTENT_LONG. */
export function verifySize(size: number, expected: Expected): void {
  if (size < expected.size) throw short(size, expected);
  if (size > expected.size) throw long(expected);
}

/** An iterable that calls `start` for every iteration. */
export function replayable(start: () => AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: start };
}

/** Whether `content` is a ByteSource. */
export function isSource(content: BlobContent): content is ByteSource {
  return 'readInto' in content;
}

/** Content as chunks; started anew for each iteration where the content allows it. */
export function chunksOf(content: BlobContent, options: ContentOptions = {}): AsyncIterable<Uint8Array> {
  return isSource(content) ? replayable(() => streamOf(content, options)) : content;
}

/** Whether iterating a second time starts anew, rather than going on where the first stopped. */
export function isReplayable(content: BlobContent): boolean {
  return isSource(content) || !('next' in content);
}

async function* verify(
  content: AsyncIterable<Uint8Array>,
  expected: Expected,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = new Sha256();
  let held: Uint8Array | undefined;
  for await (const chunk of content) {
    if (chunk.length === 0) continue;
    if (hash.size + chunk.length > expected.size) throw long(expected);
    if (held) yield held;
    hash.update(chunk);
    held = chunk;
  }
  if (hash.size < expected.size) throw short(hash.size, expected);
  verifyHash(hash, expected);
  if (held) yield held;
}

/** Fails unless all that was hashed is what was expected. Throws ERR_OCI_CONTENT_WRONG. */
export function verifyHash(hash: Sha256, expected: Expected): void {
  const actual = hash.digest();
  if (actual === expected.digest) return;
  throw ociError('ERR_OCI_CONTENT_WRONG', `content of ${expected.digest} has the digest ${actual}`, {
    details: { expected: expected.digest, actual },
  });
}

function short(got: number, expected: Expected) {
  return ociError(
    'ERR_OCI_CONTENT_SHORT',
    `content of ${expected.digest} ended after ${got} of ${expected.size} bytes`,
    {
      details: { digest: expected.digest, expected: expected.size, actual: got },
    },
  );
}

function long(expected: Expected) {
  return ociError('ERR_OCI_CONTENT_LONG', `content of ${expected.digest} has more than ${expected.size} bytes`, {
    details: { digest: expected.digest, expected: expected.size },
  });
}
