/** `stillframe image rm`: images out of a layout or a registry. */
import { bytesText } from '@stillframe/core';
import type { Command } from 'commander';
import { outputOption } from './commands/command.ts';
import { renderJson } from './display/json.ts';
import { IMAGE_HELP } from './image-help.ts';
import type { Io } from './io.ts';
import { openLocation, parseLocation } from './open-location.ts';
import { cliError } from './usage.ts';

export function registerRemove(group: Command, io: Io): void {
  group
    .command('rm')
    .description(
      'Remove images. In a layout the content goes with them that no other image there has; a registry collects it by its ' +
        'own rules, and most remove by digest only (NAME@sha256:…), with all tags of that manifest',
    )
    .argument('<image...>', `${IMAGE_HELP}; tag or digest must be given`)
    .addOption(outputOption('table', 'json'))
    .action(async (images: string[], { output }: { output: string }) => {
      // All are looked at before the first is removed: a mistyped one leaves the others in peace.
      for (const image of images) demandNamed(image);
      const removed: { reference: string; blobs: number | null; bytes: number | null }[] = [];
      for (const reference of images) {
        await using place = await openLocation(reference, io);
        const { blobs = null, bytes = null } = (await place.store.remove(place.tag, { signal: io.signal })) ?? {};
        removed.push({ reference, blobs, bytes });
        if (output === 'json') continue;
        io.out(
          `${reference}\nremoved   ${bytes === null ? 'its content is the registry’s to collect' : bytesText(bytes)}\n`,
        );
      }
      if (output === 'json') io.out(renderJson('RemovedImageList', 1, { removed }));
    });
}

/** Throws ERR_USAGE_ARGUMENT where `latest` would be guessed. */
function demandNamed(image: string): void {
  const location = parseLocation(image);
  const { tag, digest } = location.kind === 'layout' ? { tag: location.tag, digest: undefined } : location.reference;
  if (tag !== undefined || digest !== undefined) return;
  throw cliError('ERR_USAGE_ARGUMENT', `${JSON.stringify(image)} names no tag and no digest`);
}
