/** A program: compiles the YARA rules that it is sent, and says what each window that it is sent matches. Started by yara-process.ts. */
import { readSync } from 'node:fs';
import { type ErrorKind, messageOf, StillframeError } from '@stillframe/core';
import { compileYara, type YaraMatch, type YaraRules, type YaraSource } from '@stillframe/forensics';

/** `size`: of the window that comes by standard input. `named`: whether each file of rules is to be named before its turn: while it has it, nothing can be said. */
type Question = { readonly sources: readonly YaraSource[] } | { readonly size: number; readonly named: boolean };

/** What it says: an answer, or the file of rules that it is at. */
export type YaraAnswer =
  | { readonly matches: readonly YaraMatch[] }
  | { readonly at: string }
  | {
      readonly error: {
        readonly code: string;
        readonly kind: ErrorKind;
        readonly message: string;
        readonly hint?: string;
      };
    };

const files: { readonly name: string; readonly rules: YaraRules }[] = [];

/** Standard input, on which windows come one behind the other. */
const INPUT = 0;
let room = Buffer.alloc(0);

/** The next window. Whoever sends it has begun to: it is waited for. */
function windowOf(size: number): Buffer {
  if (room.length < size) room = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const read = readSync(INPUT, room, at, size - at, null);
    if (read === 0) throw new Error('the window ends before it should');
    at += read;
  }
  return room.subarray(0, size);
}

async function answer(question: Question): Promise<YaraAnswer> {
  const matches: YaraMatch[] = [];
  if ('sources' in question)
    for (const source of question.sources) files.push({ name: source.name, rules: await compileYara([source]) });
  else {
    const bytes = windowOf(question.size);
    for (const { name, rules } of files) {
      if (question.named) process.send?.({ at: name } satisfies YaraAnswer);
      matches.push(...(await rules.scan(bytes)));
    }
  }
  return { matches };
}

function errorOf(thrown: unknown): YaraAnswer {
  const told = StillframeError.is(thrown)
    ? thrown
    : new StillframeError('ERR_SCAN_YARA_ENDED', 'internal', messageOf(thrown));
  const { code, kind, message, hint } = told;
  return { error: { code, kind, message, ...(hint === undefined ? {} : { hint }) } };
}

process.on('message', (question: Question) => {
  answer(question).then(
    (told) => process.send?.(told),
    (thrown: unknown) => process.send?.(errorOf(thrown)),
  );
});
// Whoever asks ends it; without them, nothing is to go on, not even a rule that is being judged.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
