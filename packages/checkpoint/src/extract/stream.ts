/** The bytes of one thing in order, holes as zeroes, for a pipe. */
import { setImmediate } from 'node:timers/promises';
import type { SignalOptions } from '@stillframe/criu-image';
import { checkpointError } from '../errors.ts';
import type { Content } from './content.ts';
import { contentOf } from './extract.ts';
import type { Extractable } from './extractable.ts';
import { nameOfThing } from './select.ts';

/** Some bytes of it; `isAbsent`: the evidence does not hold them, and they are zeroes that mean nothing. */
export interface StreamedPiece {
  /** Valid until the next piece is asked for. */
  readonly bytes: Uint8Array;
  readonly isAbsent: boolean;
}

const ZEROES = new Uint8Array(1 << 20);

/**
 * Yields the bytes of a file, or of the one file of a tree that is named. Throws ERR_EXTRACT_NOT_FOUND where there is no
 * such file or it has no content, and ERR_EXTRACT_TOO_LARGE for one that claims more than `limit` bytes.
 */
export async function* streamThing(
  thing: Extractable,
  options: SignalOptions & { limit: bigint },
): AsyncGenerator<StreamedPiece, void, undefined> {
  if (thing.form === 'file') {
    const { content, without } = thing;
    if (content === undefined)
      throw checkpointError('ERR_EXTRACT_NOT_FOUND', `${nameOfThing(thing)} has no content: ${without ?? 'unknown'}`);
    yield* streamContent(content, options);
    return;
  }
  await using tree = await thing.open(options);
  const [path] = thing.only ?? [];
  const entry = thing.only?.length === 1 && path !== undefined ? tree?.entries.get(path) : undefined;
  const content = tree && entry && (await contentOf(tree, entry, options));
  if (content === undefined)
    throw checkpointError('ERR_EXTRACT_NOT_FOUND', `${path ?? nameOfThing(thing)} is no file of ${thing.source.image}`);
  yield* streamContent(content, options);
}

async function* streamContent(
  content: Content,
  options: SignalOptions & { limit: bigint },
): AsyncGenerator<StreamedPiece> {
  if (content.size > options.limit)
    throw checkpointError('ERR_EXTRACT_TOO_LARGE', `it claims ${content.size} bytes, the limit is ${options.limit}`);
  let end = 0;
  for await (const piece of content.pieces(options)) {
    yield* zeroes(piece.offset - end, false, options);
    if (piece.state === 'data') yield { bytes: piece.bytes, isAbsent: false };
    else yield* zeroes(piece.length, true, options);
    end = piece.offset + (piece.state === 'data' ? piece.bytes.length : piece.length);
  }
  yield* zeroes(Number(content.size) - end, false, options);
}

/** A consumer that never waits, as a file does not, must still hear the signal of an interrupt. */
async function* zeroes(
  length: number,
  isAbsent: boolean,
  { signal }: SignalOptions,
): AsyncGenerator<StreamedPiece, void, undefined> {
  for (let left = length; left > 0; left -= ZEROES.length) {
    await setImmediate(undefined, { signal });
    yield { bytes: ZEROES.subarray(0, Math.min(left, ZEROES.length)), isAbsent };
  }
}
