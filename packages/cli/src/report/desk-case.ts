/** A checkpoint as the desk takes it. */
import { basename } from 'node:path';
import type { CaseInput } from '@stillframe/server';
import type { Io } from '../io.ts';
import { type DeskSource, deskExports } from './desk-exports.ts';
import { proofOf, timesIn } from './proof.ts';

/** Throws what `demandSame` of the source throws where another file lies at its path, once that is read again. */
export function deskCase(source: DeskSource, io: Io): CaseInput {
  const { what, checkpoint, keys, demandSame } = source;
  return {
    ...{ name: basename(what), checkpoint, what },
    proof: async () => (await proofOf(what, keys, io).finally(demandSame))?.proof,
    exports: deskExports(source, io),
    times: () => timesIn(what, io),
  };
}
