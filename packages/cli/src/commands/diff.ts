/** `stillframe diff`: what differs between two checkpoints. */
import { harmless, hexAddress, UndoStack } from '@stillframe/core';
import {
  type CheckpointDiff,
  compareCheckpoints,
  DIFF_TABLES,
  type DiffRow,
  type DiffTable,
  rowView,
  searchChanged,
} from '@stillframe/forensics';
import { InvalidArgumentError, Option } from 'commander';
import { diffText } from '../diff/text.ts';
import { renderJsonLine } from '../display/json.ts';
import { JsonDocument } from '../display/json-document.ts';
import { styleOf } from '../display/style.ts';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { openBase } from '../mapped-files.ts';
import { repeated } from '../repeated.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Opened, type ReadingOptions, readingSeveral, WHERE, withReading } from './reading.ts';

interface DiffOptions extends ReadingOptions {
  all?: boolean;
  digests: boolean;
  failOnDifference?: boolean;
  image?: string;
  memory: boolean;
  only?: DiffTable[];
  rules?: boolean;
  search?: string[];
  showSecrets?: boolean;
  sibling?: boolean;
}

const HELP = `
Example: stillframe diff monday.tar tuesday.tar --search 'PRIVATE KEY'
The two are one container at two times, where a process keeps its pid and memory its addresses. With --sibling they are two
containers of one image: processes are paired by what they execute, how they were called and where they stand in the tree;
numbers that no two containers share are left out, and of memory only code is compared. Findings of memory are compared with
--rules, in the pages that differ. Exit code 0 whether or not anything differs.`;

