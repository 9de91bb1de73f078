/** Ranged reads over something a registry serves (distribution-spec: pulling blobs; RFC 9110, section 14). */
import type { Locator } from '@stillframe/core';
import type { BlobSource } from '../content.ts';
import { ociError } from '../errors.ts';
import { isPassing, pause } from './retry.ts';
import type { Call, Session } from './session.ts';

/**
 * A ByteSource whose every read is one range request. `call` is the GET of the whole. Reads throw
 * ERR_OCI_RANGE_IGNORED where the registry sends the whole blob instead, and ERR_OCI_REGISTRY_PROTOCOL where it sends
 * another range than asked for.
 */
export function rangeSource(session: Session, call: Call, locator: Extract<Locator, { kind: 'blob' }>): BlobSource {
  const { size } = locator;
  return {
    size,
    locator,
    async readInto(offset, target, options) {
      const length = Math.min(target.length, Math.max(0, size - offset));
      if (length === 0) return 0;
      const asked = { ...call, signal: options?.signal ?? call.signal };
      for (let attempt = 1; ; attempt += 1) {
        try {
          await readRange(session, asked, offset, target.subarray(0, length), size);
          return length;
        } catch (error) {
          if (attempt >= session.retry.attempts || !isPassing(error)) throw error;
          await pause(session.retry, attempt + 1, error, asked.signal);
        }
      }
    },
    // Connections belong to the client, not to the source.
    [Symbol.asyncDispose]: async () => undefined,
  };
}

async function readRange(
  session: Session,
  call: Call,
  offset: number,
  target: Uint8Array,
  size: number,
): Promise<void> {
  const last = offset + target.length - 1;
  const headers = { ...call.headers, range: `bytes=${offset}-${last}` };
  // Not repeatable here: the loop around also covers a body that breaks, and two loops would multiply the tries.
  const answer = await session.send({ ...call, headers, accept: [200, 206], repeatable: false });
  if (answer.status !== 206) {
    answer.discard();
    throw ociError('ERR_OCI_RANGE_IGNORED', `${call.what}: the registry ignores ranges`);
  }
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(answer.headers['content-range'] ?? '');
  const [, from, to, of] = range ?? [];
  if (Number(from) !== offset || Number(to) !== last || (of !== '*' && Number(of) !== size)) {
    answer.discard();
    throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${call.what}: asked for bytes ${offset}-${last}, got another range`);
  }
  let filled = 0;
  for await (const chunk of answer.body) {
    if (filled + chunk.length > target.length) {
      throw ociError('ERR_OCI_REGISTRY_PROTOCOL', `${call.what}: the registry sent more than the range asked for`);
    }
    target.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < target.length) {
    throw ociError(
      'ERR_OCI_REGISTRY_BROKEN',
      `${call.what}: the range ended after ${filled} of ${target.length} bytes`,
    );
  }
}
