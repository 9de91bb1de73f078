/** The flags of retention, the same for a folder, a layout and a registry. */
import { LEVELS, type Level, limitsAnything, type RetentionPolicy } from '@stillframe/checkpoint';
import { type Command, Option } from 'commander';
import type { Io } from '../io.ts';
import { countOf, durationOf } from '../numbers.ts';
import { cliError } from '../usage.ts';

export interface RuleOptions {
  keep?: string;
  maxAge?: string;
  maxSize?: string;
  maxTotalSize?: string;
  per: Level;
  of?: string;
  pinsApart?: boolean;
}

export interface ConsentOptions {
  dryRun?: boolean;
  yes?: boolean;
  output: string;
}

/** Adds the limits. */
export function withRules(command: Command): Command {
  return command
    .option('--keep <n>', 'the newest N of each group stay')
    .option('--max-age <time>', 'older ones go, but the newest of each group: 36h, 7d, 2w')
    .option('--max-size <size>', 'larger ones go, even the newest: 500MiB, 10GiB')
    .option('--max-total-size <size>', 'the oldest go until those of each group fit, even the newest')
    .addOption(new Option('--per <group>', 'what is counted together').choices(LEVELS).default('container'))
    .option('--of <names>', 'only those of NAMESPACE, NAMESPACE/POD or NAMESPACE/POD/CONTAINER')
    .option('--pins-apart', 'pinned ones take no place in --keep and no room in --max-total-size');
}

/** Adds what has it remove, or only tell. */
export function withConsent(command: Command): Command {
  return command
    .option('--dry-run', 'only print what would go, and why')
    .option('-y, --yes', 'do not ask; needed where there is no terminal to ask on');
}

/** Throws ERR_USAGE_ARGUMENT. */
export function policyOf(options: RuleOptions): RetentionPolicy {
  const { per } = options;
  const read = <T>(text: string | undefined, option: string, of: (text: string, option: string) => T) =>
    text === undefined ? undefined : of(text, option);
  const rule = {
    per,
    of: read(options.of, '--of', addressOf),
    keep: read(options.keep, '--keep', countOf),
    maxAge: read(options.maxAge, '--max-age', durationOf),
    maxSize: read(options.maxSize, '--max-size', countOf),
    maxTotalSize: read(options.maxTotalSize, '--max-total-size', countOf),
  };
  return { rules: [rule], pinsCount: !options.pinsApart };
}

/** `NAMESPACE[/POD[/CONTAINER]]`. Throws ERR_USAGE_ARGUMENT naming `option`. */
export function addressOf(text: string, option: string): readonly string[] {
  const names = text.split('/');
  if (names.length <= 3 && names.every((name) => name !== '')) return names;
  const message = `${option} takes NAMESPACE, NAMESPACE/POD or NAMESPACE/POD/CONTAINER, not ${JSON.stringify(text)}`;
  throw cliError('ERR_USAGE_ARGUMENT', message);
}

/** As policyOf. Throws ERR_USAGE_ARGUMENT also where nothing is limited. */
export function demandPolicy(options: RuleOptions): RetentionPolicy {
  const policy = policyOf(options);
  if (limitsAnything(policy)) return policy;
  throw cliError('ERR_USAGE_ARGUMENT', 'nothing says what may go: no --keep, --max-age, --max-size, --max-total-size');
}

/** Throws ERR_USAGE_CONFIRMATION where nobody has agreed and nobody can be asked; before anything is looked at. */
export function demandConsent(options: ConsentOptions, io: Io): void {
  if (options.yes || options.dryRun || (io.answering && options.output !== 'json')) return;
  throw cliError('ERR_USAGE_CONFIRMATION', 'nobody is there to say whether to remove');
}

/** Whether to remove: asks where neither --yes nor --dry-run is given. An abort ends the question. */
export async function agreed(options: ConsentOptions, io: Io, question: string): Promise<boolean> {
  if (options.dryRun) return false;
  if (options.yes) return true;
  io.err(`${question} [y/N] `);
  const answer = await firstLine(io);
  return /^y(es)?$/i.test(answer.trim());
}

async function firstLine({ input, signal, err }: Io): Promise<string> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  const read = async () => {
    let text = '';
    for await (const chunk of input()) {
      text += Buffer.from(chunk).toString('utf8');
      if (text.includes('\n') || text.length > 1000) break;
    }
    return text.split('\n')[0] ?? '';
  };
  try {
    return await Promise.race([read(), aborted]);
  } catch (error) {
    err('\n');
    throw error;
  }
}
