/** `stillframe image`: checkpoints as OCI images, in a layout or a registry. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type CheckpointFacts,
  convertArchive,
  extractArchive,
  findCheckpointImage,
  openCheckpoint,
} from '@stillframe/checkpoint';
import { bytesText } from '@stillframe/core';
import { IMAGE_NAME_ANNOTATION } from '@stillframe/cri/client';
import { copyImage } from '@stillframe/oci';
import type { Command } from 'commander';
import { readRecordedCapture } from '../capture-facts.ts';
import { renderJson } from '../display/json.ts';
import { showProgress } from '../display/progress.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { openLocation } from '../open-location.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

/** Milliseconds: the node hashes, copies and unpacks the whole image. */
const LOAD_TIMEOUT = 3600_000;

export const image: RegisterCommand = (program, io) => {
  const group = program
    .command('image')
    .description('Checkpoints as OCI images: build, push, pull, inspect; ordinary ones: load');
  registerBuild(group, io);
  registerCopy(group, io, 'push', 'Copy a checkpoint image from a layout to a registry');
  registerCopy(group, io, 'pull', 'Copy a checkpoint image from a registry to a layout');
  registerInspect(group, io);
  registerExtract(group, io);
  registerLoad(group, io);
};

function registerBuild(group: Command, io: Io): void {
  group
    .command('build')
    .description('Make a checkpoint image of an archive; in a layout its layer is the archive itself, not a copy')
    .argument('<archive>', 'checkpoint archive')
    .argument('<target>', 'oci:LAYOUT[:TAG], or a registry reference')
    .addOption(outputOption('table', 'json'))
    .action(async (archive: string, target: string, { output }: { output: string }) => {
      await using checkpoint = await openCheckpoint(archive, { signal: io.signal });
      await using place = await openLocation(target, io, { create: true });
      const digest = (await readRecordedCapture(archive))?.digest;
      const built = await convertArchive(checkpoint, place.store, {
        tag: place.tag,
        signal: io.signal,
        // Evidence beside the archive could be stale or forged: a registry verifies what it gets, a layout is told only
        // what we hash ourselves.
        ...(digest !== undefined && place.kind === 'registry' ? { knownDigest: digest } : {}),
      });
      const body = {
        reference: target,
        manifest: built.target,
        layer: built.layer,
        way: built.way,
        facts: built.facts,
      };
      if (output === 'json') io.out(renderJson('CheckpointImage', 1, body));
      else
        io.out(
          `${target}\nmanifest  ${built.target.digest}\nlayer     ${built.layer.digest}  ${bytesText(built.layer.size)}, ${built.way}\n`,
        );
    });
}

function registerCopy(group: Command, io: Io, name: 'push' | 'pull', description: string): void {
  group
    .command(name)
    .description(description)
    .argument('<from>', 'oci:LAYOUT[:TAG] or a registry reference')
    .argument('<to>', 'oci:LAYOUT[:TAG] or a registry reference')
    .addOption(outputOption('table', 'json'))
    .action(async (from: string, to: string, { output }: { output: string }) => {
      await using source = await openLocation(from, io);
      await using target = await openLocation(to, io, { create: true });
      const descriptor = await source.store.resolve(source.tag, { signal: io.signal });
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

function registerInspect(group: Command, io: Io): void {
  group
    .command('inspect')
    .description('What a checkpoint image says of itself')
    .argument('<image>', 'oci:LAYOUT[:TAG] or a registry reference')
    .action(async (what: string) => {
      await using place = await openLocation(what, io);
      const found = await findCheckpointImage(place.store, place.tag, { signal: io.signal });
      const facts: CheckpointFacts | undefined = found?.facts;
      io.out(renderJson('CheckpointImage', 1, { reference: what, checkpoint: found !== undefined, ...found, facts }));
    });
}

function registerExtract(group: Command, io: Io): void {
  group
    .command('extract')
    .description('The archive out of a checkpoint image, byte for byte')
    .argument('<image>', 'oci:LAYOUT[:TAG] or a registry reference')
    .argument('<archive>', 'file to write; must not exist')
    .action(async (what: string, archive: string) => {
      await using place = await openLocation(what, io);
      const descriptor = await place.store.resolve(place.tag, { signal: io.signal });
      await extractArchive(place.store, descriptor, archive, { signal: io.signal, replace: false });
      io.out(`${archive}\nsize  ${bytesText((await stat(archive)).size)}\n`);
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
