/** `stillframe image build`: archives become a checkpoint image, once they are seen to be what was captured. */
import { stat } from 'node:fs/promises';
import { bytesText, harmless } from '@stillframe/core';
import { isEncryptedType } from '@stillframe/oci';
import type { Command } from 'commander';
import { droppedText, forOption, withSmaller } from '../archive-for.ts';
import { outputOption } from '../commands/command.ts';
import { collect } from '../commands/run.ts';
import { renderFacts } from '../display/facts.ts';
import { renderJson } from '../display/json.ts';
import { evidenceCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { withEncryptionKey } from '../key-options.ts';
import { parseLocation } from '../open-location.ts';
import { withRegistry } from '../registries/flags.ts';
import { cliError } from '../usage.ts';
import { type BuildOptions, buildImages, evidenceText, type ImageBody } from './make.ts';
import { archivesOf, type PreparedArchive } from './members.ts';
import { signedLine, withSigning } from './sign.ts';

interface CommandOptions extends BuildOptions {
  tag: string[];
  output: string;
}

/** Exit code 4 where the image was made of an archive with faults. */
export function registerBuild(group: Command, io: Io, done: (code: number) => void): void {
  const command = withSmaller(group.command('build'))
    .usage('[options] ARCHIVE... [TARGET]')
    .description(
      'Make a checkpoint image of an archive, or one of all containers of a pod; in a layout its layer is the archive ' +
        'itself, not a copy. Evidence beside an archive is held against it first, and its digest goes into the image',
    )
    .argument(
      '<archive...>',
      'checkpoint archives; the folder of a pod’s checkpoint stands for all in it; then the target',
    )
    .option(
      '-t, --tag <image>',
      'what to call it: oci:LAYOUT[:TAG], or a reference with its registry; repeat',
      collect,
      [],
    )
    .addOption(
      forOption('lay the archive out for the engine that shall restore it; without it its own bytes are the layer'),
    )
    .option('--index', 'put an index with the same annotations over the manifest')
    .option('--no-verify', 'do not hold the archive against the evidence beside it')
    .option('--force', 'also of an archive without memory, processes or inventory');
  withSigning(withEncryptionKey(command))
    .addOption(outputOption('table', 'json'))
    .action(async (words: string[], options: CommandOptions) => {
      const { archives, targets } = await argumentsOf(words, options.tag);
      const bodies: ImageBody[] = [];
      const diagnostics = await buildImages({ archives, targets, options }, io, {
        built: (body, prepared) => {
          bodies.push(body);
          if (options.output !== 'json') io.out(textOf(body, prepared, options) + signedLine(body.signed));
        },
      });
      if (options.output === 'json') io.out(documentOf(bodies));
      done(evidenceCode(diagnostics));
    });
  withRegistry(command);
}

/**
 * What is an archive and what is the target: the last word is one where -t is not given, and where it is none of a file.
 * Throws ERR_USAGE_ARGUMENT, ERR_REFERENCE_INCOMPLETE, ERR_OCI_REFERENCE_INVALID.
 */
async function argumentsOf(words: string[], tags: readonly string[]) {
  const last = words.at(-1) ?? '';
  const isFile = /^[./]/.test(last) || /\.tar(\.\w+)?$/.test(last) || (await stat(last).catch(() => undefined));
  const named = words.length > 1 && !isFile ? [last] : [];
  const targets = [...named, ...tags];
  if (targets.length === 0) {
    throw cliError('ERR_USAGE_ARGUMENT', 'no target given: nothing says what the image is to be called', {
      hint: 'name it after the archive, or with -t: oci:LAYOUT:TAG, or a reference with its registry',
    });
  }
  for (const target of targets) parseLocation(target);
  const given = words.slice(0, words.length - named.length);
  return { archives: (await Promise.all(given.map(archivesOf))).flat(), targets };
}

function documentOf(bodies: readonly ImageBody[]): string {
  const images = bodies.map(({ reference, target, containers, diagnostics, signed }) => {
    const [only] = containers;
    return containers.length === 1
      ? { reference, ...only, manifest: target, diagnostics, signed }
      : { reference, index: target, containers, diagnostics, signed };
  });
  const [first] = images;
  if (images.length !== 1 || !first) return renderJson('CheckpointImageList', 1, { images });
  return renderJson('index' in first ? 'PodCheckpointImage' : 'CheckpointImage', 1, first);
}

function textOf(
  { reference, target, containers }: ImageBody,
  prepared: readonly PreparedArchive[],
  options: CommandOptions,
) {
  const pod = containers.length > 1;
  const lines = containers.flatMap(({ layer, way, facts, converted }, at) => {
    const { dropped } = prepared[at] as PreparedArchive;
    const encrypted = isEncryptedType(layer.mediaType);
    const made = [
      ...(converted ? [`laid out for ${options.for}`] : []),
      ...(options.zstd === undefined ? [] : ['zstd']),
      ...(encrypted ? ['encrypted'] : []),
    ];
    return [
      ...(pod ? [['container', harmless(facts.containerName)]] : []),
      ['layer', [`${layer.digest}  ${bytesText(layer.size)}`, way, ...made].join(', ')],
      ...(dropped ? [['zeroes', droppedText(dropped)]] : []),
      ['evidence', evidenceText(prepared[at] as PreparedArchive, options.verify, encrypted)],
    ];
  });
  const rows = [[pod ? 'index' : 'manifest', target.digest], ...lines];
  return `${reference}\n${renderFacts(rows)}`;
}