/** Exit code 3 with `--fail-on-difference` where something differs; 4 where some of the evidence could not be read. */
export const diff: RegisterCommand = (program, io, done) => {
  const description = 'Compare two checkpoints: processes, files, sockets, mappings, pages, mounts, changes, findings';
  const command = program
    .command('diff')
    .description(description)
    .argument('<before>', `the earlier checkpoint, or the clean sibling: ${WHERE}`)
    .argument('<after>', 'the later one, or the suspect');
  withReading(command)
    .option('--sibling', 'they are two containers of one image, not one container at two times')
    .addOption(
      new Option('--only <table>', 'only this table; may be repeated')
        .choices(DIFF_TABLES)
        .argParser((table: string, before: DiffTable[] = []) => [...before, tableNamed(table)]),
    )
    .option('--search <text>', 'find this text in the pages that differ; may be repeated', repeated)
    .option('--rules', 'judge the pages that differ by the rules that look into memory')
    .option('--image <where>', 'the container’s image: layout, tar or folder, oci:LAYOUT[:TAG], or reference')
    .option('--no-memory', 'compare no pages; the rest takes no time')
    .option('--no-digests', 'do not read changed files; those of one size and time count as the same')
    .option('--show-secrets', 'do not hide values of variables such as PASSWORD or TOKEN')
    .option('--all', 'show every row, also what came and went with its process')
    .option('--fail-on-difference', 'exit code 3 where anything differs')
    .addOption(outputOption('tree', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (before: string, after: string, options: DiffOptions) => {
      let differs = false;
      const code = await readingSeveral([before, after], options, io, async ([old, now], report) => {
        if (!old || !now) return;
        await using closing = new UndoStack();
        const image = options.image === undefined ? undefined : await openBase(options.image, io, closing, options);
        warn(old, now, options, io);
        const { sibling, memory, digests, rules } = options;
        const compared = await compareCheckpoints(old.checkpoint, now.checkpoint, {
          ...{ sibling, memory, digests, rules, image: image?.layers, signal: io.signal },
        });
        report([...compared.diagnostics.before, ...compared.diagnostics.after]);
        const [first] = rowsOf(compared, options);
        differs = first !== undefined;
        await write({ old, now, compared, options }, io);
      });
      done(options.failOnDifference && differs ? exitCodes.findings : code);
    });
};

function tableNamed(name: string): DiffTable {
  const table = DIFF_TABLES.find((each) => each === name);
  if (table === undefined) throw new InvalidArgumentError(`one of ${DIFF_TABLES.join(', ')}`);
  return table;
}

interface Compared {
  old: Opened;
  now: Opened;
  compared: CheckpointDiff;
  options: DiffOptions;
}

function* rowsOf(compared: CheckpointDiff, { only }: DiffOptions): Generator<DiffRow> {
  for (const row of compared.rows()) if (only === undefined || only.includes(row.table)) yield row;
}

/** What the answer would mean something else for. */
function warn({ checkpoint: old }: Opened, { checkpoint: now }: Opened, { sibling }: DiffOptions, io: Io): void {
  const [was, is] = [old.metadata.container.id, now.metadata.container.id];
  if (!sibling && was !== undefined && is !== undefined && was !== is)
    io.err('warning: these are checkpoints of two containers; --sibling pairs their processes by what they execute\n');
  const [from, to] = [old, now].map(({ metadata }) => Date.parse(metadata.checkpointed ?? ''));
  if (!sibling && from !== undefined && to !== undefined && from > to)
    io.err('warning: the second checkpoint was captured before the first: what is told as added was removed\n');
}

async function write({ old, now, compared, options }: Compared, io: Io): Promise<void> {
  const { output, showSecrets = false, all = false, sibling = false } = options;
  const matches = await found(now, compared, options, io);
  if (output === 'tree') {
    const style = styleOf(io.colour);
    await io.write(`${headLine(sibling ? 'first' : 'before', old)}${headLine(sibling ? 'second' : 'after', now)}\n`);
    await io.write(diffText(compared, rowsOf(compared, options), { all, showSecrets, style, sibling }));
    if (options.search) await io.write(matchText(matches));
    for (const { table, key, reason, bytes } of all ? compared.notCompared : compared.notCompared.slice(0, 10))
      io.err(
        `not compared: ${table} ${harmless(key)}: ${harmless(reason)}${bytes === undefined ? '' : `, ${bytes} bytes`}\n`,
      );
    return;
  }
  if (output === 'jsonl') {
    for (const row of rowsOf(compared, options))
      await io.write(renderJsonLine('Difference', 1, rowView(row, showSecrets)));
    for (const match of matches) await io.write(renderJsonLine('MemoryMatch', 1, match));
    return;
  }
  const document = new JsonDocument('CheckpointDiff', 1, (text) => io.write(text));
  document.list('rows');
  for (const row of rowsOf(compared, options)) await document.item(rowView(row, showSecrets));
  document.list('matches');
  for (const match of matches) await document.item(match);
  const { summary, listeners, pages, sameFindings, notCompared } = compared;
  await document.end({
    before: factsOf(old),
    after: factsOf(now),
    summary: { ...summary, listeners, pages: pages ?? {}, sameFindings },
    notCompared,
    diagnostics: {
      before: [...compared.diagnostics.before, ...old.checkpoint.diagnostics()],
      after: [...compared.diagnostics.after, ...now.checkpoint.diagnostics()],
    },
  });
}

function factsOf({ what, checkpoint: { metadata } }: Opened) {
  const { engine, container, image, checkpointed } = metadata;
  return { checkpoint: what, engine, container, image, checkpointed };
}

function headLine(side: string, { what, checkpoint: { metadata } }: Opened): string {
  const { container, checkpointed = 'time not recorded' } = metadata;
  const name = [container.kubeNamespace, container.podName, container.name].filter(Boolean).join('/');
  return `${side.padEnd(7)} ${harmless(what)}  ${harmless(checkpointed)}  ${harmless(name || container.id || '')}`
    .trimEnd()
    .concat('\n');
}

type MatchView = Awaited<ReturnType<typeof found>>[number];

async function found(now: Opened, { changed }: CheckpointDiff, { search = [] }: DiffOptions, io: Io) {
  if (!changed || search.length === 0) return [];
  const patterns = search.map((text) => {
    return { id: text, pattern: { kind: 'literal', bytes: new TextEncoder().encode(text) } } as const;
  });
  const matches = [];
  for await (const match of searchChanged(now.checkpoint, changed, patterns, { signal: io.signal })) {
    const { pattern, pid, address, bytes, vma } = match;
    matches.push({ search: pattern, pid, address: hexAddress(address), bytes, mapping: vma?.backing });
  }
  return matches;
}

function matchText(matches: readonly MatchView[]): string {
  if (matches.length === 0) return '\nno match in the pages that differ\n';
  const lines = matches.map(
    ({ search, pid, address, mapping }) =>
      `${harmless(search)}  process ${pid}  ${address}  ${harmless(mapping ?? '-')}\n`,
  );
  return `\nin the pages that differ\n${lines.join('')}`;
}
