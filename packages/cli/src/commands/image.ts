/** `stillframe image`: checkpoints as OCI images, in a layout or a registry. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IMAGE_NAME_ANNOTATION } from '@stillframe/cri/client';
import type { Command } from 'commander';
import { renderJson } from '../display/json.ts';
import { registerAppend } from '../image/append.ts';
import { registerBuild } from '../image/build.ts';
import { registerCopy } from '../image/copy.ts';
import { registerList } from '../image/list.ts';
import { registerExtract, registerInspect } from '../image/look.ts';
import { registerPins } from '../image/pin.ts';
import { registerPrune } from '../image/prune.ts';
import { registerRemove } from '../image/remove.ts';
import { registerSign } from '../image/sign.ts';
import type { Io } from '../io.ts';
import { type CriPlace, connectCri } from '../node/connect.ts';
import { outputOption, type RegisterCommand, withCri } from './command.ts';

/** Milliseconds: the node hashes, copies and unpacks the whole image. */
const LOAD_TIMEOUT = 3600_000;

export const image: RegisterCommand = (program, io, done) => {
  const group = program
    .command('image')
    .description(
      'Checkpoints as OCI images (docs/images.md), what stays of them (docs/retention.md); ordinary ones: load',
    );
  registerBuild(group, io, done);
  registerAppend(group, io, done);
  registerList(group, io, done);
  registerCopy(group, io, 'push', 'Copy a checkpoint image from a layout to a registry');
  registerCopy(group, io, 'pull', 'Copy a checkpoint image from a registry to a layout');
  registerCopy(group, io, 'copy', 'Copy an image from anywhere to anywhere; within a registry its blobs are not sent');
  registerInspect(group, io, done);
  registerExtract(group, io, done);
  registerSign(group, io);
  registerRemove(group, io, done);
  registerPins(group, io);
  registerPrune(group, io, done);
  registerLoad(group, io);
};

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
