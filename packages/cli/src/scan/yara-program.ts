/** A program: compiles the YARA rules that it is sent, and says what each window that it is sent matches. Started by yara-process.ts. */
import { type ErrorKind, messageOf, StillframeError } from '@stillframe/core';
import { compileYara, type YaraMatch, type YaraRules, type YaraSource } from '@stillframe/forensics';

/** `named`: whether each file of rules is to be named before its turn: while it has it, nothing can be said. */
type Question = { readonly sources: readonly YaraSource[] } | { readonly bytes: Buffer; readonly named: boolean };

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

async function answer(question: Question): Promise<YaraAnswer> {
  const matches: YaraMatch[] = [];
  if ('sources' in question)
    for (const source of question.sources) files.push({ name: source.name, rules: await compileYara([source]) });
  else
    for (const { name, rules } of files) {
      if (question.named) process.send?.({ at: name } satisfies YaraAnswer);
      matches.push(...(await rules.scan(question.bytes)));
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
