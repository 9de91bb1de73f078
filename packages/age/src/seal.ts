/** Sealing: bytes of any length in one pass. */
import { randomBytes } from 'node:crypto';
import type { AgeRecipient } from './keys.ts';
import { CHUNK, encryptChunk, NONCE, payloadKey } from './payload.ts';

/** Chunks that are handed on at once. */
const BATCH = 16;

/** An age file that only `recipients`, of whom there is at least one, can open. */
export async function* sealAge(
  content: AsyncIterable<Uint8Array>,
  recipients: readonly AgeRecipient[],
): AsyncGenerator<Uint8Array, void, undefined> {
  const { header, fileKey } = await makeHeader(recipients);
  const nonce = randomBytes(NONCE);
  yield header;
  yield nonce;
  const key = payloadKey(fileKey, nonce);
  let number = 0;
  let ready: Uint8Array[] = [];
  for await (const { chunk, last } of rechunked(content)) {
    ready.push(...encryptChunk(key, { number, last }, chunk));
    number += 1;
    if (!last && number % BATCH > 0) continue;
    yield Buffer.concat(ready);
    ready = [];
  }
}

/** Chunks of one size; which is the last is known only when nothing follows, so one is always held back. */
async function* rechunked(
  content: AsyncIterable<Uint8Array>,
): AsyncGenerator<{ chunk: Uint8Array; last: boolean }, void, undefined> {
  let held: Uint8Array = new Uint8Array();
  for await (const piece of content) {
    if (piece.length === 0) continue;
    // Pieces of whole chunks, as a file is read in, are not copied.
    if (held.length === CHUNK) {
      yield { chunk: held, last: false };
      held = new Uint8Array();
    }
    const bytes = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let at = 0;
    for (; bytes.length - at > CHUNK; at += CHUNK) yield { chunk: bytes.subarray(at, at + CHUNK), last: false };
    held = bytes.subarray(at);
  }
  yield { chunk: held, last: true };
}

/**
 * The library makes header and key of an empty file, and its payload is left away: its chunks take twelve times the time of
 * those of node:crypto.
 */
async function makeHeader(recipients: readonly AgeRecipient[]): Promise<{ header: Uint8Array; fileKey: Uint8Array }> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const recipient of recipients) encrypter.addRecipient(recipient);
  let fileKey: Uint8Array | undefined;
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array());
  if (!fileKey) throw new Error('age-encryption made no file key');
  return { header: empty.subarray(0, empty.length - NONCE - 16), fileKey };
}
