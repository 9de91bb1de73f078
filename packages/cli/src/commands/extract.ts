/** `stillframe extract`: what a checkpoint holds beside private memory, as files with hashes. */
import {
  type Checkpoint,
  type Extractable,
  type ExtractContext,
  type ExtractedFile,
  type ExtractKind,
  extractInto,
  extractors,
  listExtractables,
  openExtractContext,
  openExtractionFolder,
  type Wish,
} from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { exitCodes } from '../exit.ts';
import { count, type KindTotals, listTable, thingView, totalsTable } from '../extract/list-view.ts';
import { MANIFEST, Manifest } from '../extract/manifest.ts';
import { writeThing } from '../extract/to-stdout.ts';
import type { Io } from '../io.ts';
import { countOf } from '../numbers.ts';
import { pidsHint } from '../pids.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface ExtractOptions extends ReadingOptions {
  list?: boolean;
  to?: string;
  limit: string;
}

const KINDS: readonly { kind: ExtractKind; summary: string }[] = [
  ...extractors,
  { kind: 'memory', summary: 'memory of a process, with --pid; never taken unless it is named' },
];

const HELP = `
What can be named, alone or as KIND:ID as the list shows it:
${KINDS.map(({ kind, summary }) => `  ${kind.padEnd(9)} ${summary}`).join('\n')}

  stillframe extract web.tar                                  what there is
  stillframe extract web.tar --to out                         everything but memory
  stillframe extract web.tar ghost pipe tcp --to out          these kinds
  stillframe extract web.tar tcp:1de0e-sent --to - | less     one thing
  stillframe extract web.tar rootfs:etc/passwd --to out       one file or folder that the container changed
  stillframe extract web.tar --pid 7 --to out                 what process 7 has
  stillframe extract web.tar --pid 7 memory:heap --to out     a mapping as \`stillframe maps\` names it, or memory:0xSTART-0xEND

Every file is new, mode 0600, and stands in ${MANIFEST} with its sha256, where it comes from, and who had it. Links and
devices are listed there and never made; so are names that had to be changed. Bytes that the checkpoint does not hold are
zeroes in the file, told in ${MANIFEST}, and give exit code 4. A PCAP holds what waited in the queues, in packets made up
around it: how it was parted, and the handshake, no checkpoint knows. Bytes that had not gone out are left out of it.`;

/** Exit code 4 where something could not be taken, or not whole. */
export const extract: RegisterCommand = (program, io, done) => {
  const description = 'Take out deleted files, queues, shared memory, environments, changed files… with their hashes';
  withPids(readingCommand(program, 'extract', description))
    .argument('[what...]', 'a kind such as ghost, or one thing such as ghost:1; everything but memory by default')
    .option('-l, --list', 'show what there is and take nothing; the default without --to')
    .option('--to <folder>', 'a new or empty folder; - writes one thing to stdout')
    .option('--limit <bytes>', 'bytes of all files together, holes included', '64G')
    .addOption(outputOption('table', 'json'))
    .addHelpText('after', HELP)
    .action(async (where: string, what: string[], options: ExtractOptions) => {
      const wishes = wishesOf(what, options);
      const limit = countOf(options.limit, '--limit');
      let missing = false;
      const code = await reading(where, options, io, async ({ checkpoint, processes, chosen }) => {
        if (wishes?.some(({ kind }) => kind === 'memory') && !options.pid)
          throw cliError('ERR_USAGE_ARGUMENT', 'memory goes with --pid', { hint: pidsHint(processes) });
        const context = await openExtractContext(checkpoint, { signal: io.signal });
        const pids = options.pid && new Set(chosen.map(({ pid }) => pid));
        const things = await Array.fromAsync(listExtractables(context, { wishes, pids, signal: io.signal }));
        const taken = options.to !== undefined && !options.list;
        if (taken && things.some(isUndatedCapture)) io.err(UNDATED);
        if (options.to === undefined || options.list) list(things, checkpoint, options, io);
        else if (options.to === '-') missing = await writeThing(things, io, limit);
        else missing = await take(things, { context, to: options.to, limit, json: options.output === 'json' }, io);
      });
      done(missing ? exitCodes.partial : code);
    });
};

