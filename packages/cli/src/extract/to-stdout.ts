/** One thing to stdout, as it is. */
import type { Extractable } from '@stillframe/checkpoint';
import { nameOfThing, streamThing } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';

/** Names shown in the refusal of several things. */
const SHOWN = 10;

/**
 * Writes the bytes of the only thing of `things`; whether some of them are missing. Throws ERR_USAGE_ARGUMENT for none,
 * several, a tree as a whole, and one over `limit` bytes.
 */
export async function writeThing(things: readonly Extractable[], io: Io, limit: number): Promise<boolean> {
  const [thing] = things;
  if (thing === undefined) throw cliError('ERR_USAGE_ARGUMENT', 'nothing of this is in the checkpoint');
  if (things.length > 1) {
    const names = things.slice(0, SHOWN).map((each) => harmless(nameOfThing(each)));
    const hint = `name one of ${names.join(', ')}${things.length > SHOWN ? '…' : ''}`;
    throw cliError('ERR_USAGE_ARGUMENT', `--to - takes one thing, these are ${things.length}`, { hint });
  }
  let missing = 0;
  for await (const piece of streamThing(thing, { limit: BigInt(limit), signal: io.signal })) {
    await io.write(piece.bytes);
    if (piece.isAbsent) missing += piece.bytes.length;
  }
  if (missing > 0) io.err(`${bytesText(missing)} of it are not in the checkpoint and are written as zeroes\n`);
  return missing > 0;
}
