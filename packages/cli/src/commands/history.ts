/** `stillframe history`: several checkpoints of one container, and when something was first there. */
import { basename } from 'node:path';
import { harmless } from '@stillframe/core';
import {
  askHistory,
  compilePatterns,
  type HistoryRow,
  historySteps,
  inOrderOfCapture,
  type Question,
  referenceText,
  rowView,
} from '@stillframe/forensics';
import { InvalidArgumentError } from 'commander';
import { rowNode } from '../diff/text.ts';
import { clipped, shortDigests } from '../display/clipped.ts';
import { renderJsonLine } from '../display/json.ts';
import { JsonDocument } from '../display/json-document.ts';
import { styleOf } from '../display/style.ts';
import { type Column, renderTable } from '../display/table.ts';
import { renderTree } from '../display/tree.ts';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Opened, type ReadingOptions, readingSeveral, WHERE, withReading } from './reading.ts';

interface HistoryOptions extends ReadingOptions {
  string?: Question[];
  hex?: Question[];
  file?: Question[];
  path?: Question[];
  socket?: Question[];
  process?: Question[];
  page?: Question[];
  showSecrets?: boolean;
}

const HELP = `
Example: stillframe history web-*.tar --socket :4444 --process /tmp/.x/kworker
Checkpoints are told in the order in which they were captured. Without a question: what appeared from one to the next in
processes, open files, sockets, mounts, the root filesystem and findings; \`stillframe diff\` tells all of two of them. Each content
of a file or page that is asked for is an item of its own. What came and went between two checkpoints is in none.`;

/** Exit code 0 also where nothing is found; 4 where some of the evidence could not be read. */
export const history: RegisterCommand = (program, io, done) => {
  const description = 'Tell over several checkpoints when something was first there, or what appeared in each';
  const asked =
    (read: (text: string) => Question) =>
    (text: string, before: Question[] = []) => [...before, read(text)];
  const command = program
    .command('history')
    .description(description)
    .argument('<checkpoint...>', `two or more of one container: ${WHERE}`);
  withReading(command)
    .option(
      '--string <text>',
      'this text in memory',
      asked((text) => ({ kind: 'string', text: filled(text) })),
    )
    .option('--hex <digits>', 'these bytes in memory; ?? stands for any', asked(hexQuestion))
    .option(
      '--file <path>',
      'this path changed in the root filesystem',
      asked((path) => ({ kind: 'file', path })),
    )
    .option(
      '--path <path>',
      'this path open, executed or stood in',
      asked((path) => ({ kind: 'open', path })),
    )
    .option('--socket <address:port>', 'a socket with this end; :PORT for any address', asked(socketQuestion))
    .option(
      '--process <name>',
      'a process of this name or executable',
      asked((name) => ({ kind: 'process', name })),
    )
    .option('--page <pid:address>', 'the contents of the page at this address', asked(pageQuestion))
    .option('--show-secrets', 'do not hide values of variables such as PASSWORD or TOKEN')
    .addOption(outputOption('table', 'json', 'jsonl'))
    .addHelpText('after', HELP)
    .action(async (whats: string[], options: HistoryOptions) => {
      if (whats.length < 2) throw cliError('ERR_USAGE_ARGUMENT', 'a history is of two checkpoints or more');
      const { string, hex, file, path, socket, process, page } = options;
      const questions = [string, hex, file, path, socket, process, page].flatMap((some) => some ?? []);
      const code = await readingSeveral(whats, options, io, async (opened) => {
        const { links, warnings } = inOrderOfCapture(opened.map((each) => ({ ...each, name: each.what })));
        for (const warning of warnings) io.err(`warning: ${harmless(warning)}\n`);
        if (questions.length > 0) await writeAnswers(links, questions, warnings, options, io);
        else await writeSteps(links, warnings, options, io);
      });
      done(code);
    });
};

function filled(text: string): string {
  if (text === '') throw new InvalidArgumentError('there is nothing to find');
  return text;
}

function hexQuestion(digits: string): Question {
  try {
    compilePatterns([{ id: digits, pattern: { kind: 'hex', source: digits } }]);
  } catch {
    throw new InvalidArgumentError('two digits a byte, such as 7f454c46; ?? for any');
  }
  return { kind: 'hex', digits };
}

function socketQuestion(text: string): Question {
  const parts = /^\[?([^\]]*?)\]?:(\d{1,5})$/.exec(text);
  if (!parts) throw new InvalidArgumentError('ADDRESS:PORT, or :PORT for any address');
  return { kind: 'socket', address: parts[1] ?? '', port: Number(parts[2]) };
}

