/** `stillframe image`: checkpoints as OCI images, in a layout or a registry. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type CheckpointImage, extractArchive, findCheckpointImage } from '@stillframe/checkpoint';
import { bytesText, harmless } from '@stillframe/core';
import { IMAGE_NAME_ANNOTATION } from '@stillframe/cri/client';
import { copyImage } from '@stillframe/oci';
import type { Command } from 'commander';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import { exitCodes } from '../exit.ts';
import { registerAppend } from '../image-append.ts';
import { registerBuild } from '../image-build.ts';
import { registerList } from '../image-list.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { openLocation, parseLocation } from '../open-location.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

/** Milliseconds: the node hashes, copies and unpacks the whole image. */
const LOAD_TIMEOUT = 3600_000;

/** How an image is named, for `--help`. */
export const IMAGE_HELP = 'oci:LAYOUT[:TAG], or a reference with its registry';

type Done = (code: number) => void;

export const image: RegisterCommand = (program, io, done) => {
  const group = program
    .command('image')
    .description('Checkpoints as OCI images: build, append, list, push, pull, inspect, extract; ordinary ones: load');
  registerBuild(group, io, done);
  registerAppend(group, io, done);
  registerList(group, io, done);
  registerCopy(group, io, 'push', 'Copy a checkpoint image from a layout to a registry');
  registerCopy(group, io, 'pull', 'Copy a checkpoint image from a registry to a layout');
  registerInspect(group, io, done);
  registerExtract(group, io, done);
  registerLoad(group, io);
};

function registerCopy(group: Command, io: Io, name: 'push' | 'pull', description: string): void {
  group
    .command(name)
    .description(description)
    .argument('<from>', IMAGE_HELP)
    .argument('<to>', IMAGE_HELP)
    .addOption(outputOption('table', 'json'))
    .action(async (from: string, to: string, { output }: { output: string }) => {
      parseLocation(to);
      await using source = await openLocation(from, io);
      const descriptor = await source.store.resolve(source.tag, { signal: io.signal });
      await using target = await openLocation(to, io, { create: true });
      const found = await findCheckpointImage(source.store, source.tag, { signal: io.signal });
      const total = found?.layers.reduce((sum, layer) => sum + layer.size, 0) ?? 0;
      using progress = showProgress(io, name);
      const done = new Map<string, number>();
      await copyImage(source.store, target.store, descriptor, {
        tag: target.tag,
        signal: io.signal,
        onProgress: ({ descriptor: part, bytes }) => {
          done.set(part.digest, bytes);
          progress.update(
            [...done.values()].reduce((sum, n) => sum + n, 0),
            total,
          );
        },
      });
      if (output === 'json') io.out(renderJson('CopiedImage', 1, { from, to, digest: descriptor.digest }));
      else io.out(`${to}\nmanifest  ${descriptor.digest}\n`);
    });
}

/** What the image says was recorded at the capture, beside what its layer is; nothing where it says nothing. */
function recordedIn(image: CheckpointImage | undefined) {
  const digest = image?.facts.recordedDigest;
  if (!image || digest === undefined) return undefined;
  const name = image.facts.recordedName;
  const isLayer = (image.chain ?? (image.layers.length === 1 ? image.layers[0] : undefined))?.digest === digest;
  return { digest, ...(name === undefined ? {} : { name }), isLayer };
}

function registerInspect(group: Command, io: Io, done: Done): void {
  group
    .command('inspect')
    .description('What a checkpoint image says of itself; exit code 4 where its layer is not what was recorded')
    .argument('<image>', IMAGE_HELP)
    .action(async (what: string) => {
      await using place = await openLocation(what, io);
      const found = await findCheckpointImage(place.store, place.tag, { signal: io.signal });
      const recorded = recordedIn(found);
      io.out(
        renderJson('CheckpointImage', 1, { reference: what, checkpoint: found !== undefined, ...found, recorded }),
      );
      done(recorded?.isLayer === false ? exitCodes.partial : exitCodes.ok);
    });
}

function registerExtract(group: Command, io: Io, done: Done): void {
  group
    .command('extract')
    .description(
      'The archive out of a checkpoint image, byte for byte; exit code 4 where it is not what was recorded at the capture',
    )
    .argument('<image>', IMAGE_HELP)
    .argument('<archive>', 'file to write; must not exist')
    .action(async (what: string, archive: string) => {
      await using place = await openLocation(what, io);
      const descriptor = await place.store.resolve(place.tag, { signal: io.signal });
      const recorded = recordedIn(await findCheckpointImage(place.store, place.tag, { signal: io.signal }));
      const { digest } = await extractArchive(place.store, descriptor, archive, { signal: io.signal, replace: false });
      const told = recorded
        ? `${harmless(recorded.digest)}${recorded.isLayer ? ', the same' : ', ANOTHER'}`
        : 'nothing';
      const rows = [
        ['size', bytesText((await stat(archive)).size)],
        ['sha256', digest.replace('sha256:', '')],
        ['recorded', told],
      ];
      io.out(`${archive}\n${rows.map(([name = '', value]) => `${name.padEnd(10)}${value}\n`).join('')}`);
      done(recorded?.isLayer === false ? exitCodes.partial : exitCodes.ok);
    });
}

/** The one of these commands that speaks to the node. */
function registerLoad(group: Command, io: Io): void {
  withCri(group.command('load'))
    .description('Give the node an image of this machine: an image layout, or what `docker save` wrote')
    .argument('<path>', 'folder of an image layout, or docker archive')
    .option('--tag <tag>', 'which image of the layout')
    .option('--name <reference>', 'name that the image gets on the node')
    .addOption(outputOption('table', 'json'))
    .action(async (path: string, options: CriPlace & { tag?: string; name?: string; output: string }) => {
      const { tag, name, output } = options;
      // Looked at before the node is asked: a path that is wrong is wrong without one, too.
      const whole = resolve(path);
      const folder = (await stat(whole)).isDirectory();
      const reference = folder ? `oci:${whole}${tag === undefined ? '' : `:${tag}`}` : `docker-archive:${whole}`;
      const annotations: Record<string, string> = name === undefined ? {} : { [IMAGE_NAME_ANNOTATION]: name };
      await using client = await connectCri(options, io.signal);
      const call = { timeoutMs: LOAD_TIMEOUT, signal: io.signal };
      const { imageRef } = await client.image.pullImage({ image: { image: reference, annotations } }, call);
      const { image: loaded } = await client.image.imageStatus({ image: { image: imageRef } });
      const names = loaded?.repoTags ?? [];
      if (output === 'json') io.out(renderJson('LoadedImage', 1, { id: imageRef, names }));
      else io.out(`${imageRef}\n${names.map((each) => `${each}\n`).join('')}`);
    });
}
