/** `stillframe secrets`: keys, tokens and passwords that a checkpoint holds, redacted unless `--reveal` asks. */
import { harmless } from '@stillframe/core';
import { findSecrets } from '@stillframe/forensics';
import { noteAccess, noteOpened } from '../custody/note.ts';
import { renderJson, renderJsonLine } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { rotationText, secretsText, viewOf } from '../secrets/text.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Reading, type ReadingOptions, reading, readingCommand } from './reading.ts';

interface SecretsOptions extends ReadingOptions {
  memory: boolean;
  reveal?: boolean;
  rotation?: boolean;
}

const HELP = `
Looked at: memory of all processes, their arguments and environment, changed, deleted and temporary files, queues, logs, and
the documents of the archive. A row is one secret, wherever it stands. How sure: checksum, structure (its inside decodes), form.

  stillframe secrets web.tar                        what there is, redacted
  stillframe secrets web.tar --rotation             what is to be changed, as a checklist
  stillframe secrets web.tar --reveal -o jsonl      the secrets themselves; the chain of custody says who asked`;

export const secrets: RegisterCommand = (program, io, done) => {
  const description = 'Keys, tokens and passwords in a checkpoint: what they open, who has them, how to change them';
  readingCommand(program, 'secrets', description)
    .option('--no-memory', 'leave the content of memory out')
    .option('--reveal', 'show the secrets; this is noted in the chain of custody')
    .option('--rotation', 'a checklist of what is to be changed')
    .addOption(outputOption('table', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (what: string, options: SecretsOptions) => {
      if (options.rotation && options.output !== 'table')
        throw cliError('ERR_USAGE_ARGUMENT', '--rotation is text; --output json says how to change each secret, too');
      if (options.rotation && options.reveal)
        throw cliError('ERR_USAGE_ARGUMENT', '--rotation shows no secrets; it goes without --reveal');
      done(await reading(what, options, io, (opened) => print(what, opened, options, io)));
    });
};

async function print(what: string, opened: Reading, options: SecretsOptions, io: Io): Promise<void> {
  const { checkpoint, processes } = opened;
  const found = await search(opened, options, io);
  for (const omission of found.omissions) io.err(`warning: ${omission}\n`);
  if (options.reveal) await noteRevealed(opened, io, found.secrets.length);
  const names = new Map(processes.map(({ pid, comm }) => [pid, comm]));
  const secrets = found.secrets.map((secret) => viewOf(secret, names, options.reveal === true));
  const { omissions } = found;
  const diagnostics = checkpoint.diagnostics();
  if (options.output === 'json') await io.write(renderJson('SecretList', 1, { secrets, omissions, diagnostics }));
  else if (options.output === 'jsonl') for (const each of secrets) await io.write(renderJsonLine('Secret', 1, each));
  else await io.write(options.rotation ? rotationText(secrets, harmless(what)) : secretsText(secrets, harmless(what)));
}

async function search({ checkpoint }: Reading, { memory }: SecretsOptions, io: Io) {
  using progress = showProgress(io, 'looking for secrets');
  const onProgress = (done: number, total: number) => progress.update(done, total);
  return await findSecrets(checkpoint, { memory, signal: io.signal, onProgress });
}

/** Before they are shown: what cannot be noted is told on stderr by the note itself. */
async function noteRevealed({ checkpoint, sealed }: Reading, io: Io, count: number): Promise<void> {
  const outcome = `revealed ${count} ${count === 1 ? 'secret' : 'secrets'}`;
  if (sealed === undefined) await noteOpened(checkpoint.archive, io, outcome);
  else await noteAccess(sealed, io, outcome);
}
