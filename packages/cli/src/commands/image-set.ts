/** `stillframe image-set`: CRIU images as crit shows them, also those that lie packed in a checkpoint. */
import { bytesText, type Diagnostic, Diagnostics, harmless, limits, readAll } from '@stillframe/core';
import { writeAtomically } from '@stillframe/core/file';
import type { Report } from '@stillframe/criu-image';
import {
  type CritOptions,
  type Explorer,
  exploreImages,
  explorers,
  imageFromJson,
  imageInfo,
  imageToJson,
} from '@stillframe/criu-image/crit';
import { Argument, type Command } from 'commander';
import { exitCodes } from '../exit.ts';
import type { Io } from '../io.ts';
import { type DecryptionOptions, type IdentityOptions, withDecryptionKey, withIdentity } from '../key-options.ts';
import { openEvidence } from '../open-evidence.ts';
import { openImage } from '../open-image.ts';
import { type PolicyOptions, withPolicy } from '../signature-policy.ts';
import { cliError } from '../usage.ts';
import type { RegisterCommand } from './command.ts';

type Done = (code: number | undefined) => void;

const IMAGE = 'a file, CHECKPOINT:ENTRY such as a.tar:core-1.img, or - for standard input (the default)';
const EXACT = 'keep also what crit leaves out: fields it does not know, and padding';

export const imageSet: RegisterCommand = (program, io, done) => {
  const group = program
    .command('image-set')
    .description('CRIU images as JSON and back, byte for byte; output as that of crit 4.2 (docs/crit.md)');
  registerDecode(group, io, done);
  registerShow(group, io, done);
  registerEncode(group, io);
  registerInfo(group, io, done);
  registerExplore(group, io, done);
};

interface Places {
  in?: string;
  out?: string;
}

function registerDecode(group: Command, io: Io, done: Done): void {
  group
    .command('decode')
    .description('One CRIU image as JSON')
    .argument('[image]', IMAGE)
    .option('-i, --in <image>', 'the image, as crit wants it named')
    .option('-o, --out <file>', 'write here instead of to standard output')
    .option('--pretty', 'in lines, with names of flags, addresses, and base 16 where that is how they are read')
    .option('--exact', EXACT)
    .action(async (image: string | undefined, options: Places & CritOptions) => {
      await decode(image ?? options.in, options.out, options, io, done);
    });
}

function registerShow(group: Command, io: Io, done: Done): void {
  group
    .command('show')
    .description('One CRIU image as pretty JSON')
    .argument('[image]', IMAGE)
    .option('--nopl', 'sizes instead of payloads')
    .option('--exact', EXACT)
    .action(async (image: string | undefined, options: { nopl?: boolean; exact?: boolean }) => {
      const { nopl: withoutPayloads, exact } = options;
      await decode(image, undefined, { pretty: true, withoutPayloads, exact }, io, done);
    });
}

function registerEncode(group: Command, io: Io): void {
  group
    .command('encode')
    .description('JSON, plain or pretty, to the bytes of a CRIU image')
    .argument('[json]', 'a file, or - for standard input (the default)')
    .option('-i, --in <file>', 'the JSON, as crit wants it named')
    .option('-o, --out <file>', 'write here instead of to standard output')
    .action(async (json: string | undefined, options: Places) => {
      await using file = await openImage(json ?? options.in, io);
      if (file.source.size > limits.criuImage) {
        throw cliError('ERR_USAGE_ARGUMENT', `${file.name} is longer than ${bytesText(limits.criuImage)}`);
      }
      const bytes = await readAll(file.source, { limit: limits.criuImage, signal: io.signal });
      await put(imageFromJson(new TextDecoder().decode(bytes), { signal: io.signal }), options.out, io);
    });
}

function registerInfo(group: Command, io: Io, done: Done): void {
  group
    .command('info')
    .description('Magic of one CRIU image and the number of its entries')
    .argument('[image]', IMAGE)
    .action(async (what: string | undefined) => {
      await using image = await openImage(what, io);
      const faults = new Diagnostics();
      const report = noted(faults, image.name);
      const info = await imageInfo(image.source, report, { signal: io.signal });
      io.out(`${JSON.stringify(info, null, 4)}\n`);
      done(tell(faults.list, faults.dropped, io));
    });
}

function registerExplore(group: Command, io: Io, done: Done): void {
  const command = group
    .command('x')
    .description('Processes, open files, mappings or stored pages of a set, as lines')
    .argument('<checkpoint>', 'folder of CRIU images, archive, oci:LAYOUT[:TAG] or image reference')
    .addArgument(new Argument('<what>', 'what to list').choices(explorers));
  withPolicy(withIdentity(withDecryptionKey(command))).action(
    async (what: string, list: Explorer, options: DecryptionOptions & IdentityOptions & PolicyOptions) => {
      await using checkpoint = await openEvidence(what, io, { ...options, partial: true });
      for await (const line of exploreImages(checkpoint.images, list, { signal: io.signal })) {
        await io.write(
          `${line
            .split(/([\t\n])/)
            .map((part, i) => (i % 2 ? part : harmless(part)))
            .join('')}\n`,
        );
      }
      done(tell(checkpoint.diagnostics(), 0, io));
    },
  );
}

async function decode(what: string | undefined, out: string | undefined, options: CritOptions, io: Io, done: Done) {
  await using image = await openImage(what, io);
  const faults = new Diagnostics();
  const json = imageToJson(image.source, noted(faults, image.name), { ...options, signal: io.signal });
  await put(json, out, io, out === undefined ? '\n' : '');
  done(tell(faults.list, faults.dropped, io));
}

/** Pieces to a file, whole or not at all, or to standard output. */
async function put(
  pieces: AsyncIterable<string | Uint8Array>,
  out: string | undefined,
  io: Io,
  end = '',
): Promise<void> {
  if (out === undefined) {
    for await (const piece of pieces) await io.write(piece);
    if (end !== '') await io.write(end);
    return;
  }
  await writeAtomically(out, async (file) => {
    for await (const piece of pieces) await file.write(typeof piece === 'string' ? Buffer.from(piece) : piece);
  });
}

function noted(faults: Diagnostics, source: string): Report {
  return (fault) => faults.add({ ...fault, source });
}

/** Says what could not be read; the exit code that this gives. `dropped`: how many more faults there were. */
function tell(faults: readonly Diagnostic[], dropped: number, io: Io): number {
  for (const { source, offset, message } of faults) {
    io.err(`${harmless(source)}${offset === undefined ? '' : ` at byte ${offset}`}: ${harmless(message)}\n`);
  }
  if (dropped > 0) io.err(`and ${dropped} more\n`);
  return faults.some(({ severity }) => severity === 'error') ? exitCodes.partial : exitCodes.ok;
}
