/** One CRIU image, wherever it lies: a file, standard input, or an entry of a checkpoint that stays packed. */
import { stat } from 'node:fs/promises';
import { type ByteSource, bytesSource, limits } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import type { Io } from './io.ts';
import { openEvidence } from './open-evidence.ts';
import { cliError } from './usage.ts';

export interface OpenImage extends AsyncDisposable {
  source: ByteSource;
  /** For messages. */
  name: string;
}

/**
 * `what`: a path, `CHECKPOINT:ENTRY` (`a.tar:checkpoint/core-1.img`, or without the folder), or undefined and `-` for
 * standard input, which is held in memory. Throws what the readers throw, and ERR_USAGE_ARGUMENT for an entry that is
 * not there or too much input.
 */
export async function openImage(what: string | undefined, io: Io): Promise<OpenImage> {
  if (what === undefined || what === '-') {
    const source = bytesSource(await readInput(io));
    return { source, name: 'stdin', [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const colon = what.lastIndexOf(':');
  if (colon < 1 || (await stat(what).catch(() => undefined))) {
    const source = await openFileSource(what);
    return { source, name: what, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
  }
  const checkpoint = await openEvidence(what.slice(0, colon), io, { partial: true });
  const { archive } = checkpoint;
  const entry = what.slice(colon + 1);
  const name = [entry, `checkpoint/${entry}`].find((each) => archive.entries.get(each)?.kind === 'file');
  if (name !== undefined) {
    return { source: archive.open(name), name, [Symbol.asyncDispose]: () => checkpoint[Symbol.asyncDispose]() };
  }
  await checkpoint[Symbol.asyncDispose]();
  throw cliError('ERR_USAGE_ARGUMENT', `${what.slice(0, colon)} has no file ${entry}`);
}

/** All of standard input. Throws ERR_USAGE_ARGUMENT where that is more than an image may have. */
async function readInput(io: Io): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of io.input()) {
    io.signal.throwIfAborted();
    size += chunk.length;
    if (size > limits.criuImage) {
      throw cliError(
        'ERR_USAGE_ARGUMENT',
        `more than ${limits.criuImage} bytes on standard input; name a file instead`,
      );
    }
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