/** Undefined for all. Throws ERR_USAGE_ARGUMENT. */
function wishesOf(words: readonly string[], options: ExtractOptions): readonly Wish[] | undefined {
  if (options.to === '-' && options.output === 'json')
    throw cliError('ERR_USAGE_ARGUMENT', '--to - writes the bytes themselves; it goes without --output json');
  const wishes = words.map((word) => {
    const [, name = '', id] = /^([a-z]+)(?::(.+))?$/s.exec(word) ?? [];
    const kind = KINDS.find((row) => row.kind === name)?.kind;
    if (kind === undefined) {
      const kinds = KINDS.map((row) => row.kind).join(', ');
      throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(word)} is none of ${kinds}, alone or as KIND:ID`);
    }
    return { kind, id };
  });
  return wishes.length === 0 ? undefined : wishes;
}

function list(things: readonly Extractable[], { diagnostics }: Checkpoint, { output }: ExtractOptions, io: Io): void {
  if (output === 'json') {
    io.out(renderJson('ExtractableList', 1, { things: things.map(thingView), diagnostics: diagnostics() }));
  } else io.out(things.length === 0 ? 'nothing of this is in the checkpoint\n' : listTable(things));
}

const UNDATED = 'the time of the checkpoint is unknown: packets of PCAP files are dated 1970-01-01T00:00:00Z\n';

function isUndatedCapture({ part, facts, form, ...thing }: Extractable): boolean {
  return form === 'file' && part === 'pcap' && 'content' in thing && !!thing.content && facts['time'] === 'unknown';
}

interface Taking {
  context: ExtractContext;
  to: string;
  limit: number;
  json: boolean;
}

/** Whether something is missing of what was to be taken. */
async function take(things: readonly Extractable[], { context, to, limit, json }: Taking, io: Io): Promise<boolean> {
  const { checkpoint } = context;
  const totals = new Map<string, KindTotals>();
  {
    await using folder = await openExtractionFolder(to);
    using progress = showProgress(io, 'extracting');
    const expected = things.reduce((sum, thing) => sum + expectedBytes(thing), 0);
    let bytes = 0;
    const onBytes = (more: number) => {
      bytes += more;
      progress.update(bytes, Math.max(bytes, expected));
    };
    const options = { limit: BigInt(limit), taken: [MANIFEST], signal: io.signal, onBytes };
    {
      await using manifest = await Manifest.begin(folder, checkpoint);
      for await (const file of extractInto(folder, things, checkpoint, options)) {
        await manifest.add(file);
        count(totals, file);
        tell(file, io);
      }
      await manifest.end({ diagnostics: checkpoint.diagnostics() });
    }
    await folder.publish({ signal: io.signal });
  }
  const rows = [...totals.values()];
  if (json) {
    const manifest = `${to}/${MANIFEST}`;
    io.out(renderJson('Extraction', 1, { folder: to, manifest, kinds: rows, diagnostics: checkpoint.diagnostics() }));
  } else io.out(`${rows.length === 0 ? '' : totalsTable(rows)}${summaryOf(rows)}, in ${harmless(to)}\n`);
  return rows.some(({ missing }) => missing > 0);
}

function summaryOf(rows: readonly KindTotals[]): string {
  const files = rows.reduce((sum, row) => sum + row.files, 0);
  const bytes = rows.reduce((sum, row) => sum + row.bytes, 0);
  return `${files === 1 ? '1 file' : `${files} files`} of ${bytesText(bytes)}, with hashes in ${MANIFEST}`;
}

function expectedBytes(thing: Extractable): number {
  return Number(thing.form === 'tree' ? thing.packed : (thing.content?.size ?? 0n));
}

/** What was to be written and was not is told at once. */
function tell({ kind, id, name, state, reason }: ExtractedFile, io: Io): void {
  if (state !== 'too-large' && state !== 'unreadable') return;
  io.err(harmless(`${kind}:${id} ${name ?? ''} is left out: ${reason ?? state}`).concat('\n'));
}
