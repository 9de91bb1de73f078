/** `stillframe strings`: the texts in memory, with their addresses and what they lie in. */
import {
  backingOf,
  type Encoding,
  type FileTable,
  type MemoryText,
  readFileTable,
  readStrings,
} from '@stillframe/checkpoint';
import { harmless, hexAddress } from '@stillframe/core';
import { type AddressSpace, openAddressSpace } from '@stillframe/criu-image';
import { Option } from 'commander';
import { renderJson, renderJsonLine, renderJsonPart } from '../display/json.ts';
import { protectionText } from '../display/protection.ts';
import { openFilling } from '../mapped-files.ts';
import { countOf } from '../numbers.ts';
import { cliError } from '../usage.ts';
import { outputOption, type RegisterCommand, withFiles } from './command.ts';
import { type ReadingOptions, reading, readingCommand, withPids } from './reading.ts';

interface StringsOptions extends ReadingOptions {
  fillFiles?: boolean;
  image?: string;
  minLength: string;
  encoding?: string[];
  mapping?: string;
  limit: string;
}

const ENCODINGS: readonly Encoding[] = ['ascii', 'utf8', 'utf16le'];

/** Exit code 4 where some of the evidence could not be read. */
export const strings: RegisterCommand = (program, io, done) => {
  const description = 'Print the texts in captured memory: ASCII, UTF-8 and UTF-16 (little-endian), mapping by mapping';
  const command = withPids(readingCommand(program, 'strings', description))
    .option('-n, --min-length <characters>', 'leave out shorter texts', '4')
    .addOption(
      new Option('-e, --encoding <list>', `${ENCODINGS.join(', ')}; utf8 finds what ascii finds, and more`)
        .argParser((value: string, before: string[] = []) => [...before, ...value.split(',')])
        .default(undefined, 'utf8,utf16le'),
    )
    .option('-m, --mapping <text>', 'only in mappings whose name holds this: heap, stack, anonymous, a path')
    .option('--limit <number>', 'stop after so many texts', '10000000');
  withFiles(command)
    .addOption(outputOption('table', 'jsonl', 'json'))
    .action(async (what: string, options: StringsOptions) => {
      const [minimum, limit] = [countOf(options.minLength, '--min-length'), countOf(options.limit, '--limit')];
      const encodings = encodingsOf(options.encoding);
      const code = await reading(what, options, io, async ({ checkpoint, chosen }) => {
        const { images } = checkpoint;
        await using files = await openFilling(checkpoint, options, io);
        const table = await readFileTable(images, { signal: io.signal });
        const print = printerOf(options.output, io.write);
        let count = 0;
        for (const { pid, comm } of chosen) {
          const space = await openAddressSpace(images, pid, { signal: io.signal });
          if (!space || count >= limit) continue;
          const named = mappingNames(space, table);
          const only =
            options.mapping === undefined ? undefined : (vma: Vma) => named(vma).includes(options.mapping ?? '');
          for await (const found of readStrings(space, { minimum, encodings, only, files, signal: io.signal })) {
            if (count >= limit) break;
            count += 1;
            await print.text({ pid, comm, ...viewOf(found, named) });
          }
        }
        if (count >= limit) io.err(`stopped after ${limit} texts; --limit raises it\n`);
        await print.end(checkpoint.diagnostics());
      });
      done(code);
    });
};

type Vma = NonNullable<MemoryText['vma']>;

interface TextView {
  pid: number;
  comm: string | undefined;
  address: string;
  bytes: number;
  encoding: Encoding;
  /** `0x… rw-p heap`: one for all texts of a mapping. */
  mapping: { start: string | undefined; protection: string; backing: string };
  text: string;
  goesOn: boolean;
}

/** A mapping has its name once, however many texts it holds. */
function mappingNames(space: AddressSpace, files: FileTable): (vma: Vma) => string {
  const names = new Map<Vma, string>();
  return (vma) => {
    const name = names.get(vma) ?? backingOf(vma, files, space);
    names.set(vma, name);
    return name;
  };
}

function viewOf({ vaddr, bytes, encoding, text, goesOn, vma }: MemoryText, nameOf: (vma: Vma) => string) {
  const mapping = {
    start: vma && hexAddress(vma.start),
    protection: vma ? protectionText(vma.prot, (vma.flags & 1) !== 0) : '----',
    backing: vma ? nameOf(vma) : 'unknown',
  };
  return { address: hexAddress(vaddr), bytes, encoding, mapping, text, goesOn };
}

interface Printer {
  text(view: TextView): Promise<void>;
  end(diagnostics: readonly object[]): Promise<void>;
}

/** Every format is written as the texts are found: there may be more of them than memory holds. */
function printerOf(format: string, write: (data: string) => Promise<void>): Printer {
  let first = true;
  let heading = '';
  if (format === 'jsonl') {
    return { text: (view) => write(renderJsonLine('MemoryText', 1, view)), end: async () => undefined };
  }
  if (format === 'json') {
    const opening = renderJson('MemoryTextList', 1, {})
      .trimEnd()
      .replace(/\n?\}$/, ',\n  "texts": [');
    return {
      async text(view) {
        await write(`${first ? opening : ','}\n    ${renderJsonPart(view)}`);
        first = false;
      },
      end: (diagnostics) =>
        write(`${first ? opening : ''}\n  ],\n  "diagnostics": ${renderJsonPart(diagnostics)}\n}\n`),
    };
  }
  return {
    async text({ pid, comm, mapping, address, encoding, text }) {
      const { start = '-', protection, backing } = mapping;
      const next = `${pid} ${harmless(comm ?? '-')}  ${start} ${protection} ${harmless(backing)}\n`;
      const line = `${address.padStart(18)}  ${encoding.padEnd(7)}  ${harmless(text)}\n`;
      await write(next === heading ? line : `${first ? '' : '\n'}${next}${line}`);
      heading = next;
      first = false;
    },
    end: async () => undefined,
  };
}

function encodingsOf(names: readonly string[] | undefined): readonly Encoding[] | undefined {
  return names?.map((name) => {
    const known = ENCODINGS.find((encoding) => encoding === name.trim().toLowerCase().replace('-', ''));
    if (known) return known;
    throw cliError('ERR_USAGE_ARGUMENT', `--encoding takes ${ENCODINGS.join(', ')}, not ${JSON.stringify(name)}`);
  });
}
