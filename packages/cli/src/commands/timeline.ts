/** `stillframe timeline`: everything in checkpoints that has a time, in the order of time. */
import { basename } from 'node:path';
import { harmless } from '@stillframe/core';
import { readTime, readTimeline, TIMELINE_SOURCES, type Timeline, type TimelineSource } from '@stillframe/forensics';
import { InvalidArgumentError, Option } from 'commander';
import { renderJsonLine } from '../display/json.ts';
import { JsonDocument } from '../display/json-document.ts';
import type { Io } from '../io.ts';
import { timesIn } from '../report/proof.ts';
import { eventText, eventView, type Origin, plasoLine, timesketchLine } from '../timeline/view.ts';
import { outputOption, type RegisterCommand } from './command.ts';
import { type Opened, type ReadingOptions, readingSeveral, WHERE, withReading } from './reading.ts';

interface TimelineOptions extends ReadingOptions {
  from?: bigint;
  to?: bigint;
  source?: TimelineSource[];
  clockOffset: bigint;
}

const HELP = `
Example: stillframe timeline web.tar --source log --source file --from 2026-01-01T10:00:00Z -o timesketch > web.jsonl
Times are UTC by the node's clock. ~ marks one that was counted from the begin of the dump and is no surer than that, = one that
is known to the second. When processes were started is in no image of CRIU: what is not recorded is told, and never made up.`;

/** Exit code 4 where some of the evidence could not be read. */
export const timeline: RegisterCommand = (program, io, done) => {
  const description =
    'Tell what has a time in checkpoints in the order of time: log, files, capture, container, timers';
  const command = program.command('timeline').description(description).argument('<checkpoint...>', WHERE);
  withReading(command)
    .addOption(new Option('--from <time>', 'from this time on, RFC 3339 or a date').argParser(timeOf))
    .addOption(new Option('--to <time>', 'up to this time, and not at it').argParser(timeOf))
    .addOption(
      new Option('--source <source>', 'only these events; may be repeated')
        .choices(TIMELINE_SOURCES)
        .argParser((name: string, before: TimelineSource[] = []) => [...before, sourceNamed(name)]),
    )
    .addOption(
      new Option('--clock-offset <seconds>', 'the nodes’ clocks were so much ahead of true time: it is taken off')
        .argParser(offsetOf)
        .default(0n, '0'),
    )
    .addOption(outputOption('table', 'json', 'jsonl', 'timesketch', 'plaso'))
    .addHelpText('after', HELP)
    .action(async (whats: string[], options: TimelineOptions) => {
      const code = await readingSeveral(whats, options, io, async (opened, report) => {
        const inputs = [];
        for (const { what, checkpoint } of opened)
          inputs.push({ checkpoint, evidence: await timesIn(what, io), clockOffset: options.clockOffset });
        const { from, to, source: sources } = options;
        const read = await readTimeline(inputs, { from, to, sources, signal: io.signal });
        await write(read, opened, options, io);
        report(read.diagnostics);
      });
      done(code);
    });
};

function timeOf(text: string): bigint {
  const read = readTime(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (!read) throw new InvalidArgumentError('RFC 3339, such as 2026-01-01T10:00:00Z, or a date');
  return read.time;
}

function sourceNamed(name: string): TimelineSource {
  const source = TIMELINE_SOURCES.find((each) => each === name);
  if (!source) throw new InvalidArgumentError(`one of ${TIMELINE_SOURCES.join(', ')}`);
  return source;
}

function offsetOf(text: string): bigint {
  if (!/^-?\d{1,9}(\.\d{1,9})?$/.test(text)) throw new InvalidArgumentError('seconds, such as 1.5 or -3');
  const [whole = '', fraction = ''] = text.replace('-', '').split('.');
  const nanoseconds = BigInt(whole) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
  return text.startsWith('-') ? -nanoseconds : nanoseconds;
}

function originOf({ what, checkpoint: { metadata, spec } }: Opened): Origin {
  const { kubeNamespace, podName, name, id } = metadata.container;
  const container = [kubeNamespace, podName, name].filter(Boolean).join('/') || id;
  return { checkpoint: basename(what), container, hostname: spec?.hostname };
}

/** Characters that are written at once. */
const AT_ONCE = 64 << 10;

async function write(read: Timeline, opened: readonly Opened[], { output }: TimelineOptions, io: Io): Promise<void> {
  const origins = opened.map(originOf);
  const document = output === 'json' ? new JsonDocument('Timeline', 1, (text) => io.write(text)) : undefined;
  document?.list('events');
  let text = '';
  let count = 0;
  for await (const batch of read.events) {
    io.signal.throwIfAborted();
    count += batch.length;
    for (const event of batch) {
      const origin = origins[event.checkpoint];
      if (!origin) continue;
      if (document) await document.item(eventView(event, origin));
      else if (output === 'timesketch') text += timesketchLine(event, origin);
      else if (output === 'plaso') text += plasoLine(event, origin);
      else if (output === 'jsonl') text += renderJsonLine('TimelineEvent', 1, eventView(event, origin));
      else text += eventText(event, origins.length > 1 ? origin : undefined);
      if (text.length < AT_ONCE) continue;
      await io.write(text);
      text = '';
    }
  }
  if (text !== '') await io.write(text);
  await document?.end({
    checkpoints: opened.map(({ checkpoint }, index) => ({
      ...origins[index],
      checkpointed: checkpoint.metadata.checkpointed,
      notRecorded: read.notRecorded[index],
      log: read.logs[index],
    })),
    diagnostics: [...read.diagnostics, ...opened.flatMap(({ checkpoint }) => checkpoint.diagnostics())],
  });
  if (output === 'table') tell(read, origins, count, io);
}

function tell({ notRecorded, logs }: Timeline, origins: readonly Origin[], count: number, io: Io): void {
  if (count === 0) io.err('nothing of that has a time\n');
  for (const [index, { checkpoint }] of origins.entries()) {
    const where = origins.length > 1 ? ` in ${harmless(checkpoint)}` : '';
    for (const { what, reason } of notRecorded[index] ?? []) io.err(`not recorded${where}: ${what}: ${reason}\n`);
    const { untimed = 0, outOfOrder = 0 } = logs[index] ?? {};
    if (untimed > 0) io.err(`${untimed} log lines${where} have no time: they have that of the line before\n`);
    if (outOfOrder > 0) io.err(`${outOfOrder} log lines${where} stand behind later ones\n`);
  }
}