function pageQuestion(text: string): Question {
  const parts = /^(\d{1,10}):(0x[0-9a-f]{1,16})$/i.exec(text);
  if (!parts) throw new InvalidArgumentError('PID:ADDRESS, such as 7:0x7f0000001000');
  return { kind: 'page', pid: Number(parts[1]), address: BigInt(parts[2] ?? 0) };
}

async function writeAnswers(
  links: readonly Opened[],
  questions: readonly Question[],
  warnings: readonly string[],
  { output }: HistoryOptions,
  io: Io,
): Promise<void> {
  const rows = await askHistory(links.map(linkOf), questions, { signal: io.signal });
  if (output === 'table') {
    await io.write(`${renderTable(PLACES, links.map(placeOf))}\n${renderTable(columnsOf(links.length), rows)}`);
    return;
  }
  const views = rows.map((row) => viewOf(row, links));
  if (output === 'jsonl') for (const view of views) await io.write(renderJsonLine('HistoryRow', 1, view));
  else await writeDocument(views, links, warnings, io);
}

async function writeDocument(rows: readonly object[], links: readonly Opened[], warnings: readonly string[], io: Io) {
  const document = new JsonDocument('CheckpointHistory', 1, (text) => io.write(text));
  document.list('rows');
  for (const row of rows) await document.item(row);
  const checkpoints = links.map((link) => ({ ...timeOf(link), container: link.checkpoint.metadata.container }));
  await document.end({
    checkpoints,
    warnings,
    diagnostics: links.flatMap(({ checkpoint }) => checkpoint.diagnostics()),
  });
}

const linkOf = ({ what, checkpoint }: Opened) => ({ name: what, checkpoint });

function timeOf(link: Opened | undefined) {
  return link && { checkpoint: link.what, checkpointed: link.checkpoint.metadata.checkpointed };
}

function viewOf({ question, item, in: places, sighting }: HistoryRow, links: readonly Opened[]) {
  return {
    ...{ question, item, first: timeOf(links[places[0] ?? -1]), last: timeOf(links[places.at(-1) ?? -1]) },
    in: places.map((index) => links[index]?.what),
    reference: sighting && referenceText(sighting.reference),
  };
}

/** Characters of an item and of a checkpoint’s name. */
const ITEM = 100;

/** Checkpoints by the numbers that the table of answers has for them, which would be too wide with their names. */
const PLACES: readonly Column<ReturnType<typeof placeOf>>[] = [
  { title: 'NO', cell: ({ number }) => number, align: 'right' },
  { title: 'CAPTURED', cell: ({ time }) => time },
  { title: 'CHECKPOINT', cell: ({ name }) => name },
];

function placeOf({ what, checkpoint }: Opened, index: number) {
  const time = harmless(checkpoint.metadata.checkpointed?.replace(/\.\d+/, '') ?? '-');
  return { number: String(index + 1), time, name: harmless(clipped(basename(what), ITEM)) };
}

function columnsOf(count: number): readonly Column<HistoryRow>[] {
  const seen = (index: number | undefined) => (index === undefined ? '-' : String(index + 1));
  return [
    { title: 'ASKED', cell: ({ question }) => harmless(clipped(question, ITEM)) },
    { title: 'ITEM', cell: ({ item }) => harmless(clipped(shortDigests(item ?? 'in none'), ITEM)) },
    { title: 'FIRST', cell: (row) => seen(row.in[0]), align: 'right' },
    { title: 'LAST', cell: (row) => seen(row.in.at(-1)), align: 'right' },
    { title: 'IN', cell: ({ in: places }) => `${places.length} of ${count}` },
    { title: 'AT', cell: ({ sighting }) => (sighting ? referenceText(sighting.reference) : '-') },
  ];
}

async function writeSteps(
  links: readonly Opened[],
  warnings: readonly string[],
  { output, showSecrets = false }: HistoryOptions,
  io: Io,
): Promise<void> {
  const steps = [];
  for await (const { to, rows } of historySteps(links.map(linkOf), { signal: io.signal })) {
    const views = rows.map((row) => rowView(row, showSecrets));
    const place = { ...timeOf(links[to]), after: links[to - 1]?.what };
    if (output === 'table') {
      const { what = '', checkpoint } = links[to] ?? {};
      const time = checkpoint?.metadata.checkpointed ?? 'time not recorded';
      const children = views.map((view) => rowNode(view, new Map(), styleOf(io.colour)));
      const title = `${harmless(what)}  ${harmless(time)}  ${children.length === 0 ? 'nothing appeared' : `${children.length} appeared`}`;
      await io.write(renderTree({ label: styleOf(io.colour).bold(title), children }));
    } else if (output === 'jsonl')
      for (const row of views) await io.write(renderJsonLine('Appeared', 1, { ...place, ...row }));
    else steps.push({ ...place, rows: views });
  }
  if (output === 'json') await writeDocument(steps, links, warnings, io);
}
