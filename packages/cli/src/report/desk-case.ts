/** A checkpoint as the desk takes it. */
import { basename } from 'node:path';
import type { Checkpoint } from '@stillframe/checkpoint';
import type { CaseInput } from '@stillframe/server';
import type { Io } from '../io.ts';
import type { NamedKey } from '../verify/model.ts';
import { deskExports } from './desk-exports.ts';
import { proofOf, timesIn } from './proof.ts';

/** `what`: as it was opened by; `keys`: those that evidence is verified by. */
export function deskCase(what: string, checkpoint: Checkpoint, keys: readonly NamedKey[], io: Io): CaseInput {
  return {
    ...{ name: basename(what), checkpoint, what },
    proof: async () => (await proofOf(what, keys, io))?.proof,
    exports: deskExports(what, checkpoint, keys, io),
    times: () => timesIn(what, io),
  };
}
